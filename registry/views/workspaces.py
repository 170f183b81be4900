"""The pages of workspaces: list, add, edit, connection test, overview, syncs, findings, lineage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, can, may_add_workspaces, require, require_to_add_workspaces
from mlopsportal.specs.graph import Edge, Graph, Node
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.addresses import ref_address
from mlopsportal.ui.drawing import Drawing, drawing_of
from mlopsportal.ui.paging import KeysetPage, paginate
from registry import workflow
from registry.errors import AlreadyAnswered, WorkspaceExists
from registry.filters import FindingFilter
from registry.forms import WorkspaceForm
from registry.lineage import NEWEST_RUNS, STEP_MARK, Lineage, is_known, lineage_of
from registry.models import Finding, SyncRun, SyncState, Workspace
from registry.overview import Overview, overview_of
from registry.reading import LineageForm
from registry.views.access import reader, visible_workspace

_SYNCS_SHOWN = 20


@dataclass(frozen=True)
class WorkspaceListPage:
    """What `registry/workspace_list.html` shows."""

    workspaces: list[Workspace]
    managed: set[int]
    may_add: bool


@dataclass(frozen=True)
class WorkspaceFormPage:
    """What `registry/workspace_form.html` shows; `workspace` is None for a new one."""

    form: WorkspaceForm
    workspace: Workspace | None
    may_move: bool = True


@dataclass(frozen=True)
class OverviewPage:
    """What `registry/workspace_detail.html` shows."""

    workspace: Workspace
    overview: Overview
    may_manage: bool


@dataclass(frozen=True)
class SyncPage:
    """What `registry/sync_list.html` and its live part show; the newest sync comes first."""

    workspace: Workspace
    syncs: list[SyncRun]

    @property
    def current(self) -> SyncRun | None:
        return next((sync for sync in self.syncs if sync.state in (SyncState.RUNNING, SyncState.PAUSED)), None)


@dataclass(frozen=True)
class FindingListPage:
    """What `registry/finding_list.html` shows."""

    workspace: Workspace
    filter_form: Any  # django-filter builds the form class at run time
    findings: KeysetPage[Finding]
    may_answer: bool
    strangers: Sequence[str] = ()


@dataclass(frozen=True)
class LineagePage:
    """What `registry/lineage.html` shows; `lineage` is None while nothing is asked that can be read and is known."""

    workspace: Workspace
    form: LineageForm
    lineage: Lineage | None = None
    drawing: Drawing | None = None
    unknown: Ref | None = None

    newest = NEWEST_RUNS

    @property
    def about(self) -> str:
        """What it is the lineage of, in words: "pipeline train 3"."""
        if self.lineage is None:
            return ""
        ref = self.lineage.ref
        kind = "pipeline" if ref.kind == "component" and ref.name in self.lineage.pipelines else ref.kind
        return " ".join(part for part in (kind, ref.name, ref.version) if part)


@login_required
@require_safe
def workspace_list(request: HttpRequest) -> HttpResponse:
    """The workspaces the reader may see."""
    actor = actor_of(request)
    rows = list(Workspace.objects.for_user(reader(request)).order_by("slug"))
    managed = {row.pk for row in rows if can(actor, Permission.MANAGE, row)}
    page = WorkspaceListPage(rows, managed, may_add=may_add_workspaces(actor))
    return render(request, "registry/workspace_list.html", {"page": page})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def workspace_add(request: HttpRequest) -> HttpResponse:
    """Add a workspace."""
    require_to_add_workspaces(actor_of(request))
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            workspace = workflow.add_workspace(form.cleaned_data["slug"], form.settings(), actor=actor_of(request))
        except WorkspaceExists as error:
            form.add_error(None, f"{error}: another short name or another place, please.")
        else:
            messages.success(request, f"{workspace.slug} was added; its connection is being tested.")
            return redirect("workspace-list")
    return render(request, "registry/workspace_form.html", {"page": WorkspaceFormPage(form, None)})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def workspace_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a workspace's settings."""
    workspace = visible_workspace(request, slug)
    require(actor_of(request), Permission.MANAGE, workspace)
    initial = workflow.settings_of(workspace) | {"slug": workspace.slug}
    may_move = workflow.may_move(workspace, actor=actor_of(request))
    form = WorkspaceForm(request.POST or None, initial=initial, is_new=False, may_move=may_move)
    if request.method == "POST" and form.is_valid():
        try:
            workflow.edit_workspace(workspace, form.settings(), actor=actor_of(request))
        except WorkspaceExists:
            form.add_error(None, "Another workspace row points at this place already.")
        else:
            messages.success(request, f"The settings of {workspace.slug} were saved.")
            return redirect("workspace-list")
    return render(request, "registry/workspace_form.html", {"page": WorkspaceFormPage(form, workspace, may_move)})


