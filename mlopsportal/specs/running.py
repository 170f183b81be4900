"""How a pipeline version is run and scheduled: the one-node form; sends nothing.

The root form (`component:` on the job itself) goes to Azure unresolved, so a run is a pipeline job with one node,
`main`, of type pipeline (wire reference: "The SDK as a compiler").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.interface import ASSET_TYPES, Interface, Port
from mlopsportal.specs.normalize import MAIN, unwrap_main
from mlopsportal.specs.paths import is_local, local_path
from mlopsportal.specs.ref import Ref, parse_azure_reference


class MissingInputs(ValueError):
    """Inputs that a pipeline needs and neither the run nor the run defaults give."""

    def __init__(self, pipeline: Ref, names: tuple[str, ...]) -> None:
        super().__init__(f"{pipeline} needs {', '.join(names)}")
        self.pipeline, self.names = pipeline, names


def run_document(
    pipeline: Ref,
    interface: Interface | None,
    run_defaults: Mapping[str, Any],
    overrides: Mapping[str, Any],
    *,
    name: str | None,
    default_compute: str | None = None,
) -> dict[str, Any]:
    """Return a pipeline job in YAML form that runs a pipeline version in the one-node form.

    `overrides` may hold inputs, display_name, description, experiment_name, compute, force_rerun, tags (the keys of
    an action document) and settings (those of a create_job). `name` is the run's; None only inside schedules.
    Raises MissingInputs.
    """
    inputs = _inputs(pipeline, interface, run_defaults, overrides)
    outputs = _outputs(interface, run_defaults)
    main: dict[str, Any] = {"type": "pipeline", "component": f"azureml:{pipeline.name}:{pipeline.version}"}
    if inputs:
        main["inputs"] = {port: f"${{{{parent.inputs.{port}}}}}" for port in inputs}
    if outputs:
        main["outputs"] = {port: f"${{{{parent.outputs.{port}}}}}" for port in outputs}
    document: dict[str, Any] = {
        "type": "pipeline",
        "name": name,
        "display_name": overrides.get("display_name") or pipeline.name,
        "description": overrides.get("description"),
        "experiment_name": overrides.get("experiment_name") or run_defaults.get("experiment_name") or pipeline.name,
        "tags": overrides.get("tags"),
        "identity": run_defaults.get("identity"),
        "inputs": inputs,
        "outputs": outputs,
        "settings": _settings(run_defaults, overrides, default_compute),
        "jobs": {MAIN: main},
    }
    return {key: item for key, item in document.items() if item not in (None, {})}


def _inputs(
    pipeline: Ref, interface: Interface | None, run_defaults: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    given = {**(run_defaults.get("inputs") or {}), **(overrides.get("inputs") or {})}
    if interface is None:
        return given
    missing = tuple(name for name, port in interface.inputs.items() if port.is_required and given.get(name) is None)
    if missing:
        raise MissingInputs(pipeline, missing)
    chosen = {name: item for name, item in given.items() if name in interface.inputs and item is not None}
    return {name: _input_value(item, interface.inputs[name]) for name, item in chosen.items()}


def _input_value(given: Any, port: Port) -> Any:
    if port.type in ASSET_TYPES:
        if isinstance(given, str):
            return {"type": port.type, "path": given}
        if isinstance(given, Mapping):
            return {"type": port.type, **given}
    return given


def _outputs(interface: Interface | None, run_defaults: Mapping[str, Any]) -> dict[str, Any]:
    given = run_defaults.get("outputs") or {}
    declared = {name: port.type for name, port in interface.outputs.items()} if interface is not None else {}
    names = [*declared, *(name for name in given if interface is None)]
    return {
        name: {"type": declared.get(name, "uri_folder"), "mode": "rw_mount", **given.get(name, {})} for name in names
    }


def _settings(
    run_defaults: Mapping[str, Any], overrides: Mapping[str, Any], default_compute: str | None
) -> dict[str, Any]:
    own = overrides.get("settings") or {}
    settings = {**(run_defaults.get("settings") or {}), **own}
    compute = overrides.get("compute") or own.get("default_compute") or run_defaults.get("compute") or default_compute
    if compute:
        reference = parse_azure_reference(str(compute), "compute")
        settings["default_compute"] = f"azureml:{reference.name}" if reference is not None else str(compute)
    if overrides.get("force_rerun") is not None:
        settings["force_rerun"] = overrides["force_rerun"]
    return settings


def scheduled_pipeline(document: Document, siblings: Mapping[str, Document]) -> Ref | None:
    """Return the pipeline version that a (repaired) schedule or data trigger starts.

    Its version is None when the sibling document leaves it open: the revision fixes it. None when the schedule
    starts something else (a run to repeat, a file that is not there).
    """
    if document.kind is not Kind.SCHEDULE or not isinstance(document.value, Mapping):
        return None
    text = _target_text(document.value.get("create_job"))
    if text is None:
        return None
    if is_local(text):
        beside = siblings.get(local_path(document.path, text) or "")
        return beside.ref if beside is not None and beside.kind.is_pipeline else None
    reference = parse_azure_reference(text, "component")
    if reference is None or reference.kind != "component" or reference.version is None:
        return None
    return reference.ref


def _target_text(create_job: Any) -> str | None:
    """Return what a `create_job` names (`./file.yml`, `azureml:pipeline:1`); None when it names nothing."""
    if isinstance(create_job, Mapping):
        main = unwrap_main(create_job.get("jobs"))
        create_job = main.get("component") if main is not None else create_job.get("job")
    return create_job if isinstance(create_job, str) else None


def schedule_document(
    value: Mapping[str, Any],
    *,
    pipeline: Ref,
    interface: Interface | None,
    run_defaults: Mapping[str, Any],
    default_compute: str | None = None,
) -> dict[str, Any]:
    """Return the schedule in YAML form with a whole pipeline job, in the one-node form, under `create_job`.

    What the schedule itself sets (inputs, settings, experiment) wins over the run defaults. Raises MissingInputs.
    """
    own = value.get("create_job")
    overrides = dict(own) if isinstance(own, Mapping) else {}
    overrides.pop("jobs", None)
    job = run_document(pipeline, interface, run_defaults, overrides, name=None, default_compute=default_compute)
    return {**{key: item for key, item in value.items() if key not in ("job", "create_job")}, "create_job": job}
