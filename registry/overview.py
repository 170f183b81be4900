"""What a workspace holds, from cheap sources only: no count over a table that grows without end."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from registry.models import Asset, Finding, Run, RunStatus, SyncRun, Workspace

RUNS_SHOWN = 8
MOST_COUNTED = 1000
"""Findings and failed runs are counted so far and no further; the page then says "1000+"."""


@dataclass(frozen=True)
class Overview:
    """The numbers and rows of a workspace's first page. `assets` maps a section's slug to how many names it lists."""

    assets: dict[str, int]
    findings: list[Finding]
    finding_count: int
    recent: list[Run]
    failed: list[Run]
    sync: SyncRun | None


def overview_of(workspace: Workspace) -> Overview:
    """Return the overview: five queries, each on an index."""
    opened = Finding.objects.filter(workspace=workspace, resolved_at=None).order_by("-found_at", "-id")
    runs = Run.objects.listed(workspace).for_list().order_by("-started_at", "-id")
    failed = Run.objects.filter(workspace=workspace, status=RunStatus.FAILED).for_list()
    return Overview(
        assets=asset_counts(workspace),
        findings=list(opened[:5]),
        finding_count=len(opened.values_list("pk", flat=True)[:MOST_COUNTED]),
        recent=list(runs[:RUNS_SHOWN]),
        failed=list(failed.order_by("-started_at", "-id")[:5]),
        sync=SyncRun.objects.filter(workspace=workspace).order_by("-id").first(),
    )


def asset_counts(workspace: Workspace) -> dict[str, int]:
    """Count names, not versions: there are thousands at most, and the index begins with these columns."""
    rows = Asset.objects.filter(workspace=workspace, is_anonymous__in=[False], is_archived__in=[False])
    found = rows.values_list("kind", "is_pipeline").annotate(count=Count("pk")).order_by()
    by_kind = {(kind, is_pipeline): count for kind, is_pipeline, count in found}
    return {
        "pipelines": by_kind.get(("component", True), 0),
        "components": by_kind.get(("component", False), 0),
        "data": by_kind.get(("data", False), 0),
        "models": by_kind.get(("model", False), 0),
        "environments": by_kind.get(("environment", False), 0),
    }
