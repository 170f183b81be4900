"""One change through the whole ring, by the functions behind every door."""

from __future__ import annotations

from mlopsportal.changes.states import State, StepState
from registry.models import Version
from tests.changes.building import Team, applied, approved, events_of, fresh, guide_documents, opened, plan_of, queued
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox


def test_it_works(team: Team, sandbox: RunningSandbox) -> None:
    change = opened(team)
    assert (change.state, change.reason) == (State.IN_REVIEW, "")
    change = approved(team, change)
    assert change.state == State.APPROVED
    change = queued(team, change)
    assert change.state == State.QUEUED
    mark = sandbox.journal()[-1]["id"]
    drain()
    change = fresh(change)
    assert (change.state, change.reason) == (State.APPLIED, "")
    step = plan_of(change).steps.get()
    assert step.state == StepState.VERIFIED
    [write] = sandbox.writes(mark)
    assert (write["method"], write["body_sha256"]) == ("PUT", step.payload_sha256)
    assert Version.objects.filter(workspace=team.workspace, name="data_preparation", version="1").exists()
    assert events_of(change)[-3:] == ["step.begin", "step.end", "change.applied"]


def test_the_guides_four_files_make_one_change_unchanged(team: Team, sandbox: RunningSandbox) -> None:
    change = opened(team, guide_documents())
    assert (change.state, change.reason) == (State.IN_REVIEW, "")
    steps = [(step.ref, step.action) for step in plan_of(change).steps.all()]
    assert steps == [
        ("component:data_preparation:1", "create"),
        ("component:training_pipeline:1", "create"),
        ("schedule:weekly_training", "create"),
        ("trigger:data_driven_training", "store"),
    ]
    mark = sandbox.journal()[-1]["id"]
    queued(team, approved(team, change))
    drain()
    change = fresh(change)
    assert (change.state, change.reason) == (State.APPLIED, "")
    sent = [(write["method"], write["body_sha256"]) for write in sandbox.writes(mark)]
    assert sent == [(step.method, step.payload_sha256) for step in plan_of(change).steps.all() if step.is_remote]


def test_the_same_files_again_change_nothing(team: Team) -> None:
    assert applied(team, guide_documents()).state == State.APPLIED
    again = opened(team, guide_documents())
    assert (again.state, plan_of(again).error) == (State.NO_CHANGE, "")
    assert plan_of(again).steps.count() == 0
