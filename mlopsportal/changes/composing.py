"""A registered pipeline version as a job: the one-node form in which it is run and scheduled; pure values.

The node is called `main` and is unwrapped again wherever runs, graphs and steps are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mlopsportal.specs.interface import ASSET_TYPES, Interface
from mlopsportal.specs.normalize import MAIN
from mlopsportal.specs.ref import Ref

Json = dict[str, Any]
_TEXTS: Final = ("display_name", "description", "tags", "properties")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline version to run: its defaults as `specs.lift` keeps them; `is_new` when this change makes it."""

    ref: Ref
    run_defaults: Mapping[str, Any] = field(default_factory=dict)
    interface: Interface | None = None
    is_new: bool = False


def job_of(pipeline: Pipeline, asked: Mapping[str, Any], *, default_compute: str) -> Json:
    """Return the job, in YAML form, that runs `pipeline` with its defaults and what was asked for over them.

    `asked` may hold inputs, compute, experiment_name, settings, outputs, force_rerun and the texts of a job.
    """
    defaults = pipeline.run_defaults
    inputs = _inputs(pipeline, {**_mapping(defaults, "inputs"), **_mapping(asked, "inputs")})
    outputs = {**_mapping(defaults, "outputs"), **_mapping(asked, "outputs")}
    node: Json = {"type": "pipeline", "component": f"azureml:{pipeline.ref.name}:{pipeline.ref.version}"}
    if inputs:
        node["inputs"] = {name: f"${{{{parent.inputs.{name}}}}}" for name in inputs}
    if outputs:
        node["outputs"] = {name: f"${{{{parent.outputs.{name}}}}}" for name in outputs}
    job: Json = {
        "type": "pipeline",
        **{key: asked[key] for key in _TEXTS if asked.get(key)},
        "experiment_name": asked.get("experiment_name") or defaults.get("experiment_name") or pipeline.ref.name,
        "settings": _settings(defaults, asked, default_compute),
        "inputs": inputs,
        "outputs": outputs,
        "jobs": {MAIN: node},
    }
    identity = asked.get("identity") or defaults.get("identity")
    return {key: value for key, value in {**job, "identity": identity}.items() if value not in ({}, None)}


def _settings(defaults: Mapping[str, Any], asked: Mapping[str, Any], default_compute: str) -> Json:
    settings = {**_mapping(defaults, "settings"), **_mapping(asked, "settings")}
    compute = asked.get("compute") or settings.get("default_compute") or defaults.get("compute") or default_compute
    if compute:
        settings["default_compute"] = _reference(str(compute))
    if asked.get("force_rerun") is not None:
        settings["force_rerun"] = asked["force_rerun"]
    return settings


def _reference(compute: str) -> str:
    return compute if compute.startswith(("azureml:", "/")) else f"azureml:{compute}"


def _inputs(pipeline: Pipeline, given: Mapping[str, Any]) -> Json:
    """Write data as `{type, path}` with the type of its port; a value of None leaves the port to its default."""
    return {name: _input(pipeline, name, value) for name, value in given.items() if value is not None}


def _input(pipeline: Pipeline, name: str, value: Any) -> Any:
    port = pipeline.interface.inputs.get(name) if pipeline.interface is not None else None
    if port is None or port.type not in ASSET_TYPES:
        return value
    if isinstance(value, Mapping):
        return {"type": port.type, **value}
    return {"type": port.type, "path": value}


def missing_inputs(pipeline: Pipeline, job: Mapping[str, Any]) -> list[str]:
    """Return the required inputs of the pipeline for which the job has no value."""
    if pipeline.interface is None:
        return []
    given = _mapping(job, "inputs")
    return [name for name, port in pipeline.interface.inputs.items() if port.is_required and name not in given]


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}
