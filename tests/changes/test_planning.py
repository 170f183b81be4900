"""Making a plan: who makes it, what a workspace in trouble does to it, and what it says beside its steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mlopsportal.changes import planning, tasks, workflow
from mlopsportal.changes.errors import LostClaim
from mlopsportal.changes.models import Plan
from mlopsportal.changes.states import PlanState, State
from registry.models import Workspace
from tests.changes.building import (
    PREP,
    Team,
    component_text,
    fresh,
    guide_documents,
    guided,
    opened,
    plan_of,
    schedule_text,
)
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox


def test_a_throttled_plan_is_tried_again_after_the_delay(team: Team, sandbox: RunningSandbox) -> None:
    sandbox.fault(method="GET", path="/environments/", status=429, retry_after=600)
    change = opened(team)
    plan = plan_of(change)
    assert (change.state, plan.state, plan.attempts) == (State.PLANNING, PlanState.MAKING, 1)
    assert "slow down" in plan.error
    assert plan.lease_until is None
    assert plan.retry_at is not None
    assert plan.retry_at > timezone.now() + timedelta(seconds=500)
    tasks.sweep()
    drain()
    assert fresh(change).state == State.PLANNING
    Plan.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    drain()
    change = fresh(change)
    assert (change.state, plan_of(change).error) == (State.IN_REVIEW, "")


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop_before": True}])
def test_a_plan_of_a_workspace_in_trouble_ends_after_some_tries(
    team: Team, sandbox: RunningSandbox, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MOST_ATTEMPTS", 2)
    sandbox.fault(method="GET", count=0, **fault)
    change = opened(team)
    assert change.state == State.PLANNING
    Plan.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    drain()
    change = fresh(change)
    assert change.state == State.PLAN_FAILED
    assert "tried 2 times" in change.reason
    sandbox.clear_faults()
    workflow.replan(change, actor=team.actor("author"))
    drain()
    assert fresh(change).state == State.IN_REVIEW


@pytest.mark.parametrize(("status", "words"), [(401, "sign-in"), (403, "may not do that")])
def test_a_workspace_that_does_not_let_us_in_fails_the_plan_and_says_what_to_do(
    team: Team, sandbox: RunningSandbox, status: int, words: str
) -> None:
    sandbox.fault(method="GET", count=0, status=status)
    change = opened(team)
    assert change.state == State.PLAN_FAILED
    assert words in change.reason


def test_a_dead_workspace_leaves_the_plan_to_be_tried_again(team: Team) -> None:
    Workspace.objects.update(endpoint="http://127.0.0.1:9")
    change = opened(team)
    assert (change.state, plan_of(change).state) == (State.PLANNING, PlanState.MAKING)
    assert "cannot be reached" in plan_of(change).error


def test_a_plan_whose_worker_dies_again_and_again_ends(team: Team) -> None:
    change = workflow.open_change(
        team.workspace, [("prep.yml", PREP)], actor=team.actor("author"), title="A change", submit=True
    )
    Plan.objects.update(attempts=8, lease_until=timezone.now() - timedelta(seconds=1))
    drain()
    change = fresh(change)
    assert change.state == State.PLAN_FAILED
    assert "operator" in change.reason


def test_a_plan_that_is_made_twice_at_once_is_stored_once(team: Team) -> None:
    change = opened(team, submit=False)
    plan = plan_of(change)
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.MAKING, attempts=5)
    late = Plan.objects.select_related("revision__change__workspace").get(pk=plan.pk)
    Plan.objects.filter(pk=plan.pk).update(attempts=6)
    planning._store(late, planning.Made((), error="too late"))
    assert Plan.objects.get(pk=plan.pk).state == PlanState.MAKING


def test_a_plan_that_takes_long_keeps_its_lease_and_ends_when_it_is_lost(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "RENEW_AFTER", timedelta(0))
    documents = [(f"{name}.yml", component_text(name)) for name in ("a", "b")]
    change = workflow.open_change(team.workspace, documents, actor=team.actor("author"), title="Slow")
    plan = planning._claim(plan_of(change).pk)
    assert plan is not None
    Plan.objects.update(lease_until=timezone.now() + timedelta(seconds=1))
    assert not planning._made(plan).has_failed
    lease = Plan.objects.get(pk=plan.pk).lease_until
    assert lease is not None
    assert lease > timezone.now() + timedelta(seconds=30)
    Plan.objects.update(attempts=plan.attempts + 1)  # another worker has it
    with pytest.raises(LostClaim):
        planning._made(plan)


def test_a_workspace_that_is_gone_is_not_an_empty_one(team: Team, sandbox: RunningSandbox) -> None:
    sandbox.fault(path="/workspaces/", status=404, count=0)
    change = opened(team)
    assert change.state == State.PLAN_FAILED
    assert "Does it still exist?" in change.reason


def test_schedules_that_stay_with_an_earlier_version_are_named(team: Team) -> None:
    guided(team)
    name, text = guide_documents()[1]
    change = opened(team, [(name, text.replace("train_job", "fit_job"))])
    rules = {reason["rule"]: reason["message"] for reason in plan_of(change).reasons}
    assert "weekly_training" in rules["impact-schedules"]


def test_a_first_fire_within_the_hour_is_advice(team: Team) -> None:
    guided(team)
    soon = (timezone.now() + timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:00")
    text = schedule_text().replace("2030-01-07T02:00:00", soon)
    hour, minute = soon[11:13].lstrip("0") or "0", soon[14:16].lstrip("0") or "0"
    text = text.replace("hours: [2]", f"hours: [{hour}]").replace("minutes: [0]", f"minutes: [{minute}]")
    change = opened(team, [("s.yml", text)])
    outcome = {check["code"]: check for check in plan_of(change).checks}
    assert change.state == State.IN_REVIEW
    assert (outcome["fires-later"]["passed"], outcome["fires-later"]["level"]) == (False, "advisory")


def test_a_version_that_was_deprecated_a_moment_ago_is_advice(team: Team, sandbox: RunningSandbox) -> None:
    sandbox.edit("components", "model_training", "1", properties={"tags": {"deprecated": "use model_training:2"}})
    change = opened(team, guide_documents())
    assert change.state == State.IN_REVIEW
    assert "reference-deprecated" in {problem["code"] for problem in plan_of(change).problems}
