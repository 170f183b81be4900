"""Taking a change for applying: lease, fence, gate and object locks in one transaction; sends nothing.

The lease keeps two workers apart, the fence finds out when it did not: it grows with each claim, and every
write of a worker to the rows first checks that its own is still the newest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from mlopsportal.audit.actions import SYSTEM, Action
from mlopsportal.audit.lines import told_by
from mlopsportal.audit.models import Event
from mlopsportal.changes import owners
from mlopsportal.changes.errors import LostClaim
from mlopsportal.changes.gate import Refusal, refusals
from mlopsportal.changes.models import ChangeRequest, ObjectLock, Step
from mlopsportal.changes.moving import Facts, move, record
from mlopsportal.changes.states import CLAIMABLE, WAITING, State, StepState

LEASE: Final = timedelta(seconds=30)
LOCK_RETRY: Final = timedelta(seconds=10)
MOST_DEATHS: Final = 3
MOST_LOOKS: Final = 6
"""After so many deaths not even reading back what is open is tried again."""
OPEN_STEPS: Final = (StepState.SENDING, StepState.UNKNOWN)


@dataclass(frozen=True)
class Claim:
    """A change in the hands of this worker. `refusal` is set when open steps may be read back, nothing written."""

    change_id: int
    fence: int
    refusal: str = ""


def is_free(now: datetime) -> Q:
    """No worker holds it. A lease far in the future was written by a clock that has since been set back."""
    return Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + 3 * LEASE)


def is_due(now: datetime) -> Q:
    return Q(retry_at=None) | Q(retry_at__lte=now)


def claim(change_id: int) -> Claim | None:
    """Take the change, or return None: somebody else has it, it is not its time, or it may not write.

    In one transaction: compare-and-swap on fence and lease, gate, object locks, and the move to APPLYING; or
    the move to where the change waits or goes back to.
    """
    now = timezone.now()
    with transaction.atomic():
        change = (
            ChangeRequest.objects.select_for_update(of=("self",))
            .select_related("workspace", "author", "submitted_by", "queued_by", "plan__revision")
            .filter(is_free(now), is_due(now), pk=change_id, state__in=CLAIMABLE)
            .first()
        )
        if change is None:
            return None
        died = change.state == State.APPLYING and change.lease_until is not None
        taken = ChangeRequest.objects.filter(pk=change.pk, fence=change.fence).update(
            fence=F("fence") + 1,
            claims=F("claims") + 1,
            deaths=F("deaths") + int(died),
            lease_until=now + LEASE,
            retry_at=None,
            claimed_by=owners.me(),
        )
        if not taken:
            return None
        change.fence, change.deaths = change.fence + 1, change.deaths + int(died)
        return _admit(change)


def _admit(change: ChangeRequest) -> Claim | None:
    """Let the change through, or put it where it has to wait; in the claim's transaction."""
    found = refusals(change)
    if change.deaths >= MOST_DEATHS:
        found = [Refusal("deaths", f"{change.deaths} workers stopped while applying it. An operator has to look.")]
    if found and not has_open_steps(change):
        _refuse(change, found)
        return None
    if change.deaths >= MOST_LOOKS and change.state == State.APPLYING:
        ChangeRequest.objects.filter(pk=change.pk).update(lease_until=None)
        move(change, State.UNKNOWN, actor=SYSTEM, reason=found[0].message)
        return None
    if not found and not _take_locks(change):
        _wait_for_lock(change)
        return None
    if not found and _is_news(change):
        facts: Facts = {"fence": change.fence, "plan_digest": change.plan_digest}
        record(change, Action.CHANGE_GATE_PASSED, actor=SYSTEM, facts=facts)
    if change.state != State.APPLYING:
        move(change, State.APPLYING, actor=SYSTEM, facts={"fence": change.fence})
    return Claim(change.pk, change.fence, " ".join(refusal.message for refusal in found))


def _is_news(change: ChangeRequest) -> bool:
    """Say whether the log does not tell yet that, since it was queued, the gate is open for the plan: a change
    that is parked again and again is let through at every claim."""
    said = Event.objects.filter(change=change.pk, action__in=[Action.CHANGE_GATE_PASSED, Action.CHANGE_GATE_REFUSED])
    if change.queued_at is not None:
        said = said.filter(at__gte=change.queued_at)
    last = said.order_by("-pk").first()
    if last is None or last.action != Action.CHANGE_GATE_PASSED:
        return True
    facts = told_by(last).get("facts") or {}
    return bool(facts.get("plan_digest") != change.plan_digest)


