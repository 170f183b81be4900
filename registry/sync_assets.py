"""Mirrors components, data, models and environments: containers, versions and what they use; knows no runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from mlopsportal import azureml
from mlopsportal.azureml import Json
from mlopsportal.specs import digest, normalize
from registry import anonymous, facts
from registry.errors import Unreadable
from registry.findings import Found, open_findings
from registry.missing import mark_missing
from registry.models import Asset, AssetKind, Definition, FindingKind, Use, Version, Workspace
from registry.raw import Kept, definition_of
from registry.searching import Entry, write_entries
from registry.stages import Cursor, Stage, StageResult
from registry.writing import Incoming, Written, incoming, store

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection

ENOUGH_ITEMS = 400
ENOUGH_SECONDS = 4.0
"""A piece ends after this many versions or seconds, so that the cursor is never far behind."""
_NAMES_AHEAD = 200
_OF_VERSIONS = ["is_pipeline", "latest_version", "newest_at", "description"]


def stage_of(kind: AssetKind) -> Stage:
    """Return the stage that mirrors one kind."""

    def assets(workspace: Workspace, connection: Connection, cursor: Cursor | None, now: datetime) -> StageResult:
        at = cursor or {"phase": "containers"}
        if at["phase"] == "containers":
            return _containers(workspace, connection, kind, at, now)
        return _versions(workspace, connection, kind, at, now)

    return assets


def _containers(workspace: Workspace, connection: Connection, kind: str, cursor: Cursor, now: datetime) -> StageResult:
    page = next(connection.reader.pages(kind, cursor=cursor.get("link")))
    readable, unreadable = _named(kind, page.items)
    with transaction.atomic():
        written = write_assets(workspace, kind, readable, now)
        tell_unreadable(workspace, unreadable, now)
    doubt = bool(cursor.get("doubt")) or bool(unreadable)
    following: Cursor = {"phase": "containers", "link": page.next_cursor, "doubt": doubt}
    if page.next_cursor is None:
        following = {"phase": "versions", "after": "", "doubt": doubt}
    return StageResult(following, {f"{kind} names seen": len(readable), f"{kind} names changed": len(written.rows)})


def _versions(workspace: Workspace, connection: Connection, kind: str, cursor: Cursor, now: datetime) -> StageResult:
    read, following = _read_versions(workspace, connection, kind, cursor, now)
    pairs, unreadable = _named_versions(kind, read)
    inlined = anonymous.fetch(workspace, connection, [raw for _, raw in pairs], now) if kind == "component" else {}
    with transaction.atomic():
        written = write_versions(workspace, kind, pairs, inlined, now)
        tell_unreadable(workspace, unreadable, now)
        doubt = bool(cursor.get("doubt") or unreadable or written.unreadable)
        held = _close(workspace, kind, now) if following is None and not doubt else 0
    counts = {f"{kind} versions seen": len(pairs), f"{kind} versions changed": len(written.rows), "missing held": held}
    return StageResult(None if following is None else following | {"doubt": doubt}, counts)


def _close(workspace: Workspace, kind: str, now: datetime) -> int:
    """The listing is complete: what it no longer holds may be missing; return how many rows were held back."""
    listed = Version.objects.filter(asset__is_anonymous=False)
    assets = Asset.objects.filter(is_anonymous=False)
    return mark_missing(assets, workspace, now, kind=kind) + mark_missing(listed, workspace, now, kind=kind)


def _read_versions(
    workspace: Workspace, connection: Connection, kind: str, cursor: Cursor, now: datetime
) -> tuple[list[tuple[str, Json]], Cursor | None]:
    """Read the versions of the next assets by name; return (asset name, raw) pairs and where to go on."""
    began, read = time.monotonic(), list[tuple[str, Json]]()
    after, link = cursor["after"], cursor.get("link")
    names = Asset.objects.filter(workspace=workspace, kind=kind, seen_at__gte=now, name__gt=after, is_anonymous=False)
    waiting = list(names.order_by("name").values_list("name", flat=True)[:_NAMES_AHEAD])
    for name in waiting:
        try:
            for page in connection.reader.pages(kind, name=name, cursor=link):
                read += [(name, raw) for raw in page.items]
                if page.next_cursor and _is_enough(read, began):
                    return read, {"phase": "versions", "after": after, "link": page.next_cursor}
        except azureml.NotFound:
            pass  # it went between the two listings: the next sync sees that it is gone
        after, link = name, None
        if _is_enough(read, began):
            return read, {"phase": "versions", "after": after}
    return read, {"phase": "versions", "after": after} if len(waiting) == _NAMES_AHEAD else None


def _is_enough(read: Sequence[Any], began: float) -> bool:
    return len(read) >= ENOUGH_ITEMS or time.monotonic() - began > ENOUGH_SECONDS


def _named(kind: str, items: Iterable[Json]) -> tuple[list[tuple[str, Json]], list[Unreadable]]:
    readable, unreadable = list[tuple[str, Json]](), list[Unreadable]()
    for raw in items:
        try:
            readable.append((facts.name_of(raw, f"a container of {kind}"), raw))
        except Unreadable as error:
            unreadable.append(error)
    return readable, unreadable


VersionPair = tuple[tuple[str, str, str], Json]


def _named_versions(kind: str, read: Iterable[tuple[str, Json]]) -> tuple[list[VersionPair], list[Unreadable]]:
    pairs, unreadable = list[VersionPair](), list[Unreadable]()
    for name, raw in read:
        try:
            pairs.append(((kind, name, facts.name_of(raw, f"a version of {kind} {name}")[:64]), raw))
        except Unreadable as error:
            unreadable.append(error)
    return pairs, unreadable


def tell_unreadable(workspace: Workspace, errors: Sequence[Unreadable], now: datetime) -> None:
    found = [Found(FindingKind.UNREADABLE, facts.text(error.what, 400), {"reason": error.reason}) for error in errors]
    open_findings(workspace, found, now=now)


def write_assets(workspace: Workspace, kind: str, items: Iterable[tuple[str, Json]], now: datetime) -> Written[Asset]:
    """Write containers. `is_pipeline`, `newest_at` and the search entry follow from versions: they are left alone."""

    def make(item: Incoming) -> tuple[Asset, None]:
        return Asset(**facts.asset_columns(kind, item.raw, now)), None

    arrived = incoming(kind, [((kind, name), raw) for name, raw in items])
    written = store(Asset, workspace, arrived, make, now=now, once=("is_pipeline", "newest_at"), kind=kind)
    summarise(workspace, [row.pk for row in written.changed])
    return written


def write_versions(
    workspace: Workspace, kind: str, pairs: Iterable[VersionPair], inlined: Mapping[str, Json], now: datetime
) -> Written[Version]:
    """Write versions with their definitions and uses; tell of content that changed under an existing version."""
    arrived = incoming(kind, pairs)
    assets = _assets_of(workspace, kind, {item.key[1] for item in arrived}, now)

    def make(item: Incoming) -> tuple[Version, Kept]:
        with facts.reading(":".join(item.key)):
            definition = normalize.definition_of_version(item.raw, anonymous=inlined)
            columns = facts.version_columns(kind, item.key[1], item.raw, now)
            row = Version(asset_id=assets[item.key[1]], **columns)
            if row.is_pipeline:
                row.executed_digest = executed_digest(definition)
            definitions[item.key] = definition
            return row, definition_of(definition)

    definitions: dict[tuple[str, ...], dict[str, Any]] = {}
    written = store(Version, workspace, arrived, make, now=now, kind=kind)
    _write_uses(workspace, [(row, definitions[(kind, row.name, row.version)]) for row in written.rows])
    _tell_changes(workspace, written, now)
    tell_unreadable(workspace, written.unreadable, now)
    summarise(workspace, sorted({row.asset_id for row in written.rows}))
    return written


def executed_digest(definition: Mapping[str, Any]) -> str:
    """Return the digest by which a run with an inline graph is known to have executed this definition."""
    return digest.definition_digest(normalize.executed_part(definition))


def _assets_of(workspace: Workspace, kind: str, names: set[str], now: datetime) -> dict[str, int]:
    rows = Asset.objects.filter(workspace=workspace, kind=kind, name__in=names)
    found = dict(rows.values_list("name", "pk"))
    for name in names - found.keys():
        found[name] = anonymous.container(workspace, kind, name, now).pk
    return found


def _write_uses(workspace: Workspace, rows: Sequence[tuple[Version, Mapping[str, Any]]]) -> None:
    uses = [
        Use(workspace=workspace, consumer=row, node=facts.text(node), **columns)
        for row, definition in rows
        for node, reference in facts.references_in(definition)
        if (columns := facts.use_columns(reference)) is not None
    ]
    Use.objects.filter(consumer__in=[row.pk for row, _ in rows]).delete()
    Use.objects.bulk_create(uses, batch_size=200, ignore_conflicts=True)


def _tell_changes(workspace: Workspace, written: Written[Version], now: datetime) -> None:
    """A version's content is meant to be final: say so where it is not."""
    changed = [
        (row, before)
        for row in written.changed
        if (before := written.before[(row.kind, row.name, row.version)]).definition_id not in (None, row.definition_id)
    ]
    keys = {key for row, before in changed for key in (before.definition_id, row.definition_id) if key is not None}
    digests = dict(Definition.objects.filter(pk__in=keys).values_list("pk", "digest")) if keys else {}
    found = [
        Found(
            FindingKind.CONTENT_CHANGED,
            str(row.ref)[:400],
            {"before": digests.get(before.definition_id or 0), "after": digests.get(row.definition_id or 0)},
        )
        for row, before in changed
    ]
    open_findings(workspace, found, now=now)


