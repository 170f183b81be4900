"""Keyset pages: a list is walked by the sort values of its last row, never by COUNT or OFFSET.

Knows querysets and query strings; knows no table. The cursor is base64url JSON: it grants nothing (the queryset
is already limited to what the reader may see), so it needs no signature, only a strict reading.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

MAX_SIZE = 200
DEFAULT_SIZE = 50

Row = TypeVar("Row")


class BadCursor(BadRequest):
    """The page position or size in the query string cannot be read (400)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This list position cannot be read: {reason}. Start from the first page.")
        self.reason = reason


class HasQuery(Protocol):
    """The part of a request that paging reads: django's request and DRF's both have it."""

    @property
    def GET(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """One page of rows in list order; `next` and `previous` are cursors, None at the ends."""

    rows: list[Row]
    next: str | None
    previous: str | None

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after the row with these sort values, or (backward) before it."""

    values: tuple[Any, ...]
    backward: bool = False

    def encode(self) -> str:
        payload = [int(self.backward), *(_plain(value) for value in self.values)]
        text = json.dumps(payload, separators=(",", ":"), ensure_ascii=True)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def paginate(
    queryset: QuerySet[Any, Any],
    request: HasQuery,
    order: Sequence[str] = ("-started_at", "-id"),
    size: int = DEFAULT_SIZE,
) -> KeysetPage[Any]:
    """Return the page that `?cursor=` and `?size=` ask for. Raises BadCursor.

    `order` must end in something unique, and its columns must be NOT NULL. Rows may be model instances
    or mappings (`.values()`); sort names may follow relations and annotations.
    """
    return page_of(queryset, order, cursor=request.GET.get("cursor", ""), size=size_of(request, size))


def page_of(
    queryset: QuerySet[Any, Any], order: Sequence[str], *, cursor: str = "", size: int = DEFAULT_SIZE
) -> KeysetPage[Any]:
    """Return at most `size` rows after `cursor` ("" is the first page), in `order`. Raises BadCursor."""
    position = decode(cursor, queryset, order) if cursor else None
    backward = position is not None and position.backward
    direction = [_reversed(name) for name in order] if backward else list(order)
    if position is not None:
        queryset = queryset.filter(_beyond(direction, position.values))
    found = list(queryset.order_by(*direction)[: size + 1])
    more = len(found) > size
    rows = found[:size]
    if backward:
        rows.reverse()
    has_next = bool(rows) and (more if not backward else True)
    has_previous = bool(rows) and (more if backward else position is not None)
    return KeysetPage(
        rows,
        next=Cursor(_values(rows[-1], order)).encode() if has_next else None,
        previous=Cursor(_values(rows[0], order), backward=True).encode() if has_previous else None,
    )


def size_of(request: HasQuery, default: int = DEFAULT_SIZE) -> int:
    """Return the page size that `?size=` asks for, at most `MAX_SIZE`. Raises BadCursor for what is no size."""
    asked = request.GET.get("size", "")
    if not asked:
        return min(default, MAX_SIZE)
    if not asked.isascii() or not asked.isdigit() or int(asked[:9]) == 0:
        raise BadCursor("the size must be a whole number from 1")
    return min(int(asked[:9]), MAX_SIZE)


def decode(text: str, queryset: QuerySet[Any, Any], order: Sequence[str]) -> Cursor:
    """Read a cursor made for the same order. Raises BadCursor."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        payload = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadCursor("it is no cursor") from error
    if not isinstance(payload, list) or len(payload) != len(order) + 1 or payload[0] not in (0, 1):
        raise BadCursor("it belongs to another list")
    names = [name.removeprefix("-") for name in order]
    values = tuple(_typed(queryset, name, value) for name, value in zip(names, payload[1:], strict=True))
    return Cursor(values, backward=bool(payload[0]))


def _beyond(direction: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after `values` in `direction`: the plain bound on the first column lets the database use its index."""
    first = direction[0]
    bound = Q(**{f"{first.removeprefix('-')}__{'lte' if first.startswith('-') else 'gte'}": values[0]})
    after = Q()
    same = Q()
    for name, value in zip(direction, values, strict=True):
        field = name.removeprefix("-")
        after |= same & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{field: value})
    return bound & after


def _reversed(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _values(row: Any, order: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_value(row, name.removeprefix("-")) for name in order)


def _value(row: Any, name: str) -> Any:
    if isinstance(row, Mapping):
        return row[name]
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _plain(value: Any) -> str | int | bool | float:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, str | int | float):
        return value
    raise TypeError(f"a list cannot be paged by {value!r}")


def _typed(queryset: QuerySet[Any, Any], name: str, value: Any) -> Any:
    """Return a cursor's value as its column's type; a wrong one is a bad cursor, never a database error."""
    if isinstance(value, list | dict | None):
        raise BadCursor("it belongs to another list")
    field = _field(queryset, name)
    try:
        typed = field.to_python(value)
        if isinstance(typed, bool) is not isinstance(value, bool):
            raise BadCursor("it belongs to another list")
        field.run_validators(typed)
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        raise BadCursor("it belongs to another list") from error
    if isinstance(typed, str) and ("\x00" in typed or _has_surrogate(typed)):
        raise BadCursor("it is no cursor")
    if isinstance(typed, datetime) and typed.tzinfo is None:
        raise BadCursor("it belongs to another list")
    return typed


def _has_surrogate(text: str) -> bool:
    return any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _field(queryset: QuerySet[Any, Any], name: str) -> Field[Any, Any]:
    annotation = queryset.query.annotations.get(name)
    if annotation is not None:
        field: Field[Any, Any] = annotation.output_field
        return field
    model: type[Model] = queryset.model
    *path, last = name.split("__")
    for part in path:
        relation = model._meta.get_field(part)
        if relation.related_model is None or isinstance(relation.related_model, str):
            raise FieldDoesNotExist(name)
        model = relation.related_model
    found = model._meta.pk if last == "pk" else model._meta.get_field(last)
    if not isinstance(found, Field):
        raise FieldDoesNotExist(name)
    return found
