"""The list of changes and the page of one; GET only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, workspaces_for
from mlopsportal.changes.filters import ChangeFilter
from mlopsportal.changes.models import ChangeQuerySet, ChangeRequest
from mlopsportal.changes.views.folding import Folding
from mlopsportal.changes.views.pages import ChangePage
from mlopsportal.changes.views.watching import Opened
from mlopsportal.ui.paging import KeysetPage, paginate

VIEWS = (("open", "Open"), ("review", "For my review"), ("mine", "Mine"), ("all", "All"))
_EMPTY = {
    "open": ("No open changes", "Whoever proposes one has it reviewed here."),
    "review": ("Nothing waits for your review", "Changes by others appear here once their plan is made."),
    "mine": ("You have opened no change", "A change carries YAML, written by hand or by a form."),
    "all": ("No changes yet", "Every wish for a workspace becomes one."),
}


@dataclass(frozen=True)
class ChangeListPage:
    """What `changes/change_list.html` shows."""

    view: str
    filter_form: Any  # django-filter builds the form class at run time
    changes: KeysetPage[ChangeRequest]
    may_open: bool
    views: tuple[tuple[str, str], ...] = VIEWS

    @property
    def empty_title(self) -> str:
        return _EMPTY[self.view][0]

    @property
    def empty_text(self) -> str:
        return _EMPTY[self.view][1]


@login_required
@require_GET
def change_list(request: HttpRequest) -> HttpResponse:
    view = request.GET.get("view", "open")
    view = view if view in dict(VIEWS) else "open"
    narrowed = ChangeFilter(request.GET, queryset=_of_view(view, request), user=request.user)
    rows = paginate(narrowed.qs.for_list(), request, order=("-id",))
    page = ChangeListPage(view, narrowed.form, rows, workspaces_for(request.user, Permission.OPEN).exists())
    return render(request, "changes/change_list.html", {"page": page})


def _of_view(view: str, request: HttpRequest) -> ChangeQuerySet:
    changes = ChangeRequest.objects.for_user(request.user)
    if view == "review":
        return changes.awaiting(request.user)
    if view == "mine":
        return changes.filter(author_id=request.user.pk)
    return changes.open() if view == "open" else changes


@login_required
@require_GET
@never_cache
def change_detail(request: HttpRequest, number: int) -> HttpResponse:
    return show_change(request, visible_change(request, number))


@login_required
@require_GET
@never_cache
def change_live(request: HttpRequest, number: int) -> HttpResponseBase:
    """Answer the page's polling with the pieces that others may have changed; 204 when there is nothing new.

    Never with a field that somebody may be typing in.
    """
    opened = Opened.of(request)
    page = ChangePage(
        visible_change(request, number), actor_of(request), tab=request.GET.get("tab", "plan"), opened=opened
    )
    if request.GET.get("seen") == page.watch.stamp and not page.watch.is_moving:
        return HttpResponse(status=204)
    return render(request, "changes/_live_pieces.html", {"page": page})


def visible_change(request: HttpRequest, number: int) -> ChangeRequest:
    """Return the change as the reader may see it. Raises Http404 for one of another workspace, too."""
    changes = ChangeRequest.objects.for_user(request.user).select_related(
        "workspace", "author", "submitted_by", "queued_by", "plan"
    )
    return get_object_or_404(changes, pk=number)


def show_change(request: HttpRequest, change: ChangeRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
    """Render the page of a change; `refusal` says why what was just asked for was not done. With htmx, and one of its
    parts asked for: only that."""
    asked = request.GET.get("revision", "")
    revision = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else None
    tab, folding = request.GET.get("tab", "plan"), Folding.of(request.GET)
    page = ChangePage(change, actor_of(request), tab=tab, revision=revision, folding=folding)
    if "HX-Request" in request.headers and folding.item is not None:
        return _piece(request, page)
    return render(request, "changes/change_detail.html", {"page": page, "refusal": refusal}, status=status)


def _piece(request: HttpRequest, page: ChangePage) -> HttpResponse:
    """Render what opens in the list of a change of many parts: one request, or one document. Raises Http404."""
    if page.tab == "documents" and page.revision.asked is not None:
        return render(request, "changes/_document.html", {"page": page, "document": page.revision.asked})
    if page.tab == "plan" and page.planned.asked is not None:
        return render(request, "changes/_request.html", {"page": page, "step": page.planned.asked, "as_of_now": True})
    raise Http404("There is no such part of this change.")
