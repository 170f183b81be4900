"""Answers that say nothing, and answers that say no: what was sent once arrives once, or it is known why not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mlopsportal.changes import tasks, workflow
from mlopsportal.changes.models import Attempt, ChangeRequest, ObjectLock
from mlopsportal.changes.states import State, StepState
from registry.models import Version, Workspace
from scheduling.models import Schedule
from tests.changes.building import (
    PREP_PATH,
    Team,
    applied,
    assert_bracketed,
    drained,
    events_of,
    go_on,
    guide_documents,
    in_queue,
    mark_of,
    outcomes,
    plan_of,
    schedule_text,
)
from tests.sandbox_server import RunningSandbox

pytestmark = pytest.mark.usefixtures("quick_looks")


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