def summarise(workspace: Workspace, asset_ids: Sequence[int]) -> None:
    """Bring what an asset shows of its versions, and its search entry, up to date."""
    if not asset_ids:
        return
    assets = {row.pk: row for row in Asset.objects.filter(pk__in=asset_ids).defer("remainder")}
    columns = ("asset_id", "version", "type", "display_name", "description", "created_at")
    newest: dict[int, dict[str, Any]] = {}
    for version in Version.objects.filter(asset__in=asset_ids).order_by("created_at", "id").values(*columns):
        newest[version["asset_id"]] = version
    for pk, asset in assets.items():
        last = newest.get(pk, {})
        asset.is_pipeline = asset.kind == AssetKind.COMPONENT and last.get("type") == "pipeline"
        asset.latest_version = last.get("version", asset.latest_version)
        asset.newest_at = last.get("created_at", asset.created_at)
        asset.description = asset.description or last.get("description", "")
    Asset.objects.bulk_update(assets.values(), _OF_VERSIONS, batch_size=100)
    write_entries(
        workspace, [_entry(asset, newest.get(pk, {})) for pk, asset in assets.items() if not asset.is_anonymous]
    )


def _entry(asset: Asset, last: Mapping[str, Any]) -> Entry:
    words = [asset.description, last.get("display_name", ""), last.get("description", "")]
    words += [f"{key} {value}" for key, value in asset.tags.items()]
    kind = "pipeline" if asset.is_pipeline else asset.kind
    return Entry(kind, asset.ref, asset.name, words, asset.newest_at)
