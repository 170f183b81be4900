"""From the document of an action on what exists to its steps: a run, an archiving, a pause; writes no row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlopsportal import azureml
from mlopsportal.changes import arriving, bundling, storing
from mlopsportal.changes.drafts import Draft, Groundwork, Unplannable, changing_drafts, storing_drafts
from mlopsportal.changes.jobs import filled_job, pipeline_of
from mlopsportal.changes.live import Json, properties_of
from mlopsportal.changes.states import StepAction
from mlopsportal.specs import digest, normalize
from mlopsportal.specs.documents import Document
from mlopsportal.specs.ref import Ref

RUN_EXTRAS: Final = frozenset({"inputs", "compute", "experiment_name", "force_rerun"})
"""What makes a run more than its version with its defaults: it then takes a review."""
_ARM_ACTIONS: Final = frozenset({"archive", "restore", "enable", "disable", "delete", "cancel"})


def action_drafts(ground: Groundwork, document: Document, position: int) -> Iterator[Draft]:
    verb, target = bundling.action_of(document), Ref.parse(str(document.value["target"])).without_workspace()
    if verb == "run":
        return _run(ground, document, target, position)
    if target.kind == "trigger":
        return _trigger_action(ground, document, target, str(verb))
    if verb in _ARM_ACTIONS:
        return _arm_action(ground, document, target, str(verb))
    raise Unplannable("action-unknown", f"`{verb}` is not an action.", "Write one that is.", "action")


def _arm_action(ground: Groundwork, document: Document, target: Ref, verb: str) -> Iterator[Draft]:
    raw = ground.live.read(target)
    if raw is None:
        raise Unplannable("reference-unknown", f"There is no {target}.", "Look for a typing error.", "target")
    ground.refs[document.path] = target
    if verb == "cancel" and arriving.has_ended(raw):
        return
    if verb == "delete" and properties_of(raw).get("isEnabled") is not False:
        yield from _pausing_and_deleting(ground, document, target)
        return
    yield from changing_drafts(ground, document, target, StepAction(verb), _compiled(ground, target, verb), value={})


def _compiled(ground: Groundwork, target: Ref, verb: str) -> azureml.Request:
    requests = ground.live.connection.compile([azureml.CompileInput(target, verb)])
    if len(requests) != 1:
        raise Unplannable("compile", f"{verb} {target} is not one request but {len(requests)}.", "", "action")
    return requests[0]


def _pausing_and_deleting(ground: Groundwork, document: Document, target: Ref) -> Iterator[Draft]:
    """Azure ML deletes only what is paused: the second step's base is what the first one leaves."""
    [pause] = changing_drafts(
        ground, document, target, StepAction.DISABLE, _compiled(ground, target, "disable"), value={}
    )
    yield pause
    body = dict(pause.request.body or {}) if pause.request is not None else {}
    base = digest.fingerprint(target.kind, body)
    request = _compiled(ground, target, "delete")
    yield Draft(target, StepAction.DELETE, document.path, request, base, pause.after, None)


def _trigger_action(ground: Groundwork, document: Document, target: Ref, verb: str) -> Iterator[Draft]:
    before = storing.current(ground.workspace, target.name)
    if before is None:
        raise Unplannable("reference-unknown", f"There is no {target}.", "Look for a typing error.", "target")
    ground.refs[document.path] = target
    after = None if verb == "delete" else {**before, "is_enabled": verb == "enable"}
    yield from storing_drafts(document, target, before, after)


def _run(ground: Groundwork, document: Document, target: Ref, position: int) -> Iterator[Draft]:
    value = document.value
    pipeline = pipeline_of(ground, target)
    job = filled_job(ground, pipeline, {"display_name": f"{target.name} {target.version}", **value}, "inputs")
    ref = Ref("run", str(value.get("name") or f"{ground.run_prefix}s{position + 1}"))
    ground.refs[document.path] = ref
    raw = ground.live.read(ref)
    *_, request = ground.live.connection.compile([azureml.CompileInput(ref, "run", job)])
    after = normalize.normalized("run", dict(request.body or {}))
    if raw is not None:
        if not value.get("name") and arriving.is_started(after, raw):
            return  # an earlier plan of this revision was applied so far
        raise Unplannable("run-exists", f"There is a run called {ref.name} already.", "Choose another name.", "name")
    as_it_is = not pipeline.is_new and not RUN_EXTRAS & value.keys()
    yield Draft(
        ref,
        StepAction.RUN,
        document.path,
        request,
        digest.ABSENT,
        None,
        after,
        job,
        notes=_notes_on_run(ground),
        with_defaults=as_it_is,
    )


def _notes_on_run(ground: Groundwork) -> tuple[Json, ...]:
    if not ground.earlier_runs:
        return ()
    names = ", ".join(ground.earlier_runs)
    message = f"An earlier revision of this change has started {names} already; this is one more run."
    return ({"code": "runs-again", "message": message},)
