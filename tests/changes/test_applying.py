"""Applying, and everything that can go wrong on the way: what was approved arrives once, or it is known why not."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from mlopsportal.audit.models import Event
from mlopsportal.changes import attempts, tasks, workflow
from mlopsportal.changes.claiming import claim
from mlopsportal.changes.models import Attempt, ChangeRequest, ObjectLock
from mlopsportal.changes.states import State, StepState
from registry.models import Workspace
from scheduling.models import Trigger
from tests.changes.building import (
    Team,
    applied,
    assert_bracketed,
    drained,
    fresh,
    go_on,
    guide_documents,
    in_queue,
    mark_of,
    plan_of,
    schedule_text,
)
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox

pytestmark = pytest.mark.usefixtures("quick_looks")


def test_what_appeared_since_the_plan_is_not_overwritten(team: Team, sandbox: RunningSandbox) -> None:
    change = in_queue(team)
    spec = {"name": "data_preparation", "version": "1", "type": "command", "command": "echo somebody else's"}
    sandbox.edit("components", "data_preparation", "1", replace={"componentSpec": spec})
    mark = mark_of(sandbox)
    change = drained(change)
    assert (change.state, plan_of(change).steps.get().state) == (State.STALE, StepState.STALE)
    assert "changed since" in change.reason
    assert not sandbox.writes(mark)
    assert not ObjectLock.objects.exists()


def test_a_schedule_edited_since_the_plan_is_stale_and_a_new_plan_shows_it(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, guide_documents()).state == State.APPLIED
    change = in_queue(team, [("s.yml", schedule_text("weekly_training", hour=5))])
    sandbox.edit("schedules", "weekly_training", properties={"displayName": "Edited in the studio"})
    change = drained(change)
    assert change.state == State.STALE
    change = workflow.replan(change, actor=team.actor("author"))
    assert change.state == State.PLANNING
    change = drained(change)
    assert change.state == State.IN_REVIEW
    assert any("Edited in the studio" in str(line["before"]) for line in plan_of(change).steps.get().changes)


def test_an_edit_between_the_last_look_and_the_write_is_found_by_reading_back(
    team: Team, sandbox: RunningSandbox
) -> None:
    assert applied(team, guide_documents()).state == State.APPLIED
    change = in_queue(team, [("s.yml", schedule_text("weekly_training", hour=5))])
    edit = {"kind": "schedules", "name": "weekly_training", "properties": {"displayName": "Raced"}}
    sandbox.fault(method="PUT", path="/schedules/", edit_after=edit)
    change = drained(change)
    assert change.state == State.APPLYING
    Attempt.objects.filter(step__plan=change.plan).update(begun_at=timezone.now() - timedelta(minutes=5))
    ChangeRequest.objects.filter(pk=change.pk).update(queued_at=timezone.now() - timedelta(minutes=6))
    change = go_on(change)
    assert (change.state, ObjectLock.objects.count()) == (State.UNKNOWN, 1)
    assert "Somebody else" in change.reason
    workflow.resume(change, actor=team.actor("operator"))
    change = drained(change)
    assert change.state == State.STALE
    assert_bracketed(change)


def test_a_failure_in_the_middle_stops_and_is_resumed_under_the_same_approval(
    team: Team, sandbox: RunningSandbox
) -> None:
    change, mark = in_queue(team, guide_documents()), mark_of(sandbox)
    sandbox.fault(method="PUT", path="/components/training_pipeline/", status=400)
    change = drained(change)
    states = [step.state for step in plan_of(change).steps.all()]
    assert (change.state, states) == (State.PARTIALLY_APPLIED, ["verified", "failed", "pending", "pending"])
    assert not ObjectLock.objects.exists()
    workflow.resume(change, actor=team.actor("operator"))
    change = drained(change)
    assert change.state == State.APPLIED
    paths = [write["path"].rpartition("workspaces/")[2].partition("/")[2] for write in sandbox.writes(mark)]
    assert [path for path in paths if "data_preparation" in path] == ["components/data_preparation/versions/1"]
    assert Trigger.objects.get().pipeline_ref == "component:training_pipeline:1"
    assert_bracketed(change)


def test_what_was_sent_of_a_partial_change_can_be_taken_back(team: Team, sandbox: RunningSandbox) -> None:
    change = in_queue(team, guide_documents())
    sandbox.fault(method="PUT", path="/components/training_pipeline/", status=400)
    change = drained(change)
    undoing = workflow.compensate(change, actor=team.actor("author"))
    assert fresh(change).state == State.SUPERSEDED
    drain()
    undoing = fresh(undoing)
    assert [(step.ref, step.action) for step in plan_of(undoing).steps.all()] == [
        ("component:data_preparation:1", "archive")
    ]


def test_a_partial_change_that_is_planned_again_has_only_the_rest_to_do(team: Team, sandbox: RunningSandbox) -> None:
    change = in_queue(team, guide_documents())
    sandbox.fault(method="PUT", path="/components/training_pipeline/", status=400)
    change = drained(change)
    change = drained(workflow.replan(change, actor=team.actor("author")))
    assert change.state == State.IN_REVIEW
    assert plan_of(change).steps.count() == 3


def test_what_may_be_on_its_way_is_not_given_up_for_a_missing_credential(team: Team) -> None:
    change = in_queue(team)
    held = claim(change.pk)
    assert held is not None
    attempts.begin(held, fresh(change), plan_of(change).steps.get())  # and its worker is gone
    target = Workspace.objects.get().cloud, Workspace.objects.get().endpoint
    Workspace.objects.update(cloud="azure", endpoint="", credential="not a name")
    ChangeRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.apply_change(change.pk)
    change = fresh(change)
    assert (change.state, ObjectLock.objects.count()) == (State.UNKNOWN, 1)
    assert "not configured" in change.reason
    Workspace.objects.update(cloud=target[0], endpoint=target[1], credential="")
    workflow.resume(change, actor=team.actor("operator"))
    assert drained(change).state == State.APPLIED
    assert_bracketed(change)


def test_the_log_holds_what_was_sent_and_under_which_approval(team: Team) -> None:
    change = drained(in_queue(team))
    step = plan_of(change).steps.get()
    [begun] = Event.objects.filter(change=change.pk, action="step.begin")
    facts = json.loads(bytes(begun.leaf))["facts"]
    assert (facts["sha256"], facts["plan_digest"]) == (step.payload_sha256, change.plan_digest)
    assert (facts["base"], facts["method"]) == (step.base, "PUT")


def test_a_workspace_that_is_gone_fails_the_apply_and_is_not_taken_for_an_empty_one(
    team: Team, sandbox: RunningSandbox
) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    sandbox.fault(path="/workspaces/", status=404, count=0)
    change = drained(change)
    assert change.state == State.FAILED
    assert "Does it still exist?" in change.reason
    assert not sandbox.writes(mark)
