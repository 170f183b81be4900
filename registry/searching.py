"""The text search over all that is mirrored: what is written into it and how it is asked; knows no page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from mlopsportal.specs.ref import Ref
from registry.models import Run, SearchEntry, Workspace
from registry.search_index import FTS, TABLE

CANDIDATES = 1000
"""How many matches are sorted: a text that matches more is no question that an order could answer."""
RESULTS = 50
SHORTEST = 3
TERMS = 8
KINDS = ("pipeline", "component", "data", "model", "environment", "run", "schedule")
_TEXT_CHARACTERS = 2000
_BATCH = 200


@dataclass(frozen=True)
class Entry:
    """One object for the search: `kind` is one of `KINDS`, `at` the time it is sorted by."""

    kind: str
    ref: Ref
    title: str
    words: Sequence[str]
    at: datetime


def write_entries(workspace: Workspace, entries: Iterable[Entry]) -> None:
    """Add or replace the entries. Idempotent."""
    rows = [
        SearchEntry(
            workspace=workspace,
            kind=entry.kind,
            ref=str(entry.ref)[:400],
            title=entry.title[:400],
            text=" ".join(dict.fromkeys(word for word in (entry.title, entry.ref.name, *entry.words) if word))[
                :_TEXT_CHARACTERS
            ],
            at=entry.at,
        )
        for entry in entries
    ]
    if rows:
        SearchEntry.objects.bulk_create(
            {row.ref: row for row in rows}.values(),
            batch_size=_BATCH,
            update_conflicts=True,
            unique_fields=["workspace", "ref"],
            update_fields=["kind", "title", "text", "at"],
        )


def search(
    workspaces: QuerySet[Workspace] | Sequence[Workspace], text: str, kind: str = "", limit: int = RESULTS
) -> list[SearchEntry]:
    """Return the newest entries that hold every word of `text`, letter case aside; `kind` narrows.

    A text whose words are all shorter than three characters is looked up as the beginning of a name.
    """
    terms = text.replace("\x00", "").split()[:TERMS]
    entries = SearchEntry.objects.filter(workspace__in=workspaces).select_related("workspace")
    if kind:
        entries = entries.filter(kind=kind)
    if not terms:
        return []
    long_terms = [term for term in terms if len(term) >= SHORTEST]
    entries = _holding(entries, long_terms, workspaces, kind) if long_terms else _beginning(entries, " ".join(terms))
    if long_terms:
        for term in set(terms) - set(long_terms):
            entries = entries.filter(text__icontains=term)
    return list(entries.order_by("-at", "-id")[:limit])


def matching_runs(runs: QuerySet[Run], workspace: Workspace, text: str) -> QuerySet[Run]:
    """Narrow runs to those whose text holds every word of `text`."""
    found = search([workspace], text, "run", CANDIDATES)
    return runs.filter(job_name__in=[Ref.parse(entry.ref).name for entry in found])


def _holding(
    entries: QuerySet[SearchEntry], terms: Sequence[str], workspaces: Iterable[Workspace], kind: str
) -> QuerySet[SearchEntry]:
    """The candidates are capped among what is asked for: another workspace, or another kind, takes no place."""
    if connection.vendor == "postgresql":
        for term in terms:
            # Django's icontains is UPPER() LIKE, which no trigram index serves.
            pattern = "%" + term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            entries = entries.filter(
                pk__in=RawSQL("SELECT id FROM registry_searchentry WHERE text ILIKE %s", [pattern])
            )
        return entries
    phrase = " AND ".join('"' + term.replace('"', '""') + '"' for term in terms)
    places = [workspace.pk for workspace in workspaces]
    kinds = [kind] if kind else KINDS
    # CROSS: the words come first, and each match is looked up in the table; the other way round reads all of it.
    sql = (
        f"SELECT {FTS}.rowid FROM {FTS} CROSS JOIN {TABLE} entry ON entry.id = {FTS}.rowid "  # noqa: S608  # fixed words
        f"WHERE {FTS} MATCH %s AND entry.workspace_id IN ({_marks(places)}) AND entry.kind IN ({_marks(kinds)}) "
        f"ORDER BY {FTS}.rowid DESC LIMIT {CANDIDATES}"
    )
    return entries.filter(pk__in=RawSQL(sql, [phrase, *places, *kinds]))  # noqa: S611  # what is asked for is parameters


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _beginning(entries: QuerySet[SearchEntry], text: str) -> QuerySet[SearchEntry]:
    """The (workspace, ref) index read as a list of names: one range a kind."""
    ranges = Q()
    for kind in ("component", "data", "model", "environment", "run", "schedule"):
        start = f"{kind}:{text}"
        ranges |= Q(ref__gte=start, ref__lt=start[:-1] + chr(min(ord(start[-1]) + 1, 0xD7FF)))
    return entries.filter(ranges)
