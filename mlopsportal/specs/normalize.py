"""One form for what Azure ML writes in many: what executes, without noise; knows no mirror and no live workspace.

What counts as noise was read off recorded requests and answers: Azure adds nulls, empty mappings, read-only
fields and its defaults, turns booleans and numbers of a component into text ("True", "1"), and writes references
as ARM ids, registry ids or short forms. None of that may make two objects differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.ref import parse_azure_reference, ref_of_arm_id

MAIN = "main"
"""The node name of the one-node form in which a registered pipeline version is run and scheduled."""

_READ_ONLY = frozenset(
    {
        "id",
        "type",
        "systemData",
        "provisioningState",
        "provisioningStatus",
        "etag",
        "status",
        "services",
        "creationContext",
        "creation_context",
        "_source",
        "client_component_hash",
        "sourceJobId",
        "nextVersion",
        "latestVersion",
        "stage",
    }
)
_SPEC_NOISE = frozenset(
    {"_source", "$schema", "creation_context", "id", "client_component_hash", "sourceJobId", "schema"}
)
_DISPLAY = frozenset(
    {"name", "version", "display_name", "displayName", "description", "tags", "properties", "_source", "$schema", "id"}
)
_NODE_NOISE = frozenset({"name", "_source", "display_name", "description", "tags", "properties", "$schema"})

_MODES = {
    "readonlymount": "ro_mount",
    "readwritemount": "rw_mount",
    "download": "download",
    "upload": "upload",
    "direct": "direct",
    "evalmount": "eval_mount",
    "evaldownload": "eval_download",
}
_INPUT_DEFAULT_MODE, _OUTPUT_DEFAULT_MODE = "ro_mount", "rw_mount"
_KIND_OF_KEY = {
    "component": "component",
    "componentId": "component",
    "environment": "environment",
    "environmentId": "environment",
    "compute": "compute",
    "computeId": "compute",
    "default_compute": "compute",
    "defaultCompute": "compute",
    "default_datastore": "datastore",
    "defaultDatastore": "datastore",
    "code": "code",
    "codeId": "code",
    "uri": "data",
    "path": "data",
    "model": "model",
}
_NAME_OF_KEY = {
    "componentId": "component",
    "computeId": "compute",
    "environmentId": "environment",
    "codeId": "code",
    "jobInputType": "type",
    "job_input_type": "type",
    "jobOutputType": "type",
    "job_output_type": "type",
    "path": "uri",
    "displayName": "display_name",
}
_CURATED = re.compile(r"environment:(AzureML-.+)")


def normalized(kind: str, arm_json: Mapping[str, Any]) -> dict[str, Any]:
    """Return a live object, or the body that made it, without noise: the two compare equal.

    `kind` is a `Ref` kind. Texts (description, tags) count; system data, read-only fields, nulls, empty
    values, Azure's defaults and the way a reference is written do not.
    """
    properties = dict(arm_json.get("properties") or {})
    spec = properties.pop("componentSpec", None)
    cleaned = _object(properties, kind)
    if isinstance(spec, Mapping):
        cleaned["componentSpec"] = _component_spec(spec, keep_texts=True)
        for key in ("description", "tags"):  # Azure keeps them in one of two places
            kept = cleaned.pop(key, None)
            if kept is not None:
                cleaned["componentSpec"].setdefault(key, kept)
    return cleaned


def _object(properties: Mapping[str, Any], kind: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, value in properties.items():
        if key in _READ_ONLY and not (kind == "run" and key == "sourceJobId"):
            continue
        if key == "properties" and isinstance(value, Mapping):
            value = {name: text for name, text in value.items() if name not in _READ_ONLY}
        if key in ("inputs", "outputs", "jobs", "action"):
            value = _job_part(key, value)
        elif key == "trigger":
            value = _trigger(value)
        elif key in ("tags", "properties"):
            value = dict(value or {})
        else:
            value = _clean(value, key)
        if not _is_empty(value) and not _is_default(key, value):
            shown[key] = value
    return shown


def _job_part(key: str, value: Any) -> Any:
    if key == "jobs":
        return _nodes(value, keep_texts=True)
    if key == "action" and isinstance(value, Mapping):
        action = {name: _clean(item, name) for name, item in value.items() if name != "jobDefinition"}
        if isinstance(value.get("jobDefinition"), Mapping):
            action["jobDefinition"] = _object(value["jobDefinition"], "job")
        return action
    return _bindings(value, _INPUT_DEFAULT_MODE if key == "inputs" else _OUTPUT_DEFAULT_MODE)


def _is_empty(value: Any) -> bool:
    return value is None or value == {} or value == [] or value == ""


def _is_default(key: str, value: Any) -> bool:
    if key in ("isArchived", "isAnonymous", "continue_on_step_failure", "optional"):
        return value in (False, "false")
    if key == "resources" and isinstance(value, Mapping):
        return all(_RESOURCE_DEFAULTS.get(name) == item for name, item in value.items())
    return (key, value) in (("is_deterministic", "true"), ("isEnabled", True))


_RESOURCE_DEFAULTS = {"instance_count": "1", "instanceCount": "1", "shmSize": "2g", "shm_size": "2g"}


def _text_of(value: Any) -> Any:
    """Return a scalar as the text Azure keeps: `True`, `"True"` and `"true"` are one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return {"True": "true", "False": "false"}.get(value, value)