@login_required
@require_POST
def workspace_check(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a worker test the connection."""
    workspace = visible_workspace(request, slug)
    workflow.request_connection_check(workspace, actor=actor_of(request))
    if "HX-Request" in request.headers:
        return render(request, "registry/_connection.html", {"workspace": workspace})
    return redirect("workspace-list")


@login_required
@require_safe
def workspace_connection(request: HttpRequest, slug: str) -> HttpResponse:
    """The result of the connection test, for polling while it runs."""
    workspace = visible_workspace(request, slug)
    return render(request, "registry/_connection.html", {"workspace": workspace})


@login_required
@require_safe
def workspace_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """What a workspace holds and how it is."""
    workspace = visible_workspace(request, slug)
    may_manage = can(actor_of(request), Permission.MANAGE, workspace)
    page = OverviewPage(workspace, overview_of(workspace), may_manage)
    return render(request, "registry/workspace_detail.html", {"page": page})


def sync_page(workspace: Workspace) -> SyncPage:
    return SyncPage(workspace, list(SyncRun.objects.filter(workspace=workspace).order_by("-id")[:_SYNCS_SHOWN]))


@login_required
@require_safe
def sync_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The syncs of a workspace, the one under way with its progress. With htmx: only the part that changes."""
    template = "registry/_sync_live.html" if "HX-Request" in request.headers else "registry/sync_list.html"
    return render(request, template, {"page": sync_page(visible_workspace(request, slug))})


@login_required
@require_POST
def sync_now(request: HttpRequest, slug: str) -> HttpResponse:
    """Start a sync, unless one is under way."""
    workflow.request_sync(visible_workspace(request, slug), actor=actor_of(request))
    return redirect("sync-list", slug)


@login_required
@require_safe
def finding_list(request: HttpRequest, slug: str) -> HttpResponse:
    """What the mirror noticed."""
    workspace = visible_workspace(request, slug)
    narrowed = FindingFilter(request.GET, queryset=Finding.objects.filter(workspace=workspace))
    page = FindingListPage(
        workspace,
        narrowed.form,
        paginate(narrowed.shown, request, order=("-found_at", "-id")),
        may_answer=can(actor_of(request), Permission.MANAGE, workspace),
        strangers=narrowed.strangers,
    )
    return render(request, "registry/finding_list.html", {"page": page}, status=narrowed.status)


@login_required
@require_POST
def finding_confirm(request: HttpRequest, slug: str, key: int) -> HttpResponse:
    """Say that what a landslide held is gone."""
    return _answer(request, slug, key, workflow.confirm_finding, "The next sync marks them as missing.")


@login_required
@require_POST
def finding_dismiss(request: HttpRequest, slug: str, key: int) -> HttpResponse:
    """Close a finding."""
    return _answer(request, slug, key, workflow.dismiss_finding, "The finding was dismissed.")


def _answer(request: HttpRequest, slug: str, key: int, verb: Callable[..., None], told: str) -> HttpResponse:
    workspace = visible_workspace(request, slug)
    finding = get_object_or_404(Finding.objects.select_related("workspace"), workspace=workspace, pk=key)
    try:
        verb(finding, actor=actor_of(request))
    except AlreadyAnswered as error:
        messages.error(request, f"{error}.")
    else:
        messages.success(request, told)
    return redirect("finding-list", slug)


@login_required
@require_safe
def lineage(request: HttpRequest, slug: str) -> HttpResponse:
    """What led to a thing and what came of it; 404 for what is not known, 400 for what cannot be read."""
    page, status = _lineage_page(visible_workspace(request, slug), request)
    return render(request, "registry/lineage.html", {"page": page}, status=status)


def _lineage_page(workspace: Workspace, request: HttpRequest) -> tuple[LineagePage, int]:
    form = LineageForm(request.GET, workspace=workspace)
    if not form.is_valid():
        return LineagePage(workspace, form), 400
    ref = form.cleaned_data["ref"]
    if ref is None:
        return LineagePage(workspace, form), 200
    if not is_known(workspace, ref):
        return LineagePage(workspace, form, unknown=ref), 404
    found = lineage_of(workspace, ref, wish=form.wish)
    return LineagePage(workspace, form, found, drawing_of_lineage(workspace, found)), 200


def drawing_of_lineage(workspace: Workspace, found: Lineage) -> Drawing:
    """Return the drawing: each node leads to its page, runs and steps show their state."""
    urls = {}
    for node in found.graph.nodes:
        ref = Ref.parse(node.id.partition(STEP_MARK)[0])
        urls[node.id] = ref_address(ref, workspace, pipeline=ref.name in found.pipelines)
    nodes = tuple(_named(node, found.pipelines) for node in found.graph.nodes)
    shown = Graph(nodes, tuple(map(_named_edge, found.graph.edges)))
    return drawing_of(
        shown,
        workspace=workspace,
        states={_name(text): state for text, state in found.statuses.items()},
        urls={_name(text): url for text, url in urls.items()},
        notes={_name(text): found.more_words(text) for text in found.more},
        label=f"Lineage of {found.ref}",
    )


def _name(node: str) -> str:
    """Return what a node is called in the drawing: a step by its path and its run, everything else by its ref."""
    run, mark, path = node.partition(STEP_MARK)
    return f"{path} of {Ref.parse(run).name}" if mark else node


def _named(node: Node, pipelines: Collection[str]) -> Node:
    is_pipeline = node.type == "component" and Ref.parse(node.id).name in pipelines
    return Node(_name(node.id), "pipeline" if is_pipeline else node.type, "" if STEP_MARK in node.id else node.id)


def _named_edge(edge: Edge) -> Edge:
    return Edge(_name(edge.source), edge.source_port, _name(edge.target), edge.target_port)
