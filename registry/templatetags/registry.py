"""The template tags of the registry: how old the mirror is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template
from django.utils import timezone

from registry.models import SyncRun, Workspace

register = template.Library()
OLD_AFTER = 5
"""A mirror is old when so many syncs should have come and did not."""
LEAST = timedelta(minutes=5)


@register.inclusion_tag("registry/_mirror_age.html")
def mirror_age(workspace: Workspace) -> dict[str, Any]:
    """Say when the workspace was last read wholly, with a warning when that is too long ago, and why."""
    limit = max(timedelta(seconds=workspace.sync_every_seconds) * OLD_AFTER, LEAST)
    is_old = workspace.synced_at is None or timezone.now() - workspace.synced_at > limit
    newest = SyncRun.objects.filter(workspace=workspace).order_by("-id").first() if is_old else None
    return {"workspace": workspace, "is_old": is_old, "sync": newest}
