"""The gate before the first byte: by whom, and under which approvals, a plan is sent."""

from __future__ import annotations

from typing import Any

import pytest

from mlopsportal.accounts.models import Membership, User
from mlopsportal.changes.models import Attempt, ChangeRequest, ObjectLock, Step
from mlopsportal.changes.states import State
from registry.models import Workspace
from tests.changes.building import (
    Team,
    approved,
    drained,
    events_of,
    in_queue,
    mark_of,
    opened,
    plan_of,
)
from tests.sandbox_server import RunningSandbox

pytestmark = pytest.mark.usefixtures("quick_looks")


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
