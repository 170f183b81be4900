"""Mirrors runs as listings tell them, newest first, and matches each with what it executed; knows no steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from mlopsportal.azureml import Json
from mlopsportal.specs import normalize
from mlopsportal.specs.ref import Ref, arm_id
from registry import anonymous, facts
from registry.findings import Found, open_findings, resolve
from registry.models import (
    AssetKind,
    DefinitionMatch,
    Edge,
    EdgeRole,
    Finding,
    FindingKind,
    Run,
    Version,
    Workspace,
)
from registry.raw import Kept, definition_of
from registry.searching import Entry, write_entries
from registry.stages import Cursor, StageResult
from registry.sync_assets import executed_digest, tell_unreadable
from registry.writing import Incoming, Written, incoming, store

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection

OVERLAP = timedelta(hours=6)
FRESH_RUNS = 500
"""A later sync reads again at least this many of the newest runs, and all that began in the last hours."""
ACTIVE_AT_ONCE = 50
FROM_HISTORY = (
    "started_at",
    "ended_at",
    "metrics",
    "error",
    "steps_requested_at",
    "steps_synced_at",
    "steps_error",
    "steps_final",
)
"""Columns that a listing does not know better than run history."""


def runs(workspace: Workspace, connection: Connection, cursor: Cursor | None, now: datetime) -> StageResult:
    """Stage: the listing back to where nothing is new, then each run that had not ended and was not listed."""
    at = cursor or {"phase": "listing", "read": 0}
    if at["phase"] == "listing":
        return _listing(workspace, connection, at, now)
    return _active(workspace, connection, at, now)


def _listing(workspace: Workspace, connection: Connection, cursor: Cursor, now: datetime) -> StageResult:
    page = next(connection.reader.pages("run", cursor=cursor.get("link")))
    inlined = anonymous.fetch(workspace, connection, page.items, now)
    with transaction.atomic():
        written = write_runs(workspace, page.items, inlined, now)
    read = cursor["read"] + len(page.items)
    following: Cursor = {"phase": "listing", "read": read, "link": page.next_cursor}
    if page.next_cursor is None or _is_far_enough(workspace, page.items, written, read, now):
        following = {"phase": "active"}
    return StageResult(following, {"runs seen": len(page.items), "runs changed": len(written.rows)})


def _is_far_enough(
    workspace: Workspace, items: Iterable[Json], written: Written[Run], read: int, now: datetime
) -> bool:
    oldest = min(
        (facts.moment(facts.mapping(raw.get("systemData")).get("createdAt"), now) for raw in items), default=now
    )
    if oldest < now - timedelta(days=workspace.runs_window_days):
        return True
    if workspace.synced_at is None or written.new or read < FRESH_RUNS:
        return False
    return oldest < workspace.synced_at - OVERLAP


def _active(workspace: Workspace, connection: Connection, cursor: Cursor, now: datetime) -> StageResult:
    """Ask for each run once: one that is gone, or cannot be read, still waits afterwards and must not come again."""
    waiting = Run.objects.filter(workspace=workspace, seen_at__lt=now, missing_since=None).active()
    if "below" in cursor:
        waiting = waiting.filter(pk__lt=cursor["below"])
    rows = list(waiting.order_by("-pk").values_list("pk", "job_name")[:ACTIVE_AT_ONCE])
    changed = refresh_runs(workspace, connection, [name for _, name in rows], now)
    following = {"phase": "active", "below": rows[-1][0]} if len(rows) == ACTIVE_AT_ONCE else None
    return StageResult(following, {"runs changed": changed})


def refresh_runs(workspace: Workspace, connection: Connection, names: Iterable[str], now: datetime) -> int:
    """Read these runs one by one; one that is not there becomes missing when the sync before did not see it either."""
    found, gone = list[Json](), list[str]()
    for name in names:
        raw = connection.reader.get(arm_id(connection.base, Ref("run", name)))
        if raw is None:
            gone.append(name)
        else:
            found.append(raw)
    inlined = anonymous.fetch(workspace, connection, found, now)
    with transaction.atomic():
        written = write_runs(workspace, found, inlined, now)
        mark_gone(workspace, gone, now)
    return len(written.rows)


def mark_gone(workspace: Workspace, names: Iterable[str], now: datetime) -> None:
    """Mark runs that were asked for by name and are not there; a first such answer is only remembered by their age."""
    before = workspace.synced_at
    rows = Run.objects.filter(workspace=workspace, job_name__in=list(names), missing_since=None)
    confirmed = list(rows.filter(seen_at__lt=before).values_list("pk", "job_name")) if before else []
    Run.objects.filter(pk__in=[pk for pk, _ in confirmed]).update(missing_since=now)
    found = [Found(FindingKind.MISSING, str(Ref("run", name)), {}) for _, name in confirmed]
    open_findings(workspace, found, now=now)


@dataclass(frozen=True)
class Executed:
    """What a run executes: a named version, or the digest of an inline graph; both empty for a plain job."""

    definition: dict[str, Any]
    version: dict[str, str] | None = None
    digest: str = ""


@dataclass
class Registered:
    """The pipeline versions that these runs may have executed, looked up at once."""

    by_name: dict[tuple[str, str], Version] = field(default_factory=dict)
    by_digest: dict[str, Version] = field(default_factory=dict)

    def match(self, executed: Executed) -> tuple[DefinitionMatch, Version | None]:
        if executed.version is not None:
            found = self.by_name.get((executed.version["name"], executed.version["version"]))
            known = found is not None or bool(executed.version["registry"])
            return (DefinitionMatch.REGISTERED if known else DefinitionMatch.UNKNOWN), found
        if executed.digest:
            found = self.by_digest.get(executed.digest)
            return (DefinitionMatch.REGISTERED if found else DefinitionMatch.UNREGISTERED), found
        return DefinitionMatch.UNKNOWN, None


def write_runs(workspace: Workspace, raws: Iterable[Json], inlined: Mapping[str, Json], now: datetime) -> Written[Run]:
    """Write runs with their definition, match, edges and search entry. Idempotent."""
    named = [(str(raw.get("name") or ""), raw) for raw in raws]
    arrived = incoming("run", [((facts.text(name),), raw) for name, raw in named if name and raw.get("properties")])
    executed = {item.key: seen for item in arrived if (seen := _executed(item, inlined)) is not None}
    registered = registered_for(workspace, executed.values())

    def make(item: Incoming) -> tuple[Run, Kept | None]:
        with facts.reading(f"run:{item.key[0]}"):
            row = Run(**facts.run_columns(item.raw, now))
            seen = executed.get(item.key)
            if seen is None:
                return row, None
            row.definition_match, row.pipeline = registered.match(seen)
            row.pipeline_name = row.pipeline.name if row.pipeline else (seen.version or {}).get("name", "")
            if row.pipeline is not None and seen.version is not None and row.pipeline.definition_id:
                row.definition_id = row.pipeline.definition_id
                return row, None
            return row, definition_of(seen.definition)

    written = store(Run, workspace, arrived, make, now=now, once=FROM_HISTORY)
    tell_unreadable(workspace, written.unreadable, now)
    raw_by_name = {item.key[0]: item.raw for item in arrived}
    _write_edges(workspace, written.rows, raw_by_name)
    write_entries(workspace, [_entry(row) for row in written.rows])
    _tell_unregistered(workspace, written.rows, executed, now)
    return written


def _executed(item: Incoming, inlined: Mapping[str, Json]) -> Executed | None:
    """Return what a run executes, None when its JSON does not say."""
    try:
        definition = normalize.definition_of_run(item.raw, anonymous=inlined)
        if isinstance(definition.get("component"), str) and definition.get("type") == "pipeline":
            return Executed(definition, facts.use_columns(definition["component"]))
        return Executed(definition, digest=executed_digest(definition) if "jobs" in definition else "")
    except (TypeError, AttributeError, KeyError, ValueError):
        return None  # told as a finding when the row is made


def registered_for(workspace: Workspace, executed: Iterable[Executed]) -> Registered:
    """Look up, in two queries at most, the versions that these runs may have executed."""
    seen = list(executed)
    names = {item.version["name"] for item in seen if item.version}
    digests = {item.digest for item in seen if item.digest}
    rows = Version.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT).defer("remainder")
    found = Registered()
    if names:
        found.by_name = {(row.name, row.version): row for row in rows.filter(name__in=names)}
    if digests:
        matching = rows.filter(executed_digest__in=digests).order_by("-created_at", "-id")
        found.by_digest = {row.executed_digest: row for row in matching}  # the oldest version wins: it was there first
    return found


def _write_edges(workspace: Workspace, rows: list[Run], raws: Mapping[str, Json]) -> None:
    """The edges a listing knows: the version that is executed and the data that go in. Steps add the rest."""
    Edge.objects.filter(run__in=[row.pk for row in rows], step="").delete()
    edges = []
    for row in rows:
        edges += [
            Edge(workspace=workspace, run=row, role=role, port=facts.text(port), ref=str(ref)[:400], at=row.started_at)
            for role, port, ref in _edges_of(row, raws[row.job_name])
        ]
    Edge.objects.bulk_create(edges, batch_size=200, ignore_conflicts=True)


def _edges_of(row: Run, raw: Json) -> Iterable[tuple[EdgeRole, str, Ref]]:
    properties = facts.properties_of(raw)
    if row.pipeline is not None:
        yield EdgeRole.EXECUTES, "", row.pipeline.ref
    for role, side in ((EdgeRole.INPUT, "inputs"), (EdgeRole.OUTPUT, "outputs")):
        for port, value in facts.mapping(properties.get(side)).items():
            ref = facts.asset_ref(facts.mapping(value).get("uri"), "data")
            if ref is not None:
                yield role, port, ref


def _entry(row: Run) -> Entry:
    words = [row.job_name, row.experiment, row.pipeline_name, row.schedule_name, row.created_by]
    words += [f"{key} {value}" for key, value in row.tags.items()]
    return Entry("run", row.ref, row.display_name or row.job_name, words, row.started_at)


def _tell_unregistered(
    workspace: Workspace, rows: Iterable[Run], executed: Mapping[tuple[str, ...], Executed], now: datetime
) -> None:
    """One finding for each unregistered definition, about the first run that was seen to execute it."""
    strangers: dict[str, list[Run]] = {}
    for row in rows:
        if row.definition_match == DefinitionMatch.UNREGISTERED:
            strangers.setdefault(executed[(row.job_name,)].digest, []).append(row)
    if not strangers:
        return
    known = {finding.detail.get("executed"): finding.ref for finding in _open_unregistered(workspace)}
    found = []
    for digest, runs_of_it in strangers.items():
        first = min(runs_of_it, key=lambda row: (row.started_at, row.pk))
        detail = {"executed": digest, "definition": first.definition_id}
        found.append(Found(FindingKind.UNREGISTERED_DEFINITION, known.get(digest, str(first.ref)[:400]), detail))
    open_findings(workspace, found, now=now)


def _open_unregistered(workspace: Workspace) -> Iterable[Finding]:
    return Finding.objects.filter(workspace=workspace, kind=FindingKind.UNREGISTERED_DEFINITION, resolved_at=None)


def rematch(workspace: Workspace, now: datetime) -> None:
    """Match runs again whose version was not registered, or not mirrored, when they were first seen."""
    for finding in _open_unregistered(workspace):
        digest = finding.detail.get("executed") or ""
        version = registered_for(workspace, [Executed({}, digest=digest)]).by_digest.get(digest)
        if version is None:
            continue
        with transaction.atomic():
            same = Q(definition=finding.detail.get("definition")) | Q(job_name=Ref.parse(finding.ref).name)
            Run.objects.filter(same, workspace=workspace, definition_match=DefinitionMatch.UNREGISTERED).update(
                definition_match=DefinitionMatch.REGISTERED, pipeline=version, pipeline_name=version.name
            )
            resolve(workspace, FindingKind.UNREGISTERED_DEFINITION, [finding.ref], now=now)
