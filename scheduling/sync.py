"""Writes the mirrored schedules: the stage a sync runs, and the refresh after an apply. Nothing else writes them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery

from mlopsportal.azureml import Json
from mlopsportal.specs import digest, normalize
from mlopsportal.specs.ref import Ref
from registry import raw as raws
from registry.errors import Unreadable
from registry.facts import (
    mapping,
    moment,
    name_of,
    properties_of,
    reading,
    references_in,
    tags_of,
    text,
    use_columns,
)
from registry.findings import resolve
from registry.missing import mark_missing
from registry.models import Finding, FindingKind, Run, Version, Workspace
from registry.searching import Entry, write_entries
from registry.stages import Cursor, StageResult
from registry.sync_assets import tell_unreadable
from scheduling.documents import scheduled_pipeline
from scheduling.forecast import next_fire
from scheduling.models import Schedule, ScheduleState, ScheduleUse, TriggerType

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection

_COLUMNS = [
    "raw_digest",
    "remainder",
    "seen_at",
    "missing_since",
    "display_name",
    "description",
    "tags",
    "is_enabled",
    "provisioning_state",
    "trigger_type",
    "trigger",
    "action_type",
    "definition",
    "pipeline",
    "pipeline_ref",
    "fingerprint",
    "created_at",
    "modified_at",
    "next_fire_at",
]


def stage(workspace: Workspace, connection: Connection, cursor: Cursor | None, now: datetime) -> StageResult:
    """Mirror one page of the workspace's schedules; after the last page, times of fires and what has gone."""
    at = cursor or {}
    page = next(connection.reader.pages("schedule", cursor=at.get("page")))
    readable, unreadable = _readable(page.items)
    doubt = bool(at.get("doubt") or unreadable)
    with transaction.atomic():
        written = upsert(workspace, readable, now)
        tell_unreadable(workspace, unreadable, now)
        if page.next_cursor is None:
            set_fire_times(workspace, now)
            if not doubt:  # what could not be read may be one of those not seen
                mark_missing(Schedule.objects.all(), workspace, now)
            _resolve_seen_again(workspace, now)
    following = {"page": page.next_cursor, "doubt": doubt} if page.next_cursor else None
    return StageResult(following, {"schedules": len(page.items), "schedules_written": written})


def _readable(items: Iterable[Json]) -> tuple[list[Json], list[Unreadable]]:
    """Part the schedules from objects in a shape nobody foresaw: one of those must not end a sync."""
    readable, unreadable = list[Json](), list[Unreadable]()
    for raw in items:
        try:
            name = name_of(raw, "a schedule")
            with reading(f"schedule:{name}"):
                _probe(raw)
            readable.append(raw)
        except Unreadable as error:
            unreadable.append(error)
    return readable, unreadable


def _probe(raw: Json) -> None:
    """Read of a schedule everything that writing its row will read."""
    scheduled_pipeline(raw)
    normalize.definition_of_schedule(raw)
    digest.fingerprint("schedule", raw)
    list(_uses_of(raw))


def refresh(workspace: Workspace, name: str, raw: Json | None, now: datetime) -> None:
    """Write one schedule as it was just read back; None means it was read and is not there any more."""
    with transaction.atomic():
        if raw is None:
            Schedule.objects.filter(workspace=workspace, name=name, missing_since=None).update(
                missing_since=now, is_enabled=False, next_fire_at=None
            )
            return
        upsert(workspace, [raw], now)


def upsert(workspace: Workspace, items: tuple[Json, ...] | list[Json], now: datetime) -> int:
    """Write the schedules that differ from their rows, note their states, touch the rest; return how many differed."""
    by_name = {name_of(raw, "a schedule"): raw for raw in items}
    present = Schedule.objects.filter(workspace=workspace, name__in=by_name, missing_since=None)
    known = dict(present.values_list("name", "raw_digest"))
    changed = [raw for name, raw in by_name.items() if known.get(name) != raws.raw_digest(raw)]
    rows = _rows(workspace, changed, now)
    Schedule.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["workspace", "name"], update_fields=_COLUMNS, batch_size=100
    )
    _write_uses(workspace, changed)
    _note_states(workspace, rows, changed, now)
    write_entries(workspace, [_entry(row) for row in rows])
    same = by_name.keys() - {row.name for row in rows}
    Schedule.objects.filter(workspace=workspace, name__in=same).update(seen_at=now)
    return len(changed)


def _rows(workspace: Workspace, items: list[Json], now: datetime) -> list[Schedule]:
    definitions = [raws.definition_of(normalize.definition_of_schedule(raw)) for raw in items]
    keys = raws.keep(definitions)
    versions = _pipelines(workspace, items)
    return [
        _row(workspace, raw, keys[definition.digest], versions, now)
        for raw, definition in zip(items, definitions, strict=True)
    ]


