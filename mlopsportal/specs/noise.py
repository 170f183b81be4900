"""The noise that Azure ML puts into what it answers, and how it is taken off; knows nothing of whole objects.

What counts as noise was read off recorded requests and answers: Azure adds nulls, empty mappings, read-only
fields and its defaults, turns booleans and numbers of a component into text ("True", "1"), and writes references
as ARM ids, registry ids or short forms. None of that may make two objects differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.ref import parse_azure_reference

READ_ONLY = frozenset(
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
DISPLAY = frozenset(
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
INPUT_DEFAULT_MODE, OUTPUT_DEFAULT_MODE = "ro_mount", "rw_mount"
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


_DEFAULTS = frozenset(
    {
        ("is_deterministic", "true"),
        ("isEnabled", "true"),
        ("experimentName", "Default"),
        ("osType", "Linux"),
        ("environmentType", "UserCreated"),
        ("autoRebuild", "Disabled"),
    }
)
_LONG_URI = re.compile(r"azureml://subscriptions/[^/]+/resourcegroups/[^/]+/workspaces/[^/]+/(?=datastores/)", re.I)
_RUN_PROPERTIES = ("azureml.", "mlflow.", "runSource", "runType", "_azureml", "_aml_")


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for anything else: Azure answers null where it means nothing."""
    return value if isinstance(value, Mapping) else {}


def kept_properties(properties: Any) -> dict[str, Any]:
    """Return the properties or tags that a person set: those Azure adds to runs and assets left out."""
    if not isinstance(properties, Mapping):
        return {}
    return {
        name: text
        for name, text in properties.items()
        if name not in READ_ONLY and not name.startswith(_RUN_PROPERTIES)
    }


def is_empty(value: Any) -> bool:
    return value is None or value == {} or value == [] or value == ""


def is_default(key: str, value: Any) -> bool:
    if key in ("isArchived", "isAnonymous", "continue_on_step_failure", "optional"):
        return value in (False, "false")
    if key == "resources" and isinstance(value, Mapping):
        return all(_RESOURCE_DEFAULTS.get(name) == item for name, item in value.items())
    return isinstance(value, str) and (key, value) in _DEFAULTS


_RESOURCE_DEFAULTS = {"instance_count": "1", "instanceCount": "1", "shmSize": "2g", "shm_size": "2g"}


def _text_of(value: Any) -> Any:
    """Return a scalar as the text Azure keeps: `True`, `"True"` and `"true"` are one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return {"True": "true", "False": "false"}.get(value, value) if isinstance(value, str) else value


def cleaned(value: Any, key: str = "") -> Any:
    """Return a plain value without nulls and empty parts, scalars as text, references in one form."""
    if isinstance(value, Mapping):
        plain = {
            str(_NAME_OF_KEY.get(name, name)): cleaned(item, name)
            for name, item in value.items()
            if name not in _SPEC_NOISE
        }
        return {name: item for name, item in plain.items() if not is_empty(item) and not is_default(name, item)}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    text = _text_of(value)
    if isinstance(text, str) and text.startswith("azureml://subscriptions/"):
        text = _LONG_URI.sub("azureml://", text)
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


def cleaned_spec(spec: Mapping[str, Any], *, keep_texts: bool) -> dict[str, Any]:
    dropped = _SPEC_NOISE if keep_texts else DISPLAY
    shown: dict[str, Any] = {}
    for key, value in spec.items():
        if key in dropped:
            continue
        if key == "jobs":
            value = cleaned_nodes(value, keep_texts=keep_texts)
        elif key in ("inputs", "outputs"):
            value = _ports(value, keep_texts=keep_texts)
        elif key == "tags":
            value = dict(mapping(value))
        elif key == "distribution" and isinstance(value, Mapping):
            value = {name: str(item).lower() if name == "type" else item for name, item in cleaned(value).items()}
        else:
            value = cleaned(value, key)
        if not is_empty(value) and not is_default(key, value):
            shown[key] = value
    shown.setdefault("type", "pipeline" if "jobs" in shown else "command")
    return shown


def _ports(ports: Any, *, keep_texts: bool) -> dict[str, Any]:
    if not isinstance(ports, Mapping):
        return {}
    shown = {}
    for name, port in ports.items():
        declared = cleaned(port) if isinstance(port, Mapping) else {"type": "literal", "default": cleaned(port)}
        if not keep_texts:
            declared.pop("description", None)
        if isinstance(declared.get("type"), str):
            declared["type"] = declared["type"].lower()
        if "mode" in declared:
            declared["mode"] = mode_word(declared["mode"])
        shown[name] = declared
    return shown


def mode_word(mode: Any) -> Any:
    """Return YAML's word for a mode (`ro_mount` for `ReadOnlyMount`); any other value as it is."""
    return _MODES.get(mode.lower(), mode) if isinstance(mode, str) else mode


def cleaned_nodes(jobs: Any, *, keep_texts: bool) -> dict[str, Any]:
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
            value = cleaned_bindings(value, INPUT_DEFAULT_MODE)
        elif key == "outputs":
            value = cleaned_bindings(value, OUTPUT_DEFAULT_MODE)
        elif key == "component" and isinstance(value, Mapping):
            value = cleaned_spec(value, keep_texts=False)
        elif key == "tags":
            value = dict(mapping(value))
        else:
            value = cleaned(value, key)
        if not is_empty(value) and not is_default(key, value):
            shown[_NAME_OF_KEY.get(key, key)] = value
    shown.setdefault("type", "command")
    return shown


def cleaned_bindings(values: Any, default_mode: str) -> dict[str, Any]:
    """Return the inputs or outputs of a node or job, each a text (literal, binding) or {uri, type, mode}.

    An output that only has the default mode says nothing and is left out.
    """
    if not isinstance(values, Mapping):
        return {}
    shown = {name: _binding(value, default_mode) for name, value in values.items()}
    return {name: value for name, value in shown.items() if not is_empty(value)}


def _binding(value: Any, default_mode: str) -> Any:
    if not isinstance(value, Mapping):
        return _text_of(value)
    plain: dict[str, Any] = cleaned(value)
    plain.pop("description", None)
    if "value" in plain and plain.get("type", "literal") == "literal":
        return plain["value"]
    if "mode" in plain:
        plain["mode"] = mode_word(plain["mode"])
    if plain.get("mode") == default_mode:
        del plain["mode"]
    uri = plain.get("uri")
    if isinstance(uri, str) and uri.startswith("${{") and "mode" not in plain:
        return uri
    if default_mode == OUTPUT_DEFAULT_MODE and plain.keys() <= {"type"}:
        return {}  # the type comes from the component
    return plain


def cleaned_trigger(trigger: Any) -> dict[str, Any]:
    """Return a trigger in ARM's words, empty parts gone, the zone's case and the date's T aside."""
    if not isinstance(trigger, Mapping):
        return {}
    shown = {key: _trigger_part(key, value) for key, value in trigger.items()}
    return {key: value for key, value in shown.items() if not is_empty(value)}


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


def component_text(node: Mapping[str, Any]) -> str:
    """Return the component a node names, in the one form of `reference_text`; "" when it is inline or missing."""
    written = node.get("componentId", node.get("component"))
    return reference_text(written, "component") if isinstance(written, str) else ""