def _clean(value: Any, key: str = "") -> Any:
    """Return a plain value without nulls and empty parts, scalars as text, references in one form."""
    if isinstance(value, Mapping):
        cleaned = {
            str(_NAME_OF_KEY.get(name, name)): _clean(item, name)
            for name, item in value.items()
            if name not in _SPEC_NOISE
        }
        return {name: item for name, item in cleaned.items() if not _is_empty(item) and not _is_default(name, item)}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    text = _text_of(value)
    return reference_text(text, _KIND_OF_KEY[key]) if key in _KIND_OF_KEY and isinstance(text, str) else text


def reference_text(text: str, kind: str) -> str:
    """Return one text for a reference however it is written; any other text comes back as it is.

    `component:train:3` for this workspace, `component:train@latest` for a label,
    `azureml://registries/R/component:train:3` for a registry. Curated environments (`AzureML-...`) live in
    the registry `azureml`, and Azure answers with that form.
    """
    found = parse_azure_reference(text, kind) if text[:1] in "/a" or kind in ("compute", "datastore") else None
    if found is None:
        return text
    which = f"@{found.label}" if found.label else f":{found.version}" if found.version else ""
    body = f"{found.kind}:{found.name}{which}"
    registry = found.registry or ("azureml" if _CURATED.fullmatch(body) else None)
    return f"azureml://registries/{registry}/{body}" if registry else body


def _component_spec(spec: Mapping[str, Any], *, keep_texts: bool) -> dict[str, Any]:
    dropped = _SPEC_NOISE if keep_texts else _DISPLAY
    shown: dict[str, Any] = {}
    for key, value in spec.items():
        if key in dropped:
            continue
        if key == "jobs":
            value = _nodes(value, keep_texts=keep_texts)
        elif key in ("inputs", "outputs"):
            value = _ports(value, keep_texts=keep_texts)
        elif key == "tags":
            value = dict(value or {})
        else:
            value = _clean(value, key)
        if not _is_empty(value) and not _is_default(key, value):
            shown[key] = value
    shown.setdefault("type", "pipeline" if "jobs" in shown else "command")
    return shown


def _ports(ports: Any, *, keep_texts: bool) -> dict[str, Any]:
    if not isinstance(ports, Mapping):
        return {}
    shown = {}
    for name, port in ports.items():
        declared = _clean(port) if isinstance(port, Mapping) else {"type": "literal", "default": _text_of(port)}
        if not keep_texts:
            declared.pop("description", None)
        if "mode" in declared:
            declared["mode"] = _mode(declared["mode"])
        shown[name] = declared
    return shown


def _mode(mode: Any) -> Any:
    return _MODES.get(mode.lower(), mode) if isinstance(mode, str) else mode


