"""What Azure ML refuses: references to things that are not there, and changed content of an existing version."""

from __future__ import annotations

import re
from typing import Any

from mlopsportal.sandbox.arm import Json, as_mapping, as_object, target_of, user_error
from mlopsportal.sandbox.expansion import Source, expand
from mlopsportal.sandbox.world import Call

COMPONENT_TYPES = ("command", "pipeline", "parallel", "sweep", "spark", "automl", "import", "data_transfer")
# The SDK rewrites display data on a round trip, so only these keys say what a version executes or holds.
SEMANTIC_KEYS = {
    "components": ("type", "command", "environment", "code", "inputs", "outputs", "jobs", "distribution", "resources"),
    "data": ("dataType", "dataUri"),
    "environments": ("image", "condaFile", "build"),
    "models": ("modelType", "modelUri"),
    "codes": ("codeUri",),
}
_DATASTORE = re.compile(
    r"^azureml://(?:subscriptions/[^/]+/resourcegroups/[^/]+/(?:providers/[^/]+/)?workspaces/[^/]+/)?"
    r"datastores/(?P<name>[^/]+)/",
    re.IGNORECASE,
)


def check_asset(call: Call, kind: str, properties: Json) -> None:
    """Raise the service's refusal for a version whose own fields or references are wrong."""
    if kind == "components":
        check_component(call, properties["componentSpec"])
    elif kind == "data":
        _demand(properties, "dataType", "dataUri")
        check_uri(call, properties["dataUri"], "dataUri")
    elif kind == "environments":
        if not properties.get("image") and not properties.get("build"):
            raise user_error("An environment needs an image or a build context.", "image")
    elif kind == "models":
        _demand(properties, "modelUri")
        check_uri(call, properties["modelUri"], "modelUri")
    else:
        _demand(properties, "codeUri")


def _demand(properties: Json, *keys: str) -> None:
    for key in keys:
        if not isinstance(properties.get(key), str) or not properties[key]:
            raise user_error(f"The field {key} is required.", key)


def check_component(call: Call, spec: Json) -> None:
    kind = spec.get("type")
    if not isinstance(kind, str) or kind not in COMPONENT_TYPES:
        raise user_error(f"Component type '{kind}' is not known.", "type")
    for port in ("inputs", "outputs"):
        for name, value in as_mapping(spec.get(port), port).items():
            if not isinstance(value, dict) or not value.get("type"):
                raise user_error(f"{port}.{name} has no type.", f"{port}.{name}")
    if kind == "command":
        if not spec.get("command"):
            raise user_error("A command component needs a command.", "command")
        if not spec.get("environment"):
            raise user_error("A command component needs an environment.", "environment")
    if spec.get("environment"):
        check_reference(call, spec["environment"], "environments", "environment")
    if spec.get("code"):
        check_reference(call, spec["code"], "codes", "code")
    if kind == "pipeline":
        check_nodes(call, spec.get("jobs"), "jobs")
        ports = {port: Source(literal="") for port in spec.get("inputs") or {}}
        expand(spec["jobs"], ports, lambda node, where: component_spec(call, node, where))


def check_nodes(call: Call, jobs: Any, path: str) -> None:
    """Every node names a component that exists and is of the node's type, computes and data that exist."""
    if not isinstance(jobs, dict) or not jobs:
        raise user_error("A pipeline needs at least one job.", path)
    for name, node in jobs.items():
        where = f"{path}.{name}"
        component_spec(call, as_object(node, where), where)
        as_mapping(node.get("outputs"), f"{where}.outputs")
        check_compute(call, node.get("computeId"), f"{where}.compute")
        for port, value in as_mapping(node.get("inputs"), f"{where}.inputs").items():
            if isinstance(value, dict) and isinstance(value.get("uri"), str):
                check_uri(call, value["uri"], f"{where}.inputs.{port}")


