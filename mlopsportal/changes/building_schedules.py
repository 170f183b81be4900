"""From the document of a schedule to the steps that set it, in Azure ML or, for a trigger, in the portal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlopsportal import azureml
from mlopsportal.changes import storing
from mlopsportal.changes.drafts import (
    Draft,
    Groundwork,
    Unplannable,
    changing_drafts,
    is_planned,
    storing_drafts,
    version_draft,
)
from mlopsportal.changes.jobs import created_job, named_pipeline
from mlopsportal.changes.live import properties_of
from mlopsportal.changes.states import StepAction
from mlopsportal.specs.documents import Document
from mlopsportal.specs.ref import Ref, ref_of_arm_id


def schedule_drafts(ground: Groundwork, document: Document) -> Iterator[Draft]:
    value = dict(document.value)
    ref = Ref("schedule", str(value["name"]))
    value["create_job"] = created_job(ground, document, value.get("create_job"))
    raw, notes = ground.live.read(ref), []
    if raw is not None and properties_of(raw).get("isEnabled") is False and "is_enabled" not in value:
        value["is_enabled"] = False
        notes.append({"code": "stays-paused", "message": f"{ref} is paused and stays so; enable it by an action."})
    *before, request = ground.live.connection.compile([azureml.CompileInput(ref, "schedule", value)])
    for earlier in before:
        draft = version_draft(ground, document, ref_of_arm_id(earlier.arm_id) or ref, earlier)
        if draft is not None and not is_planned(ground, draft):
            yield draft
    ground.refs[document.path] = ref
    action = StepAction.CREATE if raw is None else StepAction.UPDATE
    yield from changing_drafts(ground, document, ref, action, request, value=value, notes=tuple(notes))


def trigger_drafts(ground: Groundwork, document: Document) -> Iterator[Draft]:
    value = document.value
    ref = Ref("trigger", str(value["name"]))
    create_job = value.get("create_job")
    named = create_job.get("job") if isinstance(create_job, Mapping) else create_job
    pipeline = named_pipeline(ground, document, named) if isinstance(named, str) else None
    if pipeline is None:
        raise Unplannable("schedule-job-missing", "The trigger names no pipeline.", "Name one.", "create_job")
    before = storing.current(ground.workspace, ref.name)
    after = {
        "display_name": str(value.get("display_name") or ""),
        "description": str(value.get("description") or ""),
        "type": "data",
        "spec": {key: item for key, item in value["trigger"].items() if key != "type"},
        "pipeline_ref": str(pipeline.ref),
        "is_enabled": before["is_enabled"] if before is not None else True,
    }
    ground.refs[document.path] = ref
    yield from storing_drafts(document, ref, before, after)
