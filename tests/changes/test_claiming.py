"""One worker at a time has a change: clicks, deliveries, clocks, locks and deaths of workers notwithstanding."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from mlopsportal.changes import attempts, tasks, workflow
from mlopsportal.changes.claiming import claim
from mlopsportal.changes.errors import LostClaim, WrongState
from mlopsportal.changes.models import Attempt, ChangeRequest, ObjectLock
from mlopsportal.changes.states import State
from tests.changes.building import (
    Team,
    approved,
    drained,
    events_of,
    fresh,
    go_on,
    in_queue,
    mark_of,
    opened,
    plan_of,
    queued,
)
from tests.sandbox_server import RunningSandbox

pytestmark = pytest.mark.usefixtures("quick_looks")


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