def component_spec(call: Call, node: Json, where: str) -> Json | None:
    """The componentSpec a node runs; None for a component of a registry, which the sandbox cannot see into.

    Raises the service's refusal when it does not exist, or when node and component differ in type.
    """
    reference = node.get("componentId")
    if not isinstance(reference, str) or not reference:
        raise user_error(f"{where} names no component.", where)
    if reference.startswith("azureml://registries/"):
        return None
    target = target_of(reference, "components", call.place)
    if target is None or not (target.version or target.label):
        raise user_error(f"{where}: '{reference}' is not the id of a component version.", where)
    found = call.find(target)
    if found is None or not found.version:
        raise user_error(
            f"Component {target.name}:{target.version or target.label} of node {where} does not exist.", where
        )
    spec: Json = found.properties["componentSpec"]
    is_pipeline, as_pipeline = spec["type"] == "pipeline", node.get("type", spec["type"]) == "pipeline"
    if is_pipeline != as_pipeline:
        message = f"{where} is of type {node.get('type')}, but component {target.name} is of type {spec['type']}."
        raise user_error(message, where)
    return spec


def check_reference(call: Call, text: Any, kind: str, where: str) -> None:
    """Raise unless `text` names a live version (or label) of `kind`, or something in a registry."""
    if not isinstance(text, str):
        raise user_error(f"{where} must be a string.", where)
    if text.startswith("azureml://registries/") or (kind == "codes" and "://" in text):
        return
    target = target_of(text, kind, call.place)
    if target is None or not (target.version or target.label):
        raise user_error(f"{where}: '{text}' is not the id of a version of {kind}.", where)
    found = call.find(target)
    if found is None or not found.version:
        raise user_error(f"{where}: {kind}/{target.name}/{target.version or target.label} does not exist.", where)


def check_compute(call: Call, text: Any, where: str) -> None:
    """None is allowed here; whether a job has a compute at all is the job's rule."""
    if text is None:
        return
    target = target_of(str(text), "computes", call.place)
    name = target.name if target else str(text)
    if call.store.get("computes", name) is None:
        raise user_error(f"Compute '{name}' does not exist in the workspace.", where)


def check_uri(call: Call, text: str, where: str) -> None:
    """Raise when a data path names a data or model version, or a datastore, that is not there."""
    if found := _DATASTORE.match(text):
        if call.store.get("datastores", found["name"]) is None:
            raise user_error(f"Datastore '{found['name']}' does not exist in the workspace.", where)
        return
    if "/models/" in text and _kind_of_asset(text) == "models":
        check_reference(call, text, "models", where)
    elif (text.startswith("azureml:") and not text.startswith("azureml://")) or _kind_of_asset(text):
        check_reference(call, text, "data", where)


def _kind_of_asset(text: str) -> str:
    """`data`, `models` or nothing: what kind of asset a full ARM id in `text` names."""
    found = re.search(r"/workspaces/[^/]+/(data|models)/", text, re.IGNORECASE)
    return found[1].lower() if found and "/subscriptions/" in text and "://" not in text else ""


def refuse_changed_content(kind: str, before: Json, after: Json) -> None:
    """Raise the service's refusal when a semantic key of an existing version differs."""
    old, new = (side.get("componentSpec", {}) if kind == "components" else side for side in (before, after))
    for key in SEMANTIC_KEYS[kind]:
        if plain(old.get(key)) != plain(new.get(key)):
            message = f"Invalid argument: field {key} is immutable, try specifying a new version."
            raise user_error(message, key)


def plain(value: Any) -> Any:
    """A value as compared: no nulls or empty objects, no `_source`, scalars as text, ids without `azureml:`."""
    if isinstance(value, dict):
        noise = ("_source", "$schema", "name") if "componentId" in value else ("_source", "$schema")
        parts = {key: plain(part) for key, part in value.items() if key not in noise}
        return {key: part for key, part in parts.items() if part not in (None, {}, [])} or None
    if isinstance(value, list):
        return [plain(part) for part in value] or None
    if isinstance(value, bool) or value is None:
        return None if value is None else str(value).lower()
    text = str(value)
    return text.removeprefix("azureml:") if text.startswith("azureml:/subscriptions/") else text
