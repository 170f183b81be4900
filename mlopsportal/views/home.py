"""My work and search, which need several rooms: each only lays the answers of the rooms together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, workspaces_for
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from registry.models import Finding, Run, RunStatus, SearchEntry, Workspace
from registry.searching import KINDS, search
from scheduling.models import Schedule

_SHOWN = 8
_RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Home:
    """What `home.html` shows: what waits for this person, and what goes on where they may look."""

    workspaces: Sequence[Workspace]
    for_review: Iterable[ChangeRequest]
    for_apply: Iterable[ChangeRequest]
    mine: Iterable[ChangeRequest]
    failed_runs: Iterable[Run]
    active_runs: Iterable[Run]
    next_fires: Iterable[Schedule]
    findings: Iterable[Finding]
    may_open: bool
    since: datetime

    @property
    def is_quiet(self) -> bool:
        """Does nothing at all wait for this person?"""
        return not (self.for_review or self.for_apply or self.mine)


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    user, since = request.user, timezone.now() - _RECENT
    workspaces = list(Workspace.objects.for_user(user).order_by("slug"))
    changes = ChangeRequest.objects.for_user(user).for_list().order_by("-id")
    runs = Run.objects.filter(workspace__in=workspaces, is_archived__in=[False]).for_list().select_related("workspace")
    applicable = changes.filter(state=State.APPROVED, workspace__in=workspaces_for(user, Permission.APPLY))
    page = Home(
        workspaces=workspaces,
        for_review=changes.awaiting(user)[:_SHOWN],
        for_apply=applicable[:_SHOWN],
        mine=changes.open().filter(author_id=user.pk)[:_SHOWN],
        failed_runs=runs.filter(status=RunStatus.FAILED, started_at__gte=since).order_by("-started_at", "-id")[:_SHOWN],
        active_runs=runs.active().order_by("-started_at", "-id")[:_SHOWN],
        next_fires=Schedule.objects.filter(workspace__in=workspaces).due_next().for_list()[:_SHOWN],
        findings=Finding.objects.filter(workspace__in=workspaces, resolved_at=None)
        .select_related("workspace")
        .order_by("-found_at", "-id")[:_SHOWN],
        may_open=workspaces_for(user, Permission.OPEN).exists(),
        since=since,
    )
    return render(request, "home.html", {"page": page, "actor": actor_of(request)})


@dataclass(frozen=True)
class SearchPage:
    """What `search.html` shows."""

    query: str
    kind: str
    kinds: Sequence[str]
    results: Sequence[SearchEntry]
    changes: Iterable[ChangeRequest]


def _found(request: HttpRequest, query: str, kind: str) -> list[SearchEntry]:
    """Return the newest of one kind, or a few of each: runs are many, and would leave no place for anything else."""
    workspaces = Workspace.objects.for_user(request.user)
    if kind:
        return search(workspaces, query, kind)
    return [entry for each in KINDS for entry in search(workspaces, query, each, limit=_SHOWN)]


@login_required
@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    query, kind = request.GET.get("q", "").replace("\x00", "").strip()[:200], request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    changes = ChangeRequest.objects.for_user(request.user).for_list().filter(title__icontains=query).order_by("-id")
    page = SearchPage(
        query=query,
        kind=kind,
        kinds=KINDS,
        results=_found(request, query, kind) if query else [],
        changes=list(changes[:_SHOWN]) if query and not kind else [],
    )
    return render(request, "search.html", {"page": page})
