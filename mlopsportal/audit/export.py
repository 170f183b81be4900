"""The log as a file, streamed: CSV that no spreadsheet executes, and JSON; knows no request."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet

from mlopsportal.audit.lines import EventJSON, event_json, lines_of
from mlopsportal.audit.models import Event

MAX_ROWS: Final = 50_000
CHUNK: Final = 500
COLUMNS: Final = (
    "id",
    "at",
    "action",
    "actor",
    "actor_kind",
    "sentence",
    "workspace",
    "target",
    "change",
    "note",
    "before",
    "after",
    "facts",
    "leaf",
)
CUT: Final = f"This export ends after {MAX_ROWS} events; ask for a shorter time to get the rest."
# What makes a spreadsheet read a cell as a formula (OWASP, CSV injection), full-width ones too.
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Echo:
    """A file that hands back each line instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def rows(events: QuerySet[Event], limit: int = MAX_ROWS) -> Iterator[EventJSON]:
    """Yield the newest `limit` events, newest first, in short queries: no transaction is kept open."""
    last, left = None, limit
    while left > 0:
        chunk = events.filter(pk__lt=last) if last is not None else events
        found = lines_of(chunk.select_related("detail").order_by("-id")[: min(CHUNK, left)])
        if not found:
            return
        yield from map(event_json, found)
        last, left = found[-1].event.pk, left - len(found)


def as_csv(events: QuerySet[Event], limit: int = MAX_ROWS) -> Iterator[str]:
    """Yield the lines of an RFC 4180 file; a last line says so when there would have been more."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield _written(writer, COLUMNS)
    last = None
    for row in rows(events, limit):
        last = row["id"]
        yield _written(writer, [safe_cell(cell) for cell in _cells(row)])
    if _is_cut(events, last):
        yield _written(writer, [CUT])


def as_json(events: QuerySet[Event], limit: int = MAX_ROWS) -> Iterator[str]:
    """Yield one JSON object `{"results": […], "cut": bool}`, an event a line; `cut` says that there would be more."""
    yield '{"results": ['
    last = None
    for row in rows(events, limit):
        yield ("\n" if last is None else ",\n") + json.dumps(row)
        last = row["id"]
    yield f'\n], "cut": {json.dumps(_is_cut(events, last))}}}\n'


def _is_cut(events: QuerySet[Event], last: int | None) -> bool:
    return last is not None and events.filter(pk__lt=last).exists()


def safe_cell(text: str) -> str:
    """Return the cell with an apostrophe before it when a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" \0").startswith(_DANGEROUS) or text.lstrip(" ").startswith("\0") else text


def _cells(row: EventJSON) -> list[str]:
    return [
        str(row["id"]),
        row["at"],
        row["action"],
        row["actor"]["name"],
        row["actor"]["kind"],
        row["sentence"],
        row["workspace"],
        row["target"],
        "" if row["change"] is None else str(row["change"]),
        row["note"],
        "" if row["before"] is None else json.dumps(row["before"]),
        "" if row["after"] is None else json.dumps(row["after"]),
        json.dumps(row["facts"]),
        row["leaf"],
    ]


def _written(writer: object, cells: object) -> str:
    line: str = writer.writerow(cells)  # type: ignore[attr-defined]  # csv has no public type of a writer
    return line
