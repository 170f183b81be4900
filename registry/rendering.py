"""Writes a mirrored version as the YAML a person would have written; reads rows, asks no table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlopsportal.azureml import Json
from mlopsportal.specs.graph import graph_of, layers
from mlopsportal.specs.noise import mode_word
from mlopsportal.specs.normalize import short_form
from mlopsportal.specs.render import yaml_of
from registry import facts
from registry.models import AssetKind

__all__ = ["document_of", "yaml_of"]

_ORDER = (
    "$schema",
    "type",
    "name",
    "version",
    "display_name",
    "description",
    "tags",
    "component",
    "is_deterministic",
    "default",
    "inputs",
    "outputs",
    "compute",
)
_RANK = {key: rank for rank, key in enumerate(_ORDER)}
_NOISE = frozenset({"_source", "id", "creation_context", "sourceJobId", "client_component_hash"})
_NAMES = {
    "componentId": "component",
    "computeId": "compute",
    "environmentId": "environment",
    "codeId": "code",
    "uri": "path",
}
_REFERENCES = frozenset({"component", "compute", "environment", "code", "path", "default_compute", "default_datastore"})
_TYPES = ("job_input_type", "job_output_type", "jobInputType", "jobOutputType")
_ASSET_NAMES = {
    "dataType": "type",
    "dataUri": "path",
    "modelType": "type",
    "modelUri": "path",
    "condaFile": "conda_file",
}
_ASSET_NOISE = frozenset(
    [
        "isArchived",
        "isAnonymous",
        "provisioningState",
        "flavors",
        "jobName",
        "stage",
        "properties",
        "displayName",
        "osType",
        "environmentType",
    ]
)


def document_of(kind: str, name: str, version: str, raw: Json) -> dict[str, Any]:
    """Return a version as a YAML document: short references, plain values, no read-only fields."""
    properties = facts.properties_of(raw)
    said = _said_of_component(properties) if kind == AssetKind.COMPONENT else _said_of_other(properties)
    written = {"name": name, "version": version, **said}
    shown = {key: _plain(key, value) for key, value in written.items()}
    if isinstance(shown.get("inputs"), dict):
        shown["inputs"] = {port: _typed(declared) for port, declared in shown["inputs"].items()}
    if isinstance(shown.get("jobs"), dict):
        shown["jobs"] = _nodes(shown["jobs"])
    return {key: value for key, value in _ordered(shown).items() if value not in (None, {}, [], "")}


def _said_of_component(properties: Json) -> dict[str, Any]:
    spec = _with_texts(facts.mapping(properties.get("componentSpec")), properties)
    kept = _without_noise(facts.mapping(properties.get("properties")))
    return _without_noise(spec) | ({"properties": kept} if kept else {})


def _said_of_other(properties: Json) -> dict[str, Any]:
    return {_ASSET_NAMES.get(key, key): value for key, value in properties.items() if key not in _ASSET_NOISE}


def _without_noise(said: Json) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in _NOISE}


def _typed(port: Any) -> Any:
    """Return a declared input with its numbers and booleans as such: Azure ML keeps each default as a text."""
    read = _READERS.get(str(port.get("type"))) if isinstance(port, dict) else None
    return port if read is None else port | {key: read(port[key]) for key in ("default", "min", "max") if key in port}


def _number(text: Any) -> Any:
    """Return the number a text stands for, or the text itself where writing the number would give another one."""
    if isinstance(text, str) and _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        return number if str(number) == text else text
    return text


def _boolean(text: Any) -> Any:
    return {"True": True, "False": False}.get(text, text) if isinstance(text, str) else text


_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_READERS = {"number": _number, "integer": _number, "boolean": _boolean}


def _with_texts(spec: Json, properties: Json) -> Json:
    """Return a component with the description and tags that Azure keeps beside it, where it has none of its own."""
    beside = {key: properties[key] for key in ("description", "tags") if properties.get(key) and not spec.get(key)}
    return {**spec, **beside}


def _nodes(jobs: dict[str, Any]) -> dict[str, Any]:
    """Return the nodes, each after what it depends on; a name that only repeats the key is left out."""
    order = [name for layer in layers(graph_of({"jobs": jobs})) for name in layer]
    nodes = {name: jobs[name] for name in order} | jobs
    return {name: _brief(name, node) for name, node in nodes.items()}


def _brief(name: str, node: Any) -> Any:
    """Return a node without what says nothing: a name that repeats its key, and empty inputs and outputs."""
    if not isinstance(node, dict):
        return node
    empty = {key for key in ("inputs", "outputs") if node.get(key) == {}}
    silent = empty | ({"name"} if node.get("name") == name else set())
    return {key: value for key, value in node.items() if key not in silent}


def _ordered(values: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping with the keys that a reader looks for first at its head."""
    return dict(sorted(values.items(), key=lambda item: _RANK.get(item[0], len(_RANK))))


def _plain(key: str, value: Any) -> Any:
    """Return one value without Azure's wrappers, references short."""
    if isinstance(value, Mapping):
        if key not in ("tags", "properties") and (port := _port(value)) is not None:
            return port
        plain = {
            _NAMES.get(str(name), str(name)): _plain(_NAMES.get(str(name), str(name)), item)
            for name, item in value.items()
            if name not in _NOISE and item is not None
        }
        return plain if key in ("inputs", "outputs", "tags", "jobs") else _ordered(plain)
    if isinstance(value, list):
        return [_plain("", item) for item in value]
    return _short(value) if key in _REFERENCES and isinstance(value, str) else value


def _port(value: Mapping[str, Any]) -> Any:
    """Return an input or output of a node in YAML form; None when the mapping is none."""
    declared = next((value[name] for name in _TYPES if name in value), None)
    if isinstance(value.get("value"), str) and value["value"].startswith("${{"):
        return value["value"]  # a binding says all; its mode is that of the port it is bound to
    if declared is None and not (value.keys() <= {"value", "type"} and "value" in value):
        return None
    if "value" in value and declared in (None, "literal"):
        return value["value"]
    rest = {_NAMES.get(name, name): item for name, item in value.items() if name not in _TYPES and item is not None}
    if "path" in rest:
        rest["path"] = _short(rest["path"])
    if "mode" in rest:
        rest["mode"] = mode_word(rest["mode"])
    return {"type": declared} | rest


def _short(value: Any) -> Any:
    return (
        short_form(value.removeprefix("azureml:") if value.startswith("azureml:/") else value)
        if isinstance(value, str)
        else value
    )
