"""Triggers as rows of the portal: their state as JSON, its fingerprint, and writing it; knows no plan.

Only the apply of a change calls `write`: a trigger goes through plan, review and audit like everything else.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from mlopsportal.audit import log
from mlopsportal.audit.actions import SYSTEM, Action
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.specs import digest
from registry.models import Workspace
from scheduling.models import Trigger

Json = dict[str, Any]


def current(workspace: Workspace, name: str) -> Json | None:
    """Return what the trigger is now, None when there is none."""
    trigger = Trigger.objects.filter(workspace=workspace, name=name).first()
    return None if trigger is None else _state(trigger)


def _state(trigger: Trigger) -> Json:
    return {
        "display_name": trigger.display_name,
        "description": trigger.description,
        "type": trigger.type,
        "spec": trigger.spec,
        "pipeline_ref": trigger.pipeline_ref,
        "is_enabled": trigger.is_enabled,
    }


def fingerprint(state: Json | None) -> str:
    return digest.ABSENT if state is None else digest.definition_digest(state)


def write(change: ChangeRequest, name: str, before: Json | None, after: Json | None) -> None:
    """Make the trigger what `after` says (None removes it), in the caller's transaction, with its event."""
    workspace, now = change.workspace, timezone.now()
    if after is None:
        Trigger.objects.filter(workspace=workspace, name=name).delete()
        action = Action.TRIGGER_REMOVED
    else:
        values = {**after, "fingerprint": fingerprint(after), "change": change.pk, "modified_at": now}
        Trigger.objects.update_or_create(
            workspace=workspace, name=name, defaults=values, create_defaults={**values, "created_at": now}
        )
        action = Action.TRIGGER_CREATED if before is None else Action.TRIGGER_CHANGED
    log.record(
        action,
        actor=SYSTEM,
        workspace=workspace.slug,
        target=f"trigger:{name}",
        change=change.pk,
        before=before,
        after=after,
        facts={"plan_digest": change.plan_digest},
    )
