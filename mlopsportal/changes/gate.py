"""The gate: everything that must be true at the moment a change may write, judged anew from the rows; pure reading.

Nothing recorded earlier is taken on trust: approvals are counted again with the persons and roles of now, the
digest is computed again from the bytes that would be sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.roles import Permission, can
from mlopsportal.changes import approvals, policy
from mlopsportal.changes.models import ChangeRequest, Plan
from mlopsportal.changes.plans import digest_of
from mlopsportal.changes.settling import stops_of
from mlopsportal.changes.states import PlanState, Policy


@dataclass(frozen=True)
class Refusal:
    """Why the gate is shut. `reviewable` is true when another approval would open it."""

    code: str
    message: str
    reviewable: bool = False


def refusals(change: ChangeRequest) -> list[Refusal]:
    """Return every reason why nothing may be written for this change now; empty when the gate is open."""
    plan = change.plan
    if plan is None or plan.state != PlanState.MADE or plan.revision.number != change.revision_number:
        return [Refusal("no-plan", "There is no finished plan of the current revision.")]
    return [*_plan_refusals(change, plan), *_approval_refusals(change, plan), *_starter_refusals(change)]


def _plan_refusals(change: ChangeRequest, plan: Plan) -> Iterator[Refusal]:
    steps = list(plan.steps.all())
    if not steps:
        yield Refusal("no-steps", "The plan has no steps: nothing was found is not the same as nothing to do.")
    if digest_of(change.workspace, steps) != plan.digest:
        yield Refusal("digest", "The stored steps are not the ones that were planned and approved. Plan again.")
    stops = stops_of(change)
    if stops:
        yield Refusal("checks", f"Checks stop it: {'; '.join(stop.reason for stop in stops)}.")


def _approval_refusals(change: ChangeRequest, plan: Plan) -> Iterator[Refusal]:
    judged = approvals.approvals_of(change, plan)
    if judged.decision is not policy.Decision.APPROVED:
        words = f"{judged.given} of {judged.needed} approvals count now"
        yield Refusal("approvals", f"The approval does not hold any more: {words}.", reviewable=True)
    starters = [change.submitted_by, plan.revision.editor, *([change.queued_by] if change.queued_by else [])]
    if change.policy == Policy.STANDING and not approvals.is_standing(change, plan, *starters):
        yield Refusal("standing", "The standing policy does not cover this change for who started it.")


def _starter_refusals(change: ChangeRequest) -> Iterator[Refusal]:
    starter = change.queued_by
    if starter is None and not change.workspace.auto_apply:
        yield Refusal("starter", "Nobody started the apply, and this workspace does not apply by itself.")
    if starter is not None and not can(actor_of_user(starter), Permission.APPLY, change.workspace):
        yield Refusal("starter", f"{starter.username} may not apply in this workspace any more.")
