"""The pages of components, pipelines, data, models and environments: list, one name, one version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, can
from mlopsportal.specs.graph import graph_of
from mlopsportal.specs.interface import Interface, Port, interface_of
from mlopsportal.specs.practices import Score
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.drawing import Drawing, drawing_of
from mlopsportal.ui.paging import KeysetPage, paginate
from mlopsportal.ui.port_fields import written
from registry.filters import ORDERS, AssetFilter
from registry.lineage import UsedBy, maker_of, used_by
from registry.models import Asset, AssetKind, Run, Version, Workspace
from registry.pipelines import Parameters, pipeline_parameters
from registry.raw import body_of, raw_of
from registry.rendering import document_of, yaml_of
from registry.scoring import Yardstick
from registry.sections import SECTIONS, Section, section_of
from registry.views.access import visible_workspace

TABS = (("overview", "Overview"), ("graph", "Graph"), ("impact", "Impact"), ("runs", "Runs"), ("raw", "Raw JSON"))


@dataclass(frozen=True)
class AssetListPage:
    """What `registry/asset_list.html` shows."""

    workspace: Workspace
    section: Section
    filter_form: Any  # django-filter builds the form class at run time
    assets: KeysetPage[Asset]
    may_open: bool
    by_name: bool
    strangers: Sequence[str] = ()


@dataclass(frozen=True)
class AssetPage:
    """What `registry/asset_detail.html` shows."""

    workspace: Workspace
    section: Section
    asset: Asset
    versions: KeysetPage[Version]
    may_open: bool
    scored: Version | None
    score: Score | None


@dataclass
class VersionPage:
    """What `registry/version_detail.html` shows; only the chosen tab is filled."""

    workspace: Workspace
    section: Section
    version: Version
    tab: str
    tabs: list[tuple[str, str]]
    others: list[str]
    may_open: bool
    may_run: bool
    interface: Interface | None = None
    run_by_default: Parameters | None = None
    text: str = ""
    score: Score | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
    drawing: Drawing | None = None
    uses: UsedBy | None = None
    runs: KeysetPage[Run] | None = None
    raw: str = ""
    maker: Run | None = None

    @property
    def inputs(self) -> list[tuple[Port, str]]:
        """Each input with the value a run of this version gives it by default, "" where it gives none."""
        defaults = self.run_by_default.defaults if self.run_by_default else {}
        ports = self.interface.inputs if self.interface else {}
        return [(port, written(defaults.get(name))) for name, port in ports.items()]

    @property
    def previous(self) -> str:
        """The version before this one, "" for the first."""
        later = self.others.index(self.version.version) if self.version.version in self.others else -1
        return self.others[later + 1] if 0 <= later < len(self.others) - 1 else ""

    @property
    def ref(self) -> Ref:
        """This version, with its workspace."""
        return self.version.ref.in_workspace(self.workspace.slug)

    @property
    def previous_ref(self) -> Ref:
        """The version before this one, with its workspace; only where `previous` names one."""
        return self.ref.at(self.previous)


@login_required
@require_safe
def asset_list(request: HttpRequest, slug: str, section: str) -> HttpResponse:
    """The names of one kind, by name or by last change."""
    workspace, shown = visible_workspace(request, slug), SECTIONS[section]
    assets = Asset.objects.listed(workspace, shown.kind, pipelines=shown.pipelines).for_list()
    narrowed = AssetFilter(request.GET, queryset=assets, workspace=workspace, kind=shown.search_kind)
    page = AssetListPage(
        workspace=workspace,
        section=shown,
        filter_form=narrowed.form,
        assets=paginate(narrowed.shown, request, order=narrowed.order),
        may_open=can(actor_of(request), Permission.OPEN, workspace),
        by_name=narrowed.order == ORDERS[""],
        strangers=narrowed.strangers,
    )
    return render(request, "registry/asset_list.html", {"page": page}, status=narrowed.status)


@login_required
@require_safe
def asset_detail(request: HttpRequest, slug: str, section: str, name: str) -> HttpResponse:
    """One name with its versions, newest first."""
    workspace, shown = visible_workspace(request, slug), SECTIONS[section]
    asset = get_object_or_404(Asset.objects.for_list(), workspace=workspace, kind=shown.kind, name=name)
    if not shown.holds(asset):
        return redirect("asset-detail", slug, section_of(asset).slug, name)
    newest = _newest(asset)
    page = AssetPage(
        workspace=workspace,
        section=shown,
        asset=asset,
        versions=paginate(asset.versions.for_list(), request, order=("-created_at", "-id")),
        may_open=can(actor_of(request), Permission.OPEN, workspace),
        scored=newest,
        score=_score(workspace, newest) if newest else None,
    )
    return render(request, "registry/asset_detail.html", {"page": page})


def _newest(asset: Asset) -> Version | None:
    """Return the newest version there is of a component, archived ones only where there is no other."""
    if asset.kind != AssetKind.COMPONENT:
        return None
    there = asset.versions.filter(missing_since=None).select_related("part")
    return there.order_by("is_archived", "-created_at", "-id").first()


def _score(workspace: Workspace, row: Version) -> Score | None:
    raw = raw_of(row)
    return Yardstick(workspace).score(row.ref, raw, yaml_of(document_of(row.kind, row.name, row.version, raw)))


@login_required
@require_safe
def version_detail(request: HttpRequest, slug: str, section: str, name: str, version: str) -> HttpResponse:
    """One version: what it is, its graph, its runs, its raw JSON. Who uses it is a page of its own, of the site."""
    workspace, shown, row = visible_version(request, slug, section, name, version)
    if request.GET.get("tab") == "impact":
        return redirect("impact", slug, section, name, version)
    if not shown.holds(row.asset):
        return redirect("version-detail", slug, section_of(row.asset).slug, name, version)
    page = version_page(request, workspace, shown, row)
    return render(request, "registry/version_detail.html", {"page": page})


def visible_version(
    request: HttpRequest, slug: str, section: str, name: str, version: str
) -> tuple[Workspace, Section, Version]:
    """Return what an address of a version names, as far as the reader may see it; else 404."""
    workspace, shown = visible_workspace(request, slug), SECTIONS[section]
    rows = Version.objects.select_related("asset", "part", "definition")
    return workspace, shown, get_object_or_404(rows, workspace=workspace, kind=shown.kind, name=name, version=version)


def version_page(request: HttpRequest, workspace: Workspace, section: Section, row: Version) -> VersionPage:
    """Fill the tab that `?tab=` names, the overview otherwise."""
    asked = request.GET.get("tab", "")
    page = version_frame(request, workspace, section, row, tab=asked if asked in _FILL else "overview")
    _FILL[page.tab](request, page)
    return page


def version_frame(
    request: HttpRequest, workspace: Workspace, section: Section, row: Version, *, tab: str
) -> VersionPage:
    """Return what surrounds every tab of a version's page; a tab that this version does not have is the overview."""
    actor = actor_of(request)
    tabs = [(key, word) for key, word in TABS if _has_tab(key, row)]
    newest = row.asset.versions.order_by("-created_at", "-id").values_list("version", flat=True)
    return VersionPage(
        workspace=workspace,
        section=section,
        version=row,
        tab=tab if tab in dict(tabs) else "overview",
        tabs=tabs,
        others=list(newest[:50]),
        may_open=can(actor, Permission.OPEN, workspace),
        may_run=can(actor, Permission.RUN, workspace),
    )


