"""Applying, and everything that can go wrong on the way: what was approved arrives once, or it is known why not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from mlopsportal.accounts.models import Membership, User
from mlopsportal.audit.models import Event
from mlopsportal.changes import applying, attempts, tasks, workflow
from mlopsportal.changes.claiming import claim
from mlopsportal.changes.errors import LostClaim, WrongState
from mlopsportal.changes.models import Attempt, ChangeRequest, ObjectLock, Step
from mlopsportal.changes.states import State, StepState
from mlopsportal.queue.drain import drain
from registry.models import Version, Workspace
from scheduling.models import Schedule, Trigger
from tests.changes.building import (
    PREP,
    Team,
    applied,
    approved,
    events_of,
    fresh,
    guide_documents,
    opened,
    plan_of,
    queued,
    schedule_text,
)
from tests.sandbox_server import RunningSandbox

PREP_PATH = "/components/data_preparation/versions/1"


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "LOOKS_SECONDS", (0.0, 0.05, 0.1))


def mark_of(sandbox: RunningSandbox) -> int:
    return int(sandbox.journal()[-1]["id"])


def go_on(change: ChangeRequest) -> ChangeRequest:
    """Let the time that a parked change waits for pass, and let the sweep find it."""
    ChangeRequest.objects.filter(pk=change.pk).update(retry_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    drain()
    return fresh(change)


def outcomes(change: ChangeRequest) -> list[str]:
    attempts = Attempt.objects.filter(step__plan__revision__change=change).order_by("pk")
    return list(attempts.values_list("outcome", flat=True))


def assert_bracketed(change: ChangeRequest) -> None:
    """Every attempt has one begin and one end, in the rows and in the log."""
    attempts = Attempt.objects.filter(step__plan__revision__change=change)
    assert not attempts.filter(ended_at=None).exists()
    events = [action for action in events_of(change) if action.startswith("step.")]
    assert events == ["step.begin", "step.end"] * attempts.count()


def in_queue(team: Team, documents: Any = (("prep.yml", PREP),)) -> ChangeRequest:
    return queued(team, approved(team, opened(team, documents)))


def drained(change: ChangeRequest) -> ChangeRequest:
    drain()
    return fresh(change)


# One effect


def test_a_second_click_on_apply_is_refused_and_there_is_one_effect(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    with pytest.raises(WrongState) as refused:
        workflow.request_apply(change, actor=team.actor("operator"))
    assert refused.value.state == State.QUEUED
    change = drained(change)
    with pytest.raises(WrongState):
        workflow.request_apply(change, actor=team.actor("operator"))
    assert (change.state, len(sandbox.writes(mark))) == (State.APPLIED, 1)


def test_a_task_delivered_again_does_nothing_again(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    for _ in range(3):
        tasks.apply_change(change.pk)
    assert (fresh(change).state, len(sandbox.writes(mark))) == (State.APPLIED, 1)
    events = events_of(change)
    tasks.apply_change(change.pk)
    tasks.plan_change(plan_of(fresh(change)).pk)
    assert events_of(change) == events


def test_a_change_that_somebody_holds_is_not_taken(team: Team) -> None:
    change = in_queue(team)
    held = claim(change.pk)
    assert held is not None
    assert claim(change.pk) is None


def test_a_worker_whose_claim_is_lost_writes_nothing_more(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    first = claim(change.pk)
    assert first is not None
    ChangeRequest.objects.filter(pk=change.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    second = claim(change.pk)
    assert second is not None
    assert second.fence == first.fence + 1
    with pytest.raises(LostClaim):
        attempts.begin(first, fresh(change), plan_of(fresh(change)).steps.get())
    assert (Attempt.objects.count(), len(sandbox.writes(mark))) == (0, 0)


def test_a_lease_of_a_clock_that_was_set_back_does_not_hold_for_ever(team: Team) -> None:
    change = in_queue(team)
    assert claim(change.pk) is not None
    ChangeRequest.objects.filter(pk=change.pk).update(lease_until=timezone.now() + timedelta(days=365))
    assert claim(change.pk) is not None


# The gate


def assert_nothing_sent(change: ChangeRequest, sandbox: RunningSandbox, mark: int) -> None:
    assert not sandbox.writes(mark)
    assert not Attempt.objects.filter(step__plan__revision__change=change).exists()
    assert not ObjectLock.objects.exists()
    assert "change.gate_refused" in events_of(change)


def test_an_approval_of_somebody_who_is_no_reviewer_any_more_does_not_hold(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    Membership.objects.filter(user=team["reviewer"]).delete()
    change = drained(change)
    assert change.state == State.IN_REVIEW
    assert "does not hold any more" in change.reason
    assert_nothing_sent(change, sandbox, mark)


def test_an_approval_by_an_account_that_turns_out_to_be_the_authors_does_not_hold(
    team: Team, sandbox: RunningSandbox
) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    User.objects.filter(username="reviewer").update(person=team["author"].person)
    change = drained(change)
    assert change.state == State.IN_REVIEW
    assert_nothing_sent(change, sandbox, mark)


@pytest.mark.parametrize(
    "tampered",
    [
        {"payload": b'{"properties":{}}'},
        {"arm_id": "/subscriptions/x"},
        {"method": "DELETE"},
        {"api_version": "2000-01-01"},
        {"base": "0" * 64},
        {"after": {"componentSpec": {}}},
        {"ref": "component:other:1"},
    ],
    ids=lambda tampered: next(iter(tampered)),
)
def test_steps_that_are_not_the_approved_ones_are_not_sent(
    team: Team, sandbox: RunningSandbox, tampered: dict[str, Any]
) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    Step.objects.filter(plan=change.plan).update(**tampered)
    change = drained(change)
    assert change.state == State.FAILED
    assert "not the ones" in change.reason
    assert_nothing_sent(change, sandbox, mark)


def test_a_plan_of_another_target_is_not_sent(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    Workspace.objects.update(resource_group="elsewhere")
    change = drained(change)
    assert change.state == State.FAILED
    assert_nothing_sent(change, sandbox, mark)


def test_who_started_it_must_still_be_allowed_to(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    Membership.objects.filter(user=team["operator"]).delete()
    change = drained(change)
    assert change.state == State.FAILED
    assert_nothing_sent(change, sandbox, mark)


def test_a_check_that_is_gone_has_not_passed(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    plan_of(change).checks = []
    plan_of(change).save()
    assert drained(change).state == State.FAILED
    assert_nothing_sent(change, sandbox, mark)


def test_a_workspace_that_applies_by_itself_needs_no_click(team: Team) -> None:
    Workspace.objects.update(auto_apply=True)
    change = approved(team, opened(team))
    assert (change.state, change.queued_by) == (State.QUEUED, None)
    assert drained(change).state == State.APPLIED


# Stale


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


# Answers that say nothing, and answers that say no


def test_a_write_whose_answer_is_lost_is_verified_by_reading_back(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    sandbox.fault(method="PUT", path=PREP_PATH, drop_after=True)
    change = drained(change)
    assert (change.state, outcomes(change)) == (State.APPLIED, ["unknown"])
    assert len(sandbox.writes(mark)) == 1
    assert "change.resolved" in events_of(change)
    assert_bracketed(change)


def test_a_write_that_did_not_arrive_is_sent_once_more(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    sandbox.fault(method="PUT", path=PREP_PATH, drop_before=True)
    change = drained(change)
    assert (change.state, outcomes(change)) == (State.APPLIED, ["unknown", "ok"])
    assert len(sandbox.writes(mark)) == 2
    assert_bracketed(change)


def test_a_schedule_whose_answer_is_lost_is_not_sent_again_at_once(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, guide_documents()).state == State.APPLIED
    change, mark = in_queue(team, [("s.yml", schedule_text("weekly_training", hour=5))]), mark_of(sandbox)
    sandbox.fault(method="PUT", path="/schedules/", drop_before=True)
    change = drained(change)
    assert (change.state, plan_of(change).steps.get().state) == (State.APPLYING, StepState.UNKNOWN)
    assert len(sandbox.writes(mark)) == 1
    Attempt.objects.filter(step__plan=change.plan).update(begun_at=timezone.now() - timedelta(minutes=1))
    change = go_on(change)
    assert (change.state, len(sandbox.writes(mark))) == (State.APPLIED, 2)
    assert Schedule.objects.get(name="weekly_training").trigger["schedule"]["hours"] == [5]


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_an_error_of_the_service_is_an_unknown_outcome(team: Team, sandbox: RunningSandbox, status: int) -> None:
    change = in_queue(team)
    sandbox.fault(method="PUT", path=PREP_PATH, status=status)
    change = drained(change)
    assert (change.state, outcomes(change)) == (State.APPLIED, ["unknown", "ok"])
    assert_bracketed(change)


def test_throttling_waits_as_long_as_it_is_asked_to(team: Team, sandbox: RunningSandbox) -> None:
    change = in_queue(team)
    sandbox.fault(method="PUT", path=PREP_PATH, status=429, retry_after=40)
    change = drained(change)
    assert (change.state, outcomes(change), change.lease_until) == (State.APPLYING, ["throttled"], None)
    assert change.retry_at is not None
    assert timedelta(seconds=30) < change.retry_at - timezone.now() < timedelta(seconds=41)
    assert "slow down" in change.reason
    tasks.sweep()
    assert drained(change).state == State.APPLYING
    assert (go_on(change).state, outcomes(change)) == (State.APPLIED, ["throttled", "ok"])
    assert_bracketed(change)


def test_a_change_that_is_parked_again_and_again_passes_the_gate_once_in_the_log(
    team: Team, sandbox: RunningSandbox
) -> None:
    change = in_queue(team)
    sandbox.fault(method="PUT", path=PREP_PATH, status=429, retry_after=1, count=3)
    change = drained(change)
    for _ in range(3):
        change = go_on(change)
    assert (change.state, change.claims) == (State.APPLIED, 4)
    assert events_of(change).count("change.gate_passed") == 1


def test_throttling_for_ever_ends_with_a_clear_message(team: Team, sandbox: RunningSandbox) -> None:
    change = in_queue(team)
    sandbox.fault(method="PUT", path=PREP_PATH, status=429, retry_after=1, count=0)
    change = drained(change)
    for _ in range(8):
        change = go_on(change)
    assert (change.state, len(outcomes(change))) == (State.FAILED, 8)
    assert "8 times" in change.reason
    assert_bracketed(change)


def test_a_refusal_fails_with_the_services_words_and_can_be_tried_again(team: Team, sandbox: RunningSandbox) -> None:
    change = in_queue(team)
    sandbox.fault(method="PUT", path=PREP_PATH, status=400)
    change = drained(change)
    assert (change.state, plan_of(change).steps.get().state) == (State.FAILED, StepState.FAILED)
    assert "The sandbox was told to answer this" in change.reason
    workflow.resume(change, actor=team.actor("operator"))
    assert drained(change).state == State.APPLIED
    assert_bracketed(change)


@pytest.mark.parametrize(("status", "words"), [(401, "sign-in"), (403, "may not do that")])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_workspace_that_does_not_let_us_in_fails_and_says_what_to_do(
    team: Team, sandbox: RunningSandbox, status: int, words: str, method: str
) -> None:
    change = in_queue(team)
    sandbox.fault(method=method, path=PREP_PATH, status=status)
    change = drained(change)
    assert change.state == State.FAILED
    assert words in change.reason
    assert not ObjectLock.objects.exists()


def test_a_workspace_that_does_not_answer_parks_the_change_until_it_does(team: Team, sandbox: RunningSandbox) -> None:
    change = in_queue(team)
    Workspace.objects.update(endpoint="http://127.0.0.1:9")
    change = drained(change)
    assert (change.state, outcomes(change)) == (State.APPLYING, [])
    assert "cannot be reached" in change.reason
    ChangeRequest.objects.filter(pk=change.pk).update(queued_at=timezone.now() - timedelta(hours=2))
    Workspace.objects.update(endpoint=sandbox.url)
    assert go_on(change).state == State.APPLIED


def test_a_workspace_that_never_answers_again_fails_after_an_hour(team: Team) -> None:
    change = in_queue(team)
    Workspace.objects.update(endpoint="http://127.0.0.1:9")
    change = drained(change)
    ChangeRequest.objects.filter(pk=change.pk).update(queued_at=timezone.now() - timedelta(hours=2))
    change = go_on(change)
    assert change.state == State.FAILED
    assert "hour" in change.reason


def test_what_is_not_to_be_seen_at_once_is_waited_for_and_not_sent_twice(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    sandbox.fault(method="PUT", path=PREP_PATH, hide_for=30)
    change = drained(change)
    assert (change.state, plan_of(change).steps.get().state) == (State.APPLYING, StepState.UNKNOWN)
    assert not Version.objects.filter(name="data_preparation").exists()
    change = go_on(change)
    assert change.state == State.APPLYING
    sandbox.advance(31)
    change = go_on(change)
    assert (change.state, outcomes(change), len(sandbox.writes(mark))) == (State.APPLIED, ["ok"], 1)
    assert_bracketed(change)


def test_a_body_that_is_cut_off_says_nothing_about_the_outcome(team: Team, sandbox: RunningSandbox) -> None:
    change, mark = in_queue(team), mark_of(sandbox)
    sandbox.fault(method="PUT", path=PREP_PATH, truncate=10)
    change = drained(change)
    assert (change.state, len(sandbox.writes(mark))) == (State.APPLIED, 1)


# Several steps


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


# Locks


def test_two_changes_to_one_object_come_one_after_the_other(team: Team) -> None:
    first, second = (approved(team, opened(team)) for _ in range(2))
    first, second = queued(team, first), queued(team, second)
    ObjectLock.objects.create(
        workspace=team.workspace, ref="component:data_preparation:1", change=first, taken_at=timezone.now()
    )
    tasks.apply_change(second.pk)
    second = fresh(second)
    assert second.state == State.WAITING_FOR_LOCK
    assert f"Change {first.pk}" in second.reason
    tasks.apply_change(first.pk)
    assert fresh(first).state == State.APPLIED
    second = go_on(second)
    assert second.state == State.STALE  # the first one made it


# Workers that die


def test_a_change_whose_workers_keep_dying_is_given_to_a_person(team: Team) -> None:
    change = in_queue(team)
    for _ in range(3):
        assert claim(change.pk) is not None
        ChangeRequest.objects.filter(pk=change.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert claim(change.pk) is None
    change = fresh(change)
    assert (change.state, change.deaths) == (State.FAILED, 3)
    assert "operator" in change.reason


def test_a_lost_queue_row_loses_nothing(team: Team) -> None:
    change = in_queue(team)
    OrmQ.objects.all().delete()
    tasks.sweep()
    assert not OrmQ.objects.exists()  # it was woken a moment ago
    ChangeRequest.objects.filter(pk=change.pk).update(woken_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep()
    tasks.sweep()
    assert OrmQ.objects.count() == 1
    assert drained(change).state == State.APPLIED


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