def _row(workspace: Workspace, raw: Json, definition: int, versions: Mapping[str, int], now: datetime) -> Schedule:
    properties = properties_of(raw)
    trigger = mapping(properties.get("trigger"))
    stamps = mapping(raw.get("systemData"))
    created = moment(stamps.get("createdAt"), now)
    is_enabled = properties.get("isEnabled") is not False
    pipeline = scheduled_pipeline(raw)
    parts = raws.split("schedule", raw)
    return Schedule(
        workspace=workspace,
        name=name_of(raw, "a schedule"),
        raw_digest=parts.digest,
        remainder=parts.remainder,
        seen_at=now,
        missing_since=None,
        display_name=text(properties.get("displayName")),
        description=text(properties.get("description"), 10_000),
        tags=tags_of(properties),
        is_enabled=is_enabled,
        provisioning_state=text(properties.get("provisioningState"), 24),
        trigger_type=_trigger_type(trigger),
        trigger=trigger,
        action_type=text(mapping(properties.get("action")).get("actionType"), 32),
        definition_id=definition,
        pipeline_id=versions.get(str(pipeline)) if pipeline else None,
        pipeline_ref=str(pipeline) if pipeline else "",
        fingerprint=digest.fingerprint("schedule", raw),
        created_at=created,
        modified_at=moment(stamps.get("lastModifiedAt"), created),
        next_fire_at=next_fire(trigger, is_enabled=is_enabled, after=now),
    )


def _write_uses(workspace: Workspace, items: list[Json]) -> None:
    """Keep which versions each schedule's job names, so that a version's schedules are one index look-up."""
    by_name = {name_of(raw, "a schedule"): raw for raw in items}
    keys = dict(Schedule.objects.filter(workspace=workspace, name__in=by_name).values_list("name", "pk"))
    uses = [
        ScheduleUse(workspace=workspace, schedule_id=keys[name], node=text(node), **columns)
        for name, raw in by_name.items()
        for node, columns in _uses_of(raw)
    ]
    ScheduleUse.objects.filter(schedule__in=keys.values()).delete()
    ScheduleUse.objects.bulk_create(uses, batch_size=200, ignore_conflicts=True)


def _uses_of(raw: Json) -> Iterator[tuple[str, dict[str, str]]]:
    definition = normalize.definition_of_schedule(raw)
    job = mapping(definition.get("job"))
    for node, reference in references_in({**job, "inputs": definition.get("inputs")}):
        columns = use_columns(reference)
        if columns is not None and not columns.pop("registry"):
            yield node, columns


def _entry(row: Schedule) -> Entry:
    words = [row.display_name, row.description, row.pipeline_ref.removeprefix("component:")]
    return Entry("schedule", row.ref, row.display_name or row.name, words, row.modified_at)


def _trigger_type(trigger: Mapping[str, Any]) -> TriggerType:
    declared = str(trigger.get("triggerType", "")).lower()
    return TriggerType(declared) if declared in ("recurrence", "cron") else TriggerType.OTHER


def _pipelines(workspace: Workspace, items: list[Json]) -> dict[str, int]:
    """Return the keys of the pipeline versions the items run, by the text of their refs."""
    refs = {ref for raw in items if (ref := scheduled_pipeline(raw)) is not None}
    rows = Version.objects.filter(workspace=workspace, kind="component", name__in={ref.name for ref in refs})
    return {str(version.ref): version.pk for version in rows.only("pk", "kind", "name", "version")}


def _note_states(workspace: Workspace, rows: list[Schedule], items: list[Json], now: datetime) -> None:
    """Keep what each schedule is now, unless it is what it was: a state that comes back is a state of its own."""
    newest = {
        state.name: state
        for state in ScheduleState.objects.filter(workspace=workspace, name__in=[row.name for row in rows])
        .order_by("first_seen_at")
        .defer("raw")
    }
    fresh = [
        ScheduleState(
            workspace=workspace,
            name=row.name,
            digest=row.fingerprint,
            raw=zlib.compress(raws.plain_json(raw), 6),
            first_seen_at=now,
        )
        for row, raw in zip(rows, items, strict=True)
        if row.name not in newest or newest[row.name].digest != row.fingerprint
    ]
    ScheduleState.objects.bulk_create(fresh, ignore_conflicts=True)


def set_fire_times(workspace: Workspace, now: datetime) -> None:
    """Set when each schedule last started a run, and forecast anew the fires that have passed."""
    newest = (
        Run.objects.filter(workspace=workspace, schedule_name=OuterRef("name"))
        .values("schedule_name")
        .annotate(at=Max("started_at"))
        .values("at")
    )
    schedules = Schedule.objects.filter(workspace=workspace)
    schedules.update(last_fire_at=Subquery(newest))
    due = list(schedules.filter(is_enabled=True, missing_since=None, next_fire_at__lte=now).only("trigger"))
    for schedule in due:
        schedule.next_fire_at = next_fire(schedule.trigger, is_enabled=True, after=now)
    Schedule.objects.bulk_update(due, ["next_fire_at"], batch_size=100)


def _resolve_seen_again(workspace: Workspace, now: datetime) -> None:
    """Close the findings about schedules that were missing and are back."""
    opened = Finding.objects.filter(
        workspace=workspace, kind=FindingKind.MISSING, resolved_at=None, ref__startswith="schedule:"
    )
    back = Schedule.objects.present().filter(workspace=workspace).values_list("name", flat=True)
    there = {str(Ref("schedule", name)) for name in back}
    resolve(
        workspace,
        FindingKind.MISSING,
        [ref for ref in opened.values_list("ref", flat=True) if ref in there],
        now=now,
    )
