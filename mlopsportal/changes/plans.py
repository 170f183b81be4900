"""A plan as rows: asking for one, its digest, its summary; knows nothing of how a plan is worked out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, TypedDict

from django.utils import timezone

from mlopsportal.changes.models import ChangeRequest, Plan, Revision, Step
from mlopsportal.changes.states import PlanState, StepAction
from mlopsportal.queue.enqueue import enqueue
from mlopsportal.specs import digest
from registry.models import Workspace

PLAN_TASK = "mlopsportal.changes.tasks.plan_change"
_REMOVALS = frozenset({StepAction.DELETE, StepAction.ARCHIVE})
_ADDITIONS = frozenset({StepAction.CREATE, StepAction.RESTORE, StepAction.RUN})


class Summary(TypedDict):
    """How many steps add, change and remove something."""

    add: int
    change: int
    remove: int


def request_plan(change: ChangeRequest, revision: Revision) -> Plan:
    """Make a plan row that is still to be worked out, the change's current one, and wake a worker; in the
    caller's transaction, so that the wake-up is lost with the row or not at all."""
    now = timezone.now()
    plan = Plan.objects.create(revision=revision, state=PlanState.MAKING, requested_at=now, woken_at=now)
    change.plan = plan
    change.save(update_fields=["plan"])
    enqueue(PLAN_TASK, plan.pk)
    return plan


def digest_of(workspace: Workspace, steps: Iterable[Step]) -> str:
    """Digest the steps as they are stored: body hashes are taken of the bytes, not of the column beside them."""
    ordered = sorted(steps, key=lambda step: step.position)
    return digest.plan_digest(
        target=_target(workspace),
        steps=[_digested(step) for step in ordered],
        requests=[_request(step) for step in ordered if step.is_remote],
    )


def _target(workspace: Workspace) -> dict[str, Any]:
    return {"cloud": workspace.cloud, "workspace": workspace.base}


def _digested(step: Step) -> dict[str, Any]:
    return {
        "position": step.position,
        "ref": step.ref,
        "action": str(step.action),
        "base": step.base,
        "after": step.after,
        "with_defaults": step.with_defaults,
    }


def _request(step: Step) -> dict[str, Any]:
    return {
        "position": step.position,
        "method": step.method,
        "arm_id": step.arm_id,
        "api_version": step.api_version,
        "sha256": hashlib.sha256(step.payload_bytes).hexdigest(),
    }


def summary_of(steps: Iterable[Step]) -> Summary:
    """Count what the steps do, as "+2 ~1 -0" is shown."""
    actions = [(step.action, step.base) for step in steps]
    add = sum(
        action in _ADDITIONS or (action == StepAction.STORE and base == digest.ABSENT) for action, base in actions
    )
    remove = sum(action in _REMOVALS for action, _ in actions)
    return {"add": add, "change": len(actions) - add - remove, "remove": remove}
