"""Opening a change: the address chooses the form and the workspace, the forms do the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, require, workspaces_for
from mlopsportal.changes.forms import WishForm
from mlopsportal.changes.views.action_wish import action_wish, run_wish
from mlopsportal.changes.views.schedule_wish import schedule_wish
from mlopsportal.changes.views.wishing import NewChangePage
from mlopsportal.changes.views.writing import from_documents
from registry.models import Workspace

Opener = Callable[[HttpRequest, Workspace, list[str]], HttpResponse]
STANDING: Final = {"run": Permission.RUN, "cancel": Permission.CANCEL, "disable": Permission.PAUSE}
_OPENERS: Final[dict[str, Opener]] = {
    "new_version": from_documents,
    "schedule": schedule_wish,
    "run": run_wish,
    **{action: action_wish(action) for action in ("archive", "restore", "enable", "disable", "delete", "cancel")},
}


@login_required
@require_http_methods(["GET", "POST"])
def change_new(request: HttpRequest) -> HttpResponse:
    """Open a change: `?action=` chooses the form (schedule, run, archive, …), without it the documents are written."""
    given = request.POST if request.method == "POST" else request.GET
    action = request.GET.get("action", "")
    workspaces = _workspaces(request, action)
    slug = given.get("ws", "") or (workspaces[0] if workspaces else "")
    if slug and slug not in workspaces:
        workspace = get_object_or_404(Workspace.objects.for_user(request.user), slug=slug)
        require(actor_of(request), STANDING.get(action, Permission.OPEN), workspace)
    chosen = Workspace.objects.filter(slug=slug).first() if slug in workspaces else None
    if chosen is None:
        page = NewChangePage("Propose a change", WishForm(workspaces=[]), None, [])
        return render(request, "changes/change_new.html", {"page": page})
    opener = _OPENERS.get(action)
    if action and opener is None:
        raise BadRequest(f"There is no form for “{action[:40]}”.")
    return (opener or from_documents)(request, chosen, workspaces)


def _workspaces(request: HttpRequest, action: str) -> list[str]:
    """Return the slugs of the workspaces in which the reader may open such a change."""
    allowed = [Permission.OPEN, *([STANDING[action]] if action in STANDING else [])]
    slugs: set[str] = set()
    for permission in allowed:
        rows = Workspace.objects.filter(pk__in=workspaces_for(request.user, permission))
        slugs |= set(rows.values_list("slug", flat=True))
    return sorted(slugs)
