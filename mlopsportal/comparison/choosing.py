"""What a side could be compared with instead: its other versions, states, revisions, or runs; reads names only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mlopsportal.changes.models import Document
from mlopsportal.comparison.sides import Side
from mlopsportal.specs.ref import Ref
from registry.models import AssetKind, Run, Version, Workspace
from scheduling.models import ScheduleState

MOST = 30
MOST_NEWEST = 12


@dataclass(frozen=True)
class Choice:
    """Something to compare with: its address for the permalink, its words, and since when it is there."""

    address: str
    words: str
    at: datetime
    is_chosen: bool = False


def choices_of(side: Side) -> list[Choice]:
    """Return what is of the same name, the newest first, at most MOST; for a draft also what is live of its name."""
    found = _choices(side)
    return [Choice(address, words, at, side.is_at(address)) for address, words, at in found]


def newest_in(workspace: Workspace) -> list[Choice]:
    """Return the newest components and pipelines of a workspace, then its newest runs, to begin a comparison with."""
    rows = Version.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT, missing_since=None)
    rows = rows.filter(asset__is_anonymous=False).select_related("asset").defer("remainder")
    runs = Run.objects.listed(workspace).order_by("-started_at", "-id").only("job_name", "started_at")
    found = [
        (row.ref, f"{'pipeline' if row.asset.is_pipeline else 'component'} {row.name} {row.version}", row.created_at)
        for row in rows.order_by("-created_at", "-id")[:MOST_NEWEST]
    ]
    found += [(run.ref, f"run {run.job_name}", run.started_at) for run in runs[:MOST_NEWEST]]
    return [Choice(str(ref.in_workspace(workspace.slug)), words, at) for ref, words, at in found]


def _choices(side: Side) -> Iterator[tuple[str, str, datetime]]:
    if side.ref.kind in AssetKind.values:
        yield from _versions(side, side.ref)
    elif side.run is not None:
        yield from _runs(side, side.run)
    elif side.ref.kind == "schedule":
        yield from _states(side)
    else:
        yield from _revisions(side)
        if side.makes is not None and side.makes.kind in AssetKind.values:
            yield from _versions(side, side.makes)


def _addressed(side: Side, refs: Iterable[tuple[Ref, str, datetime]]) -> Iterator[tuple[str, str, datetime]]:
    for ref, words, at in refs:
        yield str(ref.in_workspace(side.workspace.slug)), words, at


def _versions(side: Side, ref: Ref) -> Iterator[tuple[str, str, datetime]]:
    rows = Version.objects.filter(workspace=side.workspace, kind=ref.kind, name=ref.name)
    named = rows.order_by("-created_at", "-id").values_list("version", "created_at")[:MOST]
    return _addressed(side, ((ref.at(version), f"version {version}", at) for version, at in named))


def _runs(side: Side, run: Run) -> Iterator[tuple[str, str, datetime]]:
    rows = Run.objects.filter(workspace=side.workspace, pipeline_name=run.pipeline_name)
    named = rows.order_by("-started_at", "-id").values_list("job_name", "started_at")[:MOST]
    return _addressed(side, ((Ref("run", name), name, at) for name, at in named))


def _states(side: Side) -> Iterator[tuple[str, str, datetime]]:
    rows = ScheduleState.objects.filter(workspace=side.workspace, name=side.ref.name)
    named = rows.order_by("-first_seen_at", "-id").values_list("digest", "first_seen_at")[:MOST]
    return _addressed(side, ((side.ref.at(f"@{digest}"), f"state {digest[:8]}", at) for digest, at in named))


def _revisions(side: Side) -> Iterator[tuple[str, str, datetime]]:
    number = side.ref.name.partition("@")[0]
    rows = Document.objects.filter(revision__change=int(number), path=side.ref.version or "")
    named = rows.order_by("-revision__number").values_list("revision__number", "revision__created_at")[:MOST]
    for revision, at in named:
        yield str(Ref("change", f"{number}@{revision}", side.ref.version)), f"revision {revision}", at
