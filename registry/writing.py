"""Writes mirrored rows in bulk, unchanged ones only get a new `seen_at`; knows no Azure and no kind's columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import models

from mlopsportal.azureml import Json
from registry.errors import Unreadable
from registry.models import Mirrored, Workspace
from registry.raw import Kept, Parts, keep, split

Row = TypeVar("Row", bound=Mirrored)
Key = tuple[str, ...]
BATCH = 100
"""Rows in one statement: SQLite binds at most 32,766 values, and a row has about 25."""


@dataclass(frozen=True)
class Incoming:
    """One object as it arrived: `key` are the values of the unique columns below the workspace."""

    key: Key
    raw: Json
    parts: Parts


@dataclass(frozen=True)
class Known:
    """What the mirror holds of an object, as far as deciding needs it."""

    pk: int
    raw_digest: str
    definition_id: int | None = None
    status: str = ""


@dataclass(frozen=True)
class Written(Generic[Row]):
    """What one page came to: `rows` are new or changed, with keys set; `before` holds what the changed ones were."""

    rows: list[Row] = field(default_factory=list)
    before: dict[Key, Known] = field(default_factory=dict)
    unchanged: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def new(self) -> list[Row]:
        return [row for row in self.rows if row_key(row) not in self.before]

    @property
    def changed(self) -> list[Row]:
        return [row for row in self.rows if row_key(row) in self.before]


UNIQUE: dict[str, tuple[str, ...]] = {
    "asset": ("kind", "name"),
    "version": ("kind", "name", "version"),
    "run": ("job_name",),
    "schedule": ("name",),
}


def row_key(row: Mirrored) -> Key:
    return tuple(getattr(row, name) for name in UNIQUE[row._meta.model_name or ""])


def incoming(part_kind: str, pairs: Iterable[tuple[Key, Json]]) -> list[Incoming]:
    """Digest and cut what arrived; of two objects with one key the later one counts."""
    by_key = dict(pairs)
    return [Incoming(key, raw, split(part_kind, raw)) for key, raw in by_key.items()]


def known_rows(model: type[Row], workspace: Workspace, keys: Sequence[Key], **fixed: Any) -> dict[Key, Known]:
    """Return what the mirror holds under these keys, in one query a batch. `fixed` narrows to one kind."""
    unique = UNIQUE[model._meta.model_name or ""]
    names = [field.name for field in model._meta.get_fields()]
    extra = [name for name in ("definition_id", "status") if name.removesuffix("_id") in names]
    column = "name" if "name" in unique else unique[0]
    wanted, found = set(keys), dict[Key, Known]()
    values = sorted({key[unique.index(column)] for key in keys})
    for start in range(0, len(values), 500):
        rows = model._default_manager.filter(
            workspace=workspace, **fixed, **{f"{column}__in": values[start : start + 500]}
        ).values("pk", "raw_digest", *unique, *extra)
        for row in rows:
            key = tuple(row[name] for name in unique)
            if key in wanted:
                facts = {name: row[name] for name in extra}
                found[key] = Known(row["pk"], row["raw_digest"], **facts)
    return found


def store(
    model: type[Row],
    workspace: Workspace,
    arrived: Sequence[Incoming],
    make: Callable[[Incoming], tuple[Row, Kept | None]],
    *,
    now: datetime,
    once: Sequence[str] = (),
    **fixed: Any,
) -> Written[Row]:
    """Write what arrived: one look-up, one statement for all unchanged rows, upserts in batches for the others.

    `make` gives the row and its definition; what it refuses as Unreadable is left out. Columns named in `once` are
    set when the row is made and left alone afterwards. Idempotent.
    """
    known = known_rows(model, workspace, [item.key for item in arrived], **fixed)
    same = [item for item in arrived if item.key in known and known[item.key].raw_digest == item.parts.digest]
    touch(model, [known[item.key].pk for item in same], now)
    skip = {item.key for item in same}
    made, unreadable = list[tuple[Incoming, tuple[Row, Kept | None]]](), list[Unreadable]()
    for item in arrived:
        if item.key not in skip:
            try:
                made.append((item, make(item)))
            except Unreadable as error:
                unreadable.append(error)
    rows = _with_documents(workspace, made, now)
    _upsert(model, rows, once)
    before = {row_key(row): known[row_key(row)] for row in rows if row_key(row) in known}
    return Written(rows, before, len(same), unreadable)


def touch(model: type[Row], keys: Sequence[int], now: datetime) -> None:
    """Say that these rows were seen: they are there, whatever was thought before."""
    for start in range(0, len(keys), 500):
        model._default_manager.filter(pk__in=keys[start : start + 500]).update(seen_at=now, missing_since=None)


def _with_documents(
    workspace: Workspace, made: Sequence[tuple[Incoming, tuple[Row, Kept | None]]], now: datetime
) -> list[Row]:
    documents = [kept for item, (_, definition) in made for kept in (item.parts.shared, definition) if kept]
    keys = keep(documents)
    rows = []
    for item, (row, definition) in made:
        row.workspace = workspace
        row.raw_digest, row.remainder = item.parts.digest, item.parts.remainder
        row.part_id = keys[item.parts.shared.digest] if item.parts.shared else None
        row.seen_at, row.missing_since = now, None
        if definition is not None:
            row.definition_id = keys[definition.digest]  # type: ignore[attr-defined]  # of the models that have one
        rows.append(row)
    return rows


def _upsert(model: type[Row], rows: Sequence[Row], once: Sequence[str]) -> None:
    unique = ("workspace", *UNIQUE[model._meta.model_name or ""])
    left_alone = {"id", *unique, *once}
    columns = [f.name for f in model._meta.get_fields() if _is_column(f) and f.name not in left_alone]
    if rows:
        model._default_manager.bulk_create(
            rows, batch_size=BATCH, update_conflicts=True, unique_fields=unique, update_fields=columns
        )


def _is_column(found: Any) -> bool:
    return isinstance(found, models.Field)