def _nodes(jobs: Any, *, keep_texts: bool) -> dict[str, Any]:
    if not isinstance(jobs, Mapping):
        return {}
    return {name: _node(node, keep_texts=keep_texts) for name, node in jobs.items() if isinstance(node, Mapping)}


def _node(node: Mapping[str, Any], *, keep_texts: bool) -> dict[str, Any]:
    dropped = frozenset({"name", "_source", "$schema"}) if keep_texts else _NODE_NOISE
    shown: dict[str, Any] = {}
    for key, value in node.items():
        if key in dropped:
            continue
        if key == "inputs":
            value = _bindings(value, _INPUT_DEFAULT_MODE)
        elif key == "outputs":
            value = _bindings(value, _OUTPUT_DEFAULT_MODE)
        elif key == "component" and isinstance(value, Mapping):
            value = _component_spec(value, keep_texts=False)
        elif key == "tags":
            value = dict(value or {})
        else:
            value = _clean(value, key)
        if not _is_empty(value) and not _is_default(key, value):
            shown[_NAME_OF_KEY.get(key, key)] = value
    shown.setdefault("type", "command")
    return shown


def _bindings(values: Any, default_mode: str) -> dict[str, Any]:
    """Return the inputs or outputs of a node or job, each a text (literal, binding) or {uri, type, mode}.

    An output that only has the default mode says nothing and is left out.
    """
    if not isinstance(values, Mapping):
        return {}
    shown = {name: _binding(value, default_mode) for name, value in values.items()}
    return {name: value for name, value in shown.items() if not _is_empty(value)}


def _binding(value: Any, default_mode: str) -> Any:
    if not isinstance(value, Mapping):
        return _text_of(value)
    cleaned: dict[str, Any] = _clean(value)
    cleaned.pop("description", None)
    if "value" in cleaned and cleaned.get("type", "literal") == "literal":
        return cleaned["value"]
    if "mode" in cleaned:
        cleaned["mode"] = _mode(cleaned["mode"])
    if cleaned.get("mode") == default_mode:
        del cleaned["mode"]
    uri = cleaned.get("uri")
    if isinstance(uri, str) and uri.startswith("${{") and "mode" not in cleaned:
        return uri
    if default_mode == _OUTPUT_DEFAULT_MODE and cleaned.keys() <= {"type"}:
        return {}  # the type comes from the component
    return cleaned


def _trigger(trigger: Any) -> dict[str, Any]:
    """Return a trigger in ARM's words, empty parts gone, the zone's case and the date's T aside."""
    if not isinstance(trigger, Mapping):
        return {}
    shown = {key: _trigger_part(key, value) for key, value in trigger.items()}
    return {key: value for key, value in shown.items() if not _is_empty(value)}


