"""One form for what Azure ML writes in many: whole objects and what executes; knows no mirror and no workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.noise import (
    DISPLAY,
    INPUT_DEFAULT_MODE,
    OUTPUT_DEFAULT_MODE,
    READ_ONLY,
    cleaned,
    cleaned_bindings,
    cleaned_nodes,
    cleaned_spec,
    cleaned_trigger,
    component_text,
    is_default,
    is_empty,
    kept_properties,
    mapping,
    reference_text,
)
from mlopsportal.specs.parse import parse
from mlopsportal.specs.ref import ref_of_arm_id

__all__ = [
    "MAIN",
    "component_text",
    "definition_of_run",
    "definition_of_schedule",
    "definition_of_value",
    "definition_of_version",
    "executed_part",
    "normalized",
    "reference_text",
    "short_form",
    "unwrap_main",
]

MAIN = "main"
"""The node name of the one-node form in which a registered pipeline version is run and scheduled."""


def normalized(kind: str, arm_json: Mapping[str, Any]) -> dict[str, Any]:
    """Return a live object, or the body that made it, without noise: the two compare equal.

    `kind` is a `Ref` kind. Texts (description, tags) count; system data, read-only fields, nulls, empty
    values, Azure's defaults and the way a reference is written do not.
    """
    properties = dict(mapping(arm_json.get("properties")))
    spec = properties.pop("componentSpec", None)
    plain = _object(properties, kind)
    if isinstance(spec, Mapping):
        plain["componentSpec"] = cleaned_spec(spec, keep_texts=True)
        for key in ("name", "version"):  # said by the object's id; Azure adds or replaces them here
            plain["componentSpec"].pop(key, None)
        for key in ("description", "tags"):  # Azure keeps them in one of two places
            kept = plain.pop(key, None)
            if kept is not None:
                plain["componentSpec"].setdefault(key, kept)
    return plain


def _object(properties: Mapping[str, Any], kind: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, value in properties.items():
        if key in READ_ONLY and not (kind == "run" and key == "sourceJobId"):
            continue
        if key in ("inputs", "outputs", "jobs", "action"):
            value = _job_part(key, value)
        elif key == "trigger":
            value = cleaned_trigger(value)
        elif key in ("tags", "properties"):
            value = kept_properties(value)
        elif key == "condaFile" and isinstance(value, str):
            value = parse(value).value or value  # Azure keeps what it says, not how it is laid out
        else:
            value = cleaned(value, key)
        if not is_empty(value) and not is_default(key, value):
            shown[key] = value
    return shown


def _job_part(key: str, value: Any) -> Any:
    if key == "jobs":
        return cleaned_nodes(value, keep_texts=True)
    if key == "action" and isinstance(value, Mapping):
        action = {name: cleaned(item, name) for name, item in value.items() if name != "jobDefinition"}
        if isinstance(value.get("jobDefinition"), Mapping):
            action["jobDefinition"] = _object(value["jobDefinition"], "job")
        return action
    if key == "outputs" and isinstance(value, Mapping):  # every run gets one called "default", for its logs
        value = {name: item for name, item in value.items() if not _is_run_folder(name, item)}
    return cleaned_bindings(value, INPUT_DEFAULT_MODE if key == "inputs" else OUTPUT_DEFAULT_MODE)


def _is_run_folder(name: str, output: Any) -> bool:
    return name == "default" and isinstance(output, Mapping) and "/ExperimentRun/" in str(output.get("uri"))


def definition_of_version(
    arm_json: Mapping[str, Any], *, anonymous: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return what a version is, without names, texts and noise; the input of `definition_digest`.

    For components: type, command, environment, code, inputs, outputs, nodes ("jobs"). For other assets: type,
    place and content. `anonymous` maps "component:azureml_anonymous:<id>" to its ARM JSON, to be put inline.
    """
    properties = mapping(arm_json.get("properties"))
    spec = properties.get("componentSpec")
    if isinstance(spec, Mapping):
        return _inlined(cleaned_spec(spec, keep_texts=False), anonymous or {})
    dropped = READ_ONLY | DISPLAY | {"isArchived", "isAnonymous"}
    return {key: item for key, item in cleaned(properties).items() if key not in dropped}


def definition_of_value(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of a component or pipeline written as YAML: equal to that of the version it makes."""
    return cleaned_spec(value, keep_texts=False)


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
    properties = mapping(arm_json.get("properties"))
    main = unwrap_main(properties.get("jobs"))
    if main is not None:
        return {"type": "pipeline", "component": component_text(main)}
    if isinstance(properties.get("jobs"), Mapping):
        definition: dict[str, Any] = {"type": "pipeline", "jobs": cleaned_nodes(properties["jobs"], keep_texts=False)}
        for key in ("inputs", "outputs"):
            names = sorted(mapping(properties.get(key)))
            if names:
                definition[key] = {name: {} for name in names}
        return _inlined(definition, anonymous or {})
    kept = ("command", "code", "codeId", "environment", "environmentId", "distribution", "resources", "componentId")
    executed = cleaned({key: properties.get(key) for key in kept})
    return {"type": str(properties.get("jobType", "command")).lower(), **executed}


def executed_part(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a pipeline's definition that a run with an inline graph shows.

    A run holds values where a version declares types, defaults and bounds: both are reduced to names, so that
    the digests of the reduced forms tell whether a run executed a registered version.
    """
    reduced = {"type": definition.get("type"), "jobs": definition.get("jobs", {})}
    for key in ("inputs", "outputs"):
        reduced[key] = sorted(mapping(definition.get(key)))
    return reduced


def definition_of_schedule(
    arm_json: Mapping[str, Any], *, anonymous: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return what a schedule does: {"trigger", "enabled", "job": a run's definition, "inputs", "settings"}."""
    properties = mapping(arm_json.get("properties"))
    action = mapping(properties.get("action"))
    job = mapping(action.get("jobDefinition"))
    definition: dict[str, Any] = {
        "trigger": cleaned_trigger(properties.get("trigger")),
        "enabled": properties.get("isEnabled") is not False,
        "action": action.get("actionType", "CreateJob"),
        "job": definition_of_run({"properties": job}, anonymous=anonymous),
        "inputs": cleaned_bindings(job.get("inputs"), INPUT_DEFAULT_MODE),
        "outputs": cleaned_bindings(job.get("outputs"), OUTPUT_DEFAULT_MODE),
        "settings": cleaned(mapping(job.get("settings"))),
    }
    source = job.get("sourceJobId")
    if isinstance(source, str):
        definition["job"] = {"source": reference_text(source, "run")}
    return {key: value for key, value in definition.items() if not is_empty(value)}


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


def short_form(arm_id: str) -> str:
    """Return `azureml:name:version` for an ARM id of an asset; any other text comes back as it is."""
    ref = ref_of_arm_id(arm_id)
    if ref is None:
        return arm_id
    return f"azureml:{ref.name}:{ref.version}" if ref.version else f"azureml:{ref.name}"
