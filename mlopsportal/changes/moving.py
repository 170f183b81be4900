"""The one function that moves a change from state to state; knows the table of moves, not the reasons for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils import timezone

from mlopsportal.audit import log
from mlopsportal.audit.actions import Action, Actor
from mlopsportal.audit.leaf import Fact
from mlopsportal.changes.errors import WrongState
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import MOVES, TERMINAL, State

Facts = Mapping[str, Fact]

_ACTION: Final[Mapping[State, Action]] = {
    State.PLANNING: Action.CHANGE_SUBMITTED,
    State.IN_REVIEW: Action.CHANGE_SUBMITTED,
    State.APPROVED: Action.CHANGE_APPROVED,
    State.QUEUED: Action.CHANGE_QUEUED,
    State.APPLYING: Action.CHANGE_APPLYING,
    State.APPLIED: Action.CHANGE_APPLIED,
    State.CHANGES_REQUESTED: Action.CHANGE_CHANGES_REQUESTED,
    State.WAITING_FOR_WINDOW: Action.CHANGE_WAITING,
    State.WAITING_FOR_LOCK: Action.CHANGE_WAITING,
    State.PLAN_FAILED: Action.CHANGE_PLAN_FAILED,
    State.STALE: Action.CHANGE_STALE,
    State.FAILED: Action.CHANGE_FAILED,
    State.PARTIALLY_APPLIED: Action.CHANGE_PARTIALLY_APPLIED,
    State.UNKNOWN: Action.CHANGE_UNKNOWN,
    State.NO_CHANGE: Action.CHANGE_NO_CHANGE,
    State.REJECTED: Action.CHANGE_REJECTED,
    State.WITHDRAWN: Action.CHANGE_WITHDRAWN,
    State.SUPERSEDED: Action.CHANGE_SUPERSEDED,
    State.EXPIRED: Action.CHANGE_EXPIRED,
}


def move(
    change: ChangeRequest,
    to: State,
    *,
    actor: Actor,
    reason: str = "",
    note: str = "",
    action: Action | None = None,
    facts: Facts | None = None,
) -> ChangeRequest:
    """Move `change` to `to` by compare-and-swap and write the event, in the caller's transaction.

    `reason` says in words why it is there, and is shown until the next move; `note` is only logged. `action` is the
    verb of the log where the state alone does not tell it. Raises WrongState when the table does not know the move,
    or somebody moved the change meanwhile.
    """
    now, origin = timezone.now(), State(change.state)
    if to not in MOVES[origin]:
        raise WrongState(origin, to)
    closed_at = now if to in TERMINAL else None
    moved = ChangeRequest.objects.filter(pk=change.pk, state=origin).update(
        state=to, reason=reason, updated_at=now, closed_at=closed_at
    )
    if not moved:
        current = ChangeRequest.objects.values_list("state", flat=True).get(pk=change.pk)
        raise WrongState(current, to)
    change.state, change.reason, change.updated_at, change.closed_at = to, reason, now, closed_at
    record(
        change,
        action or _ACTION[to],
        actor=actor,
        note=note or reason,
        facts={**(facts or {}), "origin": origin, "state": to},
    )
    return change


def record(
    change: ChangeRequest,
    action: Action,
    *,
    actor: Actor,
    note: str = "",
    before: object = None,
    after: object = None,
    facts: Facts | None = None,
) -> None:
    """Write an event about the change, in the caller's transaction."""
    log.record(
        action,
        actor=actor,
        workspace=change.workspace.slug,
        target=f"change:{change.pk}",
        change=change.pk,
        before=before,
        after=after,
        note=note,
        facts={name: str(value) if isinstance(value, str) else value for name, value in (facts or {}).items()},
    )