def _trigger_part(key: str, value: Any) -> Any:
    if key == "schedule" and isinstance(value, Mapping):
        parts = {name: [_lower(item) for item in _as_list(items)] for name, items in value.items()}
        return {name: sorted(items, key=str) for name, items in parts.items() if items}
    if key in ("startTime", "endTime") and isinstance(value, str):
        return value.replace("T", " ")
    if key == "timeZone" and isinstance(value, str) and value.upper() == "UTC":
        return "UTC"
    if key in ("frequency", "triggerType"):
        return _lower(value)
    return value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def definition_of_version(
    arm_json: Mapping[str, Any], *, anonymous: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return what a version is, without names, texts and noise; the input of `definition_digest`.

    For components: type, command, environment, code, inputs, outputs, nodes ("jobs"). For other assets: type,
    place and content. `anonymous` maps "component:azureml_anonymous:<id>" to its ARM JSON, to be put inline.
    """
    properties = arm_json.get("properties") or {}
    spec = properties.get("componentSpec")
    if isinstance(spec, Mapping):
        return _inlined(_component_spec(spec, keep_texts=False), anonymous or {})
    dropped = _READ_ONLY | _DISPLAY | {"isArchived", "isAnonymous"}
    return {key: item for key, item in _clean(properties).items() if key not in dropped}


def definition_of_value(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of a component or pipeline written as YAML: equal to that of the version it makes."""
    return _component_spec(value, keep_texts=False)


def _inlined(definition: dict[str, Any], anonymous: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    for node in definition.get("jobs", {}).values():
        found = anonymous.get(node.get("component")) if isinstance(node.get("component"), str) else None
        if found is not None:
            node["component"] = definition_of_version(found, anonymous=anonymous)
    return definition


def definition_of_run(
    arm_json: Mapping[str, Any], *, anonymous: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return what a run executes; input values, compute settings and names are not part of it.

    A run in the one-node form comes back as {"type": "pipeline", "component": "component:name:version"}.
    """
    properties = arm_json.get("properties") or {}
    main = unwrap_main(properties.get("jobs"))
    if main is not None:
        return {"type": "pipeline", "component": component_text(main)}
    if isinstance(properties.get("jobs"), Mapping):
        definition: dict[str, Any] = {"type": "pipeline", "jobs": _nodes(properties["jobs"], keep_texts=False)}
        for key in ("inputs", "outputs"):
            names = sorted(properties.get(key) or {})
            if names:
                definition[key] = {name: {} for name in names}
        return _inlined(definition, anonymous or {})
    kept = ("command", "code", "codeId", "environment", "environmentId", "distribution", "resources", "componentId")
    executed = _clean({key: properties.get(key) for key in kept})
    return {"type": str(properties.get("jobType", "command")).lower(), **executed}


def executed_part(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a pipeline's definition that a run with an inline graph shows.

    A run holds values where a version declares types, defaults and bounds: both are reduced to names, so that
    the digests of the reduced forms tell whether a run executed a registered version.
    """
    reduced = {"type": definition.get("type"), "jobs": definition.get("jobs", {})}
    for key in ("inputs", "outputs"):
        reduced[key] = sorted(definition.get(key) or {})
    return reduced


def definition_of_schedule(
    arm_json: Mapping[str, Any], *, anonymous: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return what a schedule does: {"trigger", "enabled", "job": a run's definition, "inputs", "settings"}."""
    properties = arm_json.get("properties") or {}
    action = properties.get("action") or {}
    job = action.get("jobDefinition") or {}
    definition: dict[str, Any] = {
        "trigger": _trigger(properties.get("trigger")),
        "enabled": properties.get("isEnabled") is not False,
        "action": action.get("actionType", "CreateJob"),
        "job": definition_of_run({"properties": job}, anonymous=anonymous),
        "inputs": _bindings(job.get("inputs"), _INPUT_DEFAULT_MODE),
        "outputs": _bindings(job.get("outputs"), _OUTPUT_DEFAULT_MODE),
        "settings": _clean(job.get("settings") or {}),
    }
    source = job.get("sourceJobId")
    if isinstance(source, str):
        definition["job"] = {"source": reference_text(source, "run")}
    return {key: value for key, value in definition.items() if not _is_empty(value)}


def unwrap_main(jobs: Any) -> dict[str, Any] | None:
    """Return the node `main` of the one-node form, in which registered pipeline versions run; None otherwise.

    Accepts `jobs` of a YAML value, of a run or of a schedule's job.
    """
    if not isinstance(jobs, Mapping) or set(jobs) != {MAIN} or not isinstance(jobs[MAIN], Mapping):
        return None
    node = dict(jobs[MAIN])
    if node.get("type") != "pipeline" or not component_text(node).startswith(("component:", "azureml://")):
        return None
    return node


def component_text(node: Mapping[str, Any]) -> str:
    """Return the component a node names, in the one form of `reference_text`; "" when it is inline or missing."""
    written = node.get("componentId", node.get("component"))
    return reference_text(written, "component") if isinstance(written, str) else ""


def short_form(arm_id: str) -> str:
    """Return `azureml:name:version` for an ARM id of an asset; any other text comes back as it is."""
    ref = ref_of_arm_id(arm_id)
    if ref is None:
        return arm_id
    return f"azureml:{ref.name}:{ref.version}" if ref.version else f"azureml:{ref.name}"
