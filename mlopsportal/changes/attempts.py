"""One sending of one step, as rows and events: begun before the first byte, ended exactly once.

Each function commits before it returns, and each first makes sure that the worker still holds the change.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from mlopsportal.audit import log
from mlopsportal.audit.actions import SYSTEM, Action
from mlopsportal.audit.leaf import Fact
from mlopsportal.changes.claiming import Claim, renew
from mlopsportal.changes.errors import LostClaim
from mlopsportal.changes.models import Attempt, ChangeRequest, Step
from mlopsportal.changes.states import Outcome, StepState

MOST_ATTEMPTS: Final = 8


def begin(claim: Claim, change: ChangeRequest, step: Step) -> Attempt:
    """Write down that the step is about to be sent. Raises LostClaim."""
    with transaction.atomic():
        renew(claim)
        _set(claim, step, StepState.SENDING)
        attempt = Attempt.objects.create(
            step=step, number=step.attempts.count() + 1, fence=claim.fence, begun_at=timezone.now()
        )
        _record(change, step, attempt, Action.STEP_BEGIN)
    return attempt


def end(
    claim: Claim,
    change: ChangeRequest,
    step: Step,
    attempt: Attempt,
    outcome: Outcome,
    *,
    to: StepState,
    message: str = "",
    status: int | None = None,
    request_id: str = "",
) -> None:
    """Write down how the attempt ended and where that leaves the step; in a transaction of its own or the caller's.

    Raises LostClaim, also when another worker has ended the attempt already.
    """
    with transaction.atomic():
        renew(claim)
        ended = Attempt.objects.filter(pk=attempt.pk, ended_at=None).update(
            ended_at=timezone.now(), outcome=outcome, status_code=status, request_id=request_id[:100], message=message
        )
        if not ended:
            raise LostClaim(claim.change_id, claim.fence)
        attempt.outcome, attempt.status_code = outcome, status
        _set(claim, step, to, message)
        _record(change, step, attempt, Action.STEP_END, note=message)


def close_open(claim: Claim, change: ChangeRequest, step: Step) -> None:
    """End what a worker that is gone has begun: its outcome is unknown until the object is read."""
    for attempt in step.attempts.filter(ended_at=None):
        end(
            claim,
            change,
            step,
            attempt,
            Outcome.UNKNOWN,
            to=StepState.UNKNOWN,
            message="The worker stopped before it could write down the answer.",
        )


def verified(claim: Claim, step: Step) -> None:
    """Mark the step as arrived, in the caller's transaction. Raises LostClaim."""
    renew(claim)
    _set(claim, step, StepState.VERIFIED)
    step.verified_at = timezone.now()
    step.save(update_fields=["verified_at"])


def forget_unknown(claim: Claim, step: Step) -> None:
    """Let a step be sent again once it is known that nothing of it arrived. Raises LostClaim."""
    with transaction.atomic():
        renew(claim)
        _set(claim, step, StepState.PENDING)


def since_queued(change: ChangeRequest, step: Step) -> int:
    """Return how often the step was sent since somebody last started the apply: what the bound is about."""
    attempts = step.attempts.all()
    return attempts.count() if change.queued_at is None else attempts.filter(begun_at__gte=change.queued_at).count()


def _set(claim: Claim, step: Step, to: StepState, error: str = "") -> None:
    moved = Step.objects.filter(pk=step.pk).exclude(state=StepState.VERIFIED).update(state=to, error=error)
    if not moved:
        raise LostClaim(claim.change_id, claim.fence)
    step.state, step.error = to, error


def _record(change: ChangeRequest, step: Step, attempt: Attempt, action: Action, note: str = "") -> None:
    facts: dict[str, Fact] = {
        "step": step.position,
        "attempt": attempt.number,
        "fence": attempt.fence,
        "verb": str(step.action),
        "plan_digest": change.plan_digest,
    }
    if action == Action.STEP_BEGIN:
        facts |= {"method": step.method, "sha256": step.payload_sha256, "base": step.base}
    else:
        facts |= {"outcome": str(attempt.outcome), "status": attempt.status_code}
    log.record(
        action,
        actor=SYSTEM,
        workspace=change.workspace.slug,
        target=step.ref,
        change=change.pk,
        note=note,
        before=step.before if action == Action.STEP_BEGIN else None,
        after=step.after if action == Action.STEP_BEGIN else None,
        facts=facts,
    )
