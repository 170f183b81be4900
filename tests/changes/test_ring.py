"""One change through the whole ring, by the functions behind every door."""

from __future__ import annotations

from mlopsportal.changes.states import State, StepState
from mlopsportal.queue.drain import drain
from registry.models import Version
from tests.changes.building import Team, approved, events_of, fresh, opened, queued
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
    step = change.plan.steps.get()
    assert step.state == StepState.VERIFIED
    [write] = sandbox.writes(mark)
    assert (write["method"], write["body_sha256"]) == ("PUT", step.payload_sha256)
    assert Version.objects.filter(workspace=team.workspace, name="data_preparation", version="1").exists()
    assert events_of(change)[-3:] == ["step.begin", "step.end", "change.applied"]
