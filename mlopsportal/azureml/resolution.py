"""What a compiled write must not contain: references that the service would not find; reads requests, asks nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlopsportal.azureml.errors import CompileError
from mlopsportal.azureml.records import Request

_RESOLVED = re.compile(r"(azureml:)?/subscriptions/[^/]+/resourceGroups/[^/]+/providers/|azureml://", re.IGNORECASE)
_COMPUTE_WORDS = frozenset({"", "local", "serverless"})
_ID_KEYS = frozenset(
    {"componentId", "computeId", "default_compute", "default_datastore", "environmentId", "sourceJobId"}
)
_STEP_OUTPUT = re.compile(r"\$\{\{\s*parent\.jobs\.([^.}\s]+)\.(?:inputs|outputs)\.[^}]*\}\}")
_FREE_TEXT = frozenset(
    {"$schema", "command", "condaFile", "default", "description", "displayName", "display_name", "tags"}
)


def refuse_unresolved(request: Request, *, ref: str) -> None:
    """Raise CompileError when the write names something by a short name, binds to no step, or runs without compute."""
    properties = (request.body or {}).get("properties")
    if not isinstance(properties, Mapping):
        return
    for path, key, text in _texts(_in_document(properties), "", ""):
        if key in _ID_KEYS and text not in _COMPUTE_WORDS and not _RESOLVED.match(text):
            raise CompileError(path, f"{text!r} is not a full reference", ref=ref)
        if text.startswith("azureml:") and not _RESOLVED.match(text):
            raise CompileError(path, f"{text!r} was not resolved to a full reference", ref=ref)
    for path, jobs, settings in _pipelines(properties):
        _refuse_dangling(path, jobs, ref)
        if settings is not None:
            _refuse_without_compute(path, jobs, settings, ref)


def _in_document(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part that the document wrote, under the names it has there, so that a path leads back to it."""
    spec, action = properties.get("componentSpec"), properties.get("action")
    if isinstance(spec, Mapping):
        return spec
    if isinstance(action, Mapping):
        return {**properties, "action": None, "create_job": action.get("jobDefinition")}
    return properties


def _refuse_dangling(path: str, jobs: Mapping[str, Any], ref: str) -> None:
    for name, node in jobs.items():
        for place, _, text in _texts(node, f"{path}.{name}", ""):
            missing = [step for step in _STEP_OUTPUT.findall(text) if step not in jobs]
            if missing:
                raise CompileError(place, f"{text!r} names the step {missing[0]!r}, which is not there", ref=ref)


def _refuse_without_compute(path: str, jobs: Mapping[str, Any], settings: Mapping[str, Any], ref: str) -> None:
    if not jobs:
        raise CompileError(path, "a pipeline without steps", ref=ref)
    if settings.get("default_compute"):
        return
    for name, node in jobs.items():
        if isinstance(node, Mapping) and not node.get("computeId"):
            raise CompileError(f"{path}.{name}.compute", "no compute: set one here or a default for all steps", ref=ref)


def _pipelines(properties: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any] | None]]:
    """Path, steps and settings of the pipeline in a write; settings is None for a component, which runs nowhere yet."""
    spec = properties.get("componentSpec")
    if isinstance(spec, Mapping) and isinstance(spec.get("jobs"), Mapping):
        yield "jobs", spec["jobs"], None
    job, prefix = properties, ""
    action = properties.get("action")
    if isinstance(action, Mapping) and isinstance(action.get("jobDefinition"), Mapping):
        job, prefix = action["jobDefinition"], "create_job."
    if job.get("jobType") == "Pipeline" and not job.get("sourceJobId"):
        yield f"{prefix}jobs", job.get("jobs") or {}, job.get("settings") or {}


def _texts(value: Any, path: str, key: str) -> Iterator[tuple[str, str, str]]:
    """Each string that may be a reference: its path, the key it stands under, the text."""
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name not in _FREE_TEXT and not (name == "properties" and _is_flat(item)):
                yield from _texts(item, f"{path}.{name}" if path else str(name), str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]", key)


def _is_flat(value: Any) -> bool:
    """Whether this is a map of texts, as an object's own `properties` are."""
    return isinstance(value, Mapping) and not any(isinstance(item, Mapping | list) for item in value.values())
