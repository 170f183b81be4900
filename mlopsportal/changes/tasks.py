"""What the queue calls: a body loads nothing and calls one function, so that calling it twice does nothing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mlopsportal.changes import applying, owners, planning
from mlopsportal.changes.claiming import is_due, is_free
from mlopsportal.changes.models import ChangeRequest, Plan
from mlopsportal.changes.plans import PLAN_TASK
from mlopsportal.changes.settling import APPLY_TASK
from mlopsportal.changes.states import CLAIMABLE, PlanState, State
from mlopsportal.queue.enqueue import enqueue

_PATIENCE: Final = timedelta(seconds=30)
_AT_ONCE: Final = 100


def plan_change(plan_id: int) -> None:
    planning.make_plan(plan_id)


def apply_change(change_id: int) -> None:
    applying.apply_change(change_id)


def sweep() -> None:
    """Wake a worker for everything that is due: the rows are the truth, a lost queue row loses nothing.

    Nothing is woken twice within half a minute, so that a queue without workers does not fill up.
    """
    release_leases()
    now = timezone.now()
    not_woken = Q(woken_at=None) | Q(woken_at__lt=now - _PATIENCE) | Q(woken_at__gt=now + _PATIENCE)
    with transaction.atomic():
        due_plans = Plan.objects.filter(not_woken, is_free(now), is_due(now), state=PlanState.MAKING)
        for pk in list(due_plans.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
            Plan.objects.filter(pk=pk).update(woken_at=now)
            enqueue(PLAN_TASK, pk)
        due_changes = ChangeRequest.objects.filter(not_woken, is_free(now), is_due(now), state__in=CLAIMABLE)
        for pk in list(due_changes.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
            ChangeRequest.objects.filter(pk=pk).update(woken_at=now)
            enqueue(APPLY_TASK, pk)


def release_leases() -> None:
    """End the leases of processes of this host that are gone, instead of waiting for the leases to run out."""
    now = timezone.now()
    held_plans = Plan.objects.filter(state=PlanState.MAKING, lease_until__gt=now)
    held_changes = ChangeRequest.objects.filter(state=State.APPLYING, lease_until__gt=now)
    for held in (held_plans, held_changes):
        for pk, owner in held.exclude(claimed_by="").values_list("pk", "claimed_by")[:_AT_ONCE]:
            if owners.is_gone(owner):
                past = now - timedelta(seconds=1)
                held.filter(pk=pk, claimed_by=owner).update(lease_until=past, woken_at=None)
