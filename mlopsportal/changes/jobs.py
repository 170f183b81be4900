"""What a schedule, a trigger or a run starts: a pipeline with its values, as a job; read live, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.changes.composing import Pipeline, job_of, missing_inputs
from mlopsportal.changes.drafts import Groundwork, Unplannable
from mlopsportal.changes.live import Json, interface_of_raw, properties_of
from mlopsportal.specs import normalize
from mlopsportal.specs.documents import Document
from mlopsportal.specs.lift import run_defaults_of
from mlopsportal.specs.paths import local_path
from mlopsportal.specs.ref import Ref, parse_azure_reference


def created_job(ground: Groundwork, document: Document, create_job: Any) -> Any:
    """Return what the schedule starts in the form the compiler takes: a one-node job, or a run to repeat."""
    asked: Mapping[str, Any] = create_job if isinstance(create_job, Mapping) else {}
    if isinstance(asked.get("job"), Mapping):
        asked = {**asked["job"], **{key: item for key, item in asked.items() if key != "job"}}
    if isinstance(asked.get("jobs"), Mapping):
        job = {"experiment_name": _experiment_of(asked), **asked}
        return job if job.get("settings") else {**job, "settings": _default_settings(ground)}
    named = create_job if isinstance(create_job, str) else asked.get("job")
    if not isinstance(named, str):
        raise Unplannable("schedule-job-missing", "The schedule names no job.", "Name a pipeline.", "create_job")
    pipeline = named_pipeline(ground, document, named)
    if pipeline is None:
        return named
    return filled_job(ground, pipeline, asked, "create_job")


def _experiment_of(job: Mapping[str, Any]) -> str:
    node = normalize.unwrap_main(job.get("jobs"))
    reference = parse_azure_reference(str((node or {}).get("component", "")), "component")
    return reference.name if reference is not None else "Default"


def _default_settings(ground: Groundwork) -> Json:
    compute = ground.workspace.default_compute
    return {"default_compute": f"azureml:{compute}"} if compute else {}


def named_pipeline(ground: Groundwork, document: Document, named: str) -> Pipeline | None:
    """Return the pipeline version meant by a path or a reference; None for `azureml:<run>`."""
    path = local_path(document.path, named)
    if path is not None:
        if path not in ground.refs:
            raise Unplannable("file-missing", f"{named} is not planned in this change.", "Add it.", "create_job")
        return pipeline_of(ground, ground.refs[path])
    reference = parse_azure_reference(named, "component")
    if reference is None or reference.kind != "component" or reference.version is None or reference.registry:
        return None
    return pipeline_of(ground, Ref("component", reference.name, reference.version))


def pipeline_of(ground: Groundwork, ref: Ref) -> Pipeline:
    if ref not in ground.pipelines:
        raw = ground.live.read(ref)
        if raw is None:
            raise Unplannable("reference-unknown", f"There is no {ref}.", "Look for a typing error.")
        properties = properties_of(raw).get("properties")
        defaults = run_defaults_of(properties if isinstance(properties, Mapping) else None)
        ground.pipelines[ref] = Pipeline(ref, defaults, interface_of_raw(raw))
    return ground.pipelines[ref]


def filled_job(ground: Groundwork, pipeline: Pipeline, asked: Mapping[str, Any], path: str) -> Json:
    job = job_of(pipeline, asked, default_compute=ground.workspace.default_compute)
    missing = missing_inputs(pipeline, job)
    if missing:
        message = f"{pipeline.ref} needs a value for {', '.join(missing)}, and has no default for it."
        raise Unplannable("input-missing", message, "Add it below `inputs:`.", path)
    return job