def _refuse(change: ChangeRequest, found: list[Refusal]) -> None:
    reason = " ".join(refusal.message for refusal in found)
    facts: Facts = {"codes": " ".join(refusal.code for refusal in found), "fence": change.fence}
    to = State.IN_REVIEW if all(refusal.reviewable for refusal in found) else State.FAILED
    if change.state == State.APPLYING:
        to = halted_state(change, State.FAILED)
    release_locks(change)
    ChangeRequest.objects.filter(pk=change.pk).update(lease_until=None)
    move(change, to, actor=SYSTEM, reason=reason, action=Action.CHANGE_GATE_REFUSED, facts=facts)


def halted_state(change: ChangeRequest, wanted: State) -> State:
    """Return where a stopped apply ends: UNKNOWN while something may still be on its way, PARTIALLY_APPLIED once
    a step has arrived, else `wanted`."""
    if has_open_steps(change):
        return State.UNKNOWN
    arrived = Step.objects.filter(plan=change.plan, state=StepState.VERIFIED).exists()
    return State.PARTIALLY_APPLIED if arrived and wanted != State.UNKNOWN else wanted


def has_open_steps(change: ChangeRequest) -> bool:
    """Say whether a step was begun of which nobody knows yet whether it arrived."""
    return Step.objects.filter(plan=change.plan, state__in=OPEN_STEPS).exists()


def _take_locks(change: ChangeRequest) -> bool:
    """Lock every object of the plan for this change, all or none."""
    now = timezone.now()
    refs = set(Step.objects.filter(plan=change.plan).values_list("ref", flat=True))
    held = set(ObjectLock.objects.filter(change=change).values_list("ref", flat=True))
    locks = [
        ObjectLock(workspace=change.workspace, ref=ref, change=change, taken_at=now) for ref in sorted(refs - held)
    ]
    try:
        with transaction.atomic():
            ObjectLock.objects.bulk_create(locks)
    except IntegrityError:
        return False
    return True


def _wait_for_lock(change: ChangeRequest) -> None:
    ChangeRequest.objects.filter(pk=change.pk).update(
        lease_until=None, retry_at=timezone.now() + LOCK_RETRY, woken_at=None
    )
    refs = Step.objects.filter(plan=change.plan).values("ref")
    holders = ObjectLock.objects.filter(workspace=change.workspace, ref__in=refs).exclude(change=change)
    numbers = sorted(set(holders.values_list("change_id", flat=True)))
    if change.state in (State.QUEUED, *WAITING) and change.state != State.WAITING_FOR_LOCK:
        reason = f"Change {', '.join(map(str, numbers))} is being applied to the same object."
        move(change, State.WAITING_FOR_LOCK, actor=SYSTEM, reason=reason)


def release_locks(change: ChangeRequest) -> None:
    ObjectLock.objects.filter(change=change).delete()


def renew(claim: Claim) -> None:
    """Extend the lease. Raises LostClaim when another worker has taken the change: then stop at once."""
    renewed = ChangeRequest.objects.filter(pk=claim.change_id, fence=claim.fence, state=State.APPLYING).update(
        lease_until=timezone.now() + LEASE
    )
    if not renewed:
        raise LostClaim(claim.change_id, claim.fence)


def park(claim: Claim, *, until: datetime, reason: str) -> None:
    """Let go of the change until a time, still APPLYING; the sweep wakes a worker then. Raises LostClaim."""
    with transaction.atomic():
        renew(claim)
        change = ChangeRequest.objects.select_related("workspace").get(pk=claim.change_id)
        is_news = change.reason != reason
        change.lease_until, change.retry_at, change.woken_at, change.reason = None, until, None, reason
        change.save(update_fields=["lease_until", "retry_at", "woken_at", "reason"])
        if is_news:
            record(change, Action.CHANGE_WAITING, actor=SYSTEM, note=reason, facts={"fence": claim.fence})