def _has_tab(key: str, row: Version) -> bool:
    return {"graph": row.is_pipeline, "runs": row.kind == AssetKind.COMPONENT}.get(key, True)


def _fill_overview(request: HttpRequest, page: VersionPage) -> None:
    row, raw = page.version, raw_of(page.version)
    page.text = yaml_of(document_of(row.kind, row.name, row.version, raw))
    if row.kind == AssetKind.COMPONENT:
        page.interface = interface_of(raw.get("properties", {}).get("componentSpec") or {})
        page.score = Yardstick(page.workspace).score(row.ref, raw, page.text)
    if row.is_pipeline:
        page.run_by_default = pipeline_parameters(row)
    if row.kind in (AssetKind.MODEL, AssetKind.DATA):
        page.maker = maker_of(row)


def _fill_graph(request: HttpRequest, page: VersionPage) -> None:
    definition = body_of(page.version.definition) if page.version.definition else {}
    graph = graph_of(definition, with_ports=True)
    page.drawing = drawing_of(graph, workspace=page.workspace, label=f"Graph of {page.version.name}")


def _fill_runs(request: HttpRequest, page: VersionPage) -> None:
    if page.version.is_pipeline:
        runs = Run.objects.filter(pipeline=page.version).for_list()
        page.runs = paginate(runs, request, order=("-started_at", "-id"))
    else:
        page.uses = used_by(page.version)


def _fill_raw(request: HttpRequest, page: VersionPage) -> None:
    page.raw = json.dumps(raw_of(page.version), indent=2, ensure_ascii=False)


_FILL = {
    "overview": _fill_overview,
    "graph": _fill_graph,
    "runs": _fill_runs,
    "raw": _fill_raw,
}
