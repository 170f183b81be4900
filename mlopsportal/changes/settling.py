"""Where a made plan and the reviews leave a change: the one place that turns the judgement of policy into a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils import timezone

from mlopsportal.accounts.models import User
from mlopsportal.audit.actions import SYSTEM, Action, Actor
from mlopsportal.changes import approvals, checks, policy
from mlopsportal.changes.models import ChangeRequest, Plan
from mlopsportal.changes.moving import Facts, move
from mlopsportal.changes.states import PlanState, Policy, State
from mlopsportal.queue.enqueue import enqueue
from mlopsportal.specs.practices import DEFAULTS
from registry.practices import levels_of

APPLY_TASK = "mlopsportal.changes.tasks.apply_change"
_STATE: Final[Mapping[policy.Decision, State]] = {
    policy.Decision.WAITING: State.IN_REVIEW,
    policy.Decision.APPROVED: State.APPROVED,
    policy.Decision.CHANGES_REQUESTED: State.CHANGES_REQUESTED,
    policy.Decision.REJECTED: State.REJECTED,
}


def settle(
    change: ChangeRequest,
    *,
    actor: Actor,
    action: Action,
    reason: str = "",
    note: str = "",
    facts: Facts | None = None,
) -> bool:
    """Move a submitted change to where its finished plan and its reviews leave it; return whether it moved.

    In the caller's transaction. `action` is the verb of the log for the move. An approved change is queued
    at once where the workspace applies by itself.
    """
    plan = change.plan
    if plan is None or plan.state == PlanState.MAKING:
        raise ValueError(f"{change} has no finished plan")
    to, why = _destination(change, plan)
    if to == change.state:
        return False
    move(change, to, actor=actor, action=_action(to, action), reason=reason or why, note=note, facts=facts)
    if to == State.APPROVED and change.workspace.auto_apply and not stops_of(change):
        enqueue_apply(change, by=None, actor=SYSTEM)
    return True


def _destination(change: ChangeRequest, plan: Plan) -> tuple[State, str]:
    if plan.state == PlanState.FAILED:
        return State.PLAN_FAILED, plan.error
    if not plan.steps.exists():
        return State.NO_CHANGE, "The workspace is already as the documents say."
    _set_policy(change, plan)
    return _STATE[approvals.approvals_of(change, plan).decision], ""


def _action(to: State, action: Action) -> Action:
    """The verb of the log: how a plan ended outweighs who looked."""
    return {State.PLAN_FAILED: Action.CHANGE_PLAN_FAILED, State.NO_CHANGE: Action.CHANGE_NO_CHANGE}.get(to, action)


def _set_policy(change: ChangeRequest, plan: Plan) -> None:
    standing = approvals.is_standing(change, plan, change.submitted_by, plan.revision.editor)
    wanted = Policy.STANDING if standing else Policy.REVIEW
    if change.policy != wanted:
        change.policy = wanted
        change.save(update_fields=["policy"])


def stops_of(change: ChangeRequest) -> list[checks.Stop]:
    """Return the checks that stop the apply by the levels the workspace has now; empty when none does."""
    plan = change.plan
    if plan is None:
        return [checks.Stop(code, f"{code} was not looked at: there is no plan") for code in DEFAULTS]
    overridden = {entry["code"] for entry in change.overrides if entry["plan_digest"] == plan.digest}
    return checks.stops(plan.checks, planned=plan.levels, now=levels_of(change.workspace), overridden=overridden)


def enqueue_apply(change: ChangeRequest, *, by: User | None, actor: Actor, action: Action | None = None) -> None:
    """Queue the change for applying and wake a worker, in the caller's transaction. `by` is None for auto-apply."""
    now = timezone.now()
    change.queued_by, change.queued_at, change.deaths = by, now, 0
    change.retry_at, change.woken_at, change.lease_until = None, now, None
    change.save(update_fields=["queued_by", "queued_at", "deaths", "retry_at", "woken_at", "lease_until"])
    move(change, State.QUEUED, actor=actor, action=action)
    enqueue(APPLY_TASK, change.pk)
