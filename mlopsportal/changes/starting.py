"""Starting the apply of an approved change, taking it up again, and giving it up; sends nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from mlopsportal.accounts.roles import Permission, can, require
from mlopsportal.audit.actions import Action, Actor
from mlopsportal.changes.errors import CannotCompensate, InvalidDocuments, NotEligible, WrongState
from mlopsportal.changes.models import ChangeRequest, Step
from mlopsportal.changes.moving import Facts, move, record
from mlopsportal.changes.proposing import checked_text, locked, open_change, require_own_by_token, user_of
from mlopsportal.changes.settling import enqueue_apply, stops_of
from mlopsportal.changes.states import RESUMABLE, State, StepAction, StepState

_UNDO: Final[Mapping[str, str]] = {
    StepAction.ARCHIVE: "restore",
    StepAction.RESTORE: "archive",
    StepAction.ENABLE: "disable",
    StepAction.DISABLE: "enable",
    StepAction.RUN: "cancel",
}


def request_apply(change: ChangeRequest, *, actor: Actor) -> ChangeRequest:
    """Queue an approved change for applying. A second call finds it queued: WrongState, and one effect.

    Takes the right to apply and a browser session. Raises NotAllowed, WrongState, also for a soft check that
    failed and was not overridden, and for one whose level asks for another plan (`wanted` names them).
    """
    with transaction.atomic():
        change = locked(change)
        require(actor, Permission.APPLY, change.workspace)
        if change.state != State.APPROVED:
            raise WrongState(change.state, "apply")
        stops = stops_of(change)
        if stops:
            raise WrongState(change.state, f"apply while {'; '.join(stop.reason for stop in stops)}")
        enqueue_apply(change, by=user_of(actor), actor=actor)
    return change


def resume(change: ChangeRequest, *, actor: Actor) -> ChangeRequest:
    """Go on under the same approval: try failed steps again, read back the unknown one. Verified steps stay.

    Raises NotAllowed, WrongState.
    """
    with transaction.atomic():
        change = locked(change)
        require(actor, Permission.APPLY, change.workspace)
        if change.state not in RESUMABLE:
            raise WrongState(change.state, "resume")
        Step.objects.filter(plan=change.plan, state__in=[StepState.FAILED, StepState.STALE]).update(
            state=StepState.PENDING, error=""
        )
        enqueue_apply(change, by=user_of(actor), actor=actor, action=Action.CHANGE_RESUMED)
    return change


def withdraw(change: ChangeRequest, *, actor: Actor, reason: str = "") -> ChangeRequest:
    """Give the change up: its author may, and an admin. Not while something may be on its way.

    Raises NotAllowed, NotEligible, WrongState.
    """
    reason = checked_text(reason, "reason")
    with transaction.atomic():
        change = locked(change)
        require(actor, Permission.READ, change.workspace)
        require_own_by_token(actor, change)
        if change.author_id != actor.user_id and not can(actor, Permission.MANAGE, change.workspace):
            raise NotEligible("Only its author, or an admin of the workspace, may withdraw a change.")
        if Step.objects.filter(plan=change.plan, state__in=[StepState.SENDING, StepState.UNKNOWN]).exists():
            raise WrongState(change.state, "withdraw while the outcome of a step is unknown")
        move(change, State.WITHDRAWN, actor=actor, reason=reason)
    return change


def override(change: ChangeRequest, *, code: str, reason: str, actor: Actor) -> ChangeRequest:
    """Set a failed soft check aside, for this plan only; the reason is kept. Raises NotAllowed, WrongState,
    InvalidDocuments for a check that did not fail or is not soft by the levels of now, or without a reason."""
    reason = checked_text(reason, "reason").strip()
    with transaction.atomic():
        change = locked(change)
        require(actor, Permission.OVERRIDE, change.workspace)
        if not change.is_open or not change.plan_digest:
            raise WrongState(change.state, "override")
        if not reason or code not in {stop.code for stop in stops_of(change) if stop.can_override}:
            raise InvalidDocuments("Only a soft check that failed can be overridden, and only with a reason.")
        entry = {"code": code, "plan_digest": change.plan_digest, "by": actor.name, "reason": reason}
        change.overrides = [*change.overrides, entry]
        change.save(update_fields=["overrides"])
        facts: Facts = {"code": code, "plan_digest": change.plan_digest}
        record(change, Action.CHANGE_OVERRIDDEN, actor=actor, note=reason, facts=facts)
    return change


def compensate(change: ChangeRequest, *, actor: Actor) -> ChangeRequest:
    """Open a change that takes back what a partial apply has sent; return it. The partial one is superseded.

    Raises CannotCompensate for what no action document takes back (an edited schedule: write what should be there).
    """
    with transaction.atomic():
        change = locked(change)
        require(actor, Permission.OPEN, change.workspace)
        if change.state != State.PARTIALLY_APPLIED:
            raise WrongState(change.state, "compensate")
        documents = _undoing_documents(change)
        opened = open_change(
            change.workspace,
            documents,
            actor=actor,
            title=f"Take back change {change.pk}"[:200],
            description=f"Takes back the steps of change {change.pk} that were applied before it stopped.",
        )
        move(change, State.SUPERSEDED, actor=actor, reason=f"Change {opened.pk} takes it back.")
    return opened


def _undoing_documents(change: ChangeRequest) -> list[tuple[str, str]]:
    done = Step.objects.filter(plan=change.plan, state=StepState.VERIFIED).order_by("-position")
    undo = [(step, _undo(step)) for step in done]
    missing = [step.ref for step, verb in undo if verb is None]
    if missing:
        raise CannotCompensate(missing, change.state)
    return [(f"take-back-{step.position}.yml", f'action: {verb}\ntarget: "{step.ref}"\n') for step, verb in undo]


def _undo(step: Step) -> str | None:
    if step.action in (StepAction.CREATE, StepAction.STORE) and step.before is None:
        return "delete" if step.ref.startswith(("schedule:", "trigger:")) else "archive"
    return _UNDO.get(step.action)
