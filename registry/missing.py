"""When a row may be called missing: after two complete listings without it, never in a landslide; deletes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from django.db.models import Max, QuerySet

from mlopsportal.specs.ref import Ref
from registry.findings import Found, open_findings, resolve
from registry.models import Answer, Asset, Finding, FindingKind, Mirrored, Run, Version, Workspace

Row = TypeVar("Row", bound=Mirrored)
FEW = 3
MOST_ROWS = 50
MOST_SHARE = 0.2
"""More than a fifth of what was there, or fifty rows, gone at one sync looks like lost rights, not like tidying up."""


def mark_missing(rows: QuerySet[Row], workspace: Workspace, now: datetime, **fixed: str) -> int:
    """Set `missing_since` on rows that neither this complete listing nor the sync before it has seen.

    Call it at the end of a complete listing only. Returns how many rows were held back because too many went at once;
    then those are not marked and a finding says so. Once a person has confirmed it, they are marked; once a person has
    dismissed it, they stay as they are and are not told again.
    """
    if workspace.synced_at is None:
        return 0
    what = rows.model._meta.verbose_name_plural
    about = f"{fixed.get('kind', '')} {what}".strip()
    before = min(workspace.synced_at, now)
    there = rows.filter(workspace=workspace, missing_since=None, **fixed)
    gone = list(there.filter(seen_at__lt=before).defer("remainder"))
    if not gone:
        return 0
    confirmed, dismissed = (_answered(workspace, about, answer) for answer in (Answer.CONFIRMED, Answer.DISMISSED))
    sure = [row for row in gone if row.seen_at < confirmed]
    kept = [row for row in gone if confirmed <= row.seen_at < dismissed]
    left = [row for row in gone if row.seen_at >= max(confirmed, dismissed)]
    if not is_landslide(len(left), there.count() - len(sure) - len(kept)):
        sure, left = sure + left, []
    _mark(rows, workspace, sure, now)
    if left:
        reason = f"{len(left)} {what} vanished at once; they are held until a person has looked"
        detail = {"reason": reason, "rows": len(left)}
        open_findings(workspace, [Found(FindingKind.UNREADABLE, about, detail, held_before=before)], now=now)
    return len(left)


def _answered(workspace: Workspace, about: str, answer: Answer) -> datetime:
    """Return the moment a person's newest answer reaches up to: what was last seen before it is answered for."""
    found = Finding.objects.filter(workspace=workspace, kind=FindingKind.UNREADABLE, ref=about, answer=answer)
    newest: datetime | None = found.aggregate(newest=Max("held_before"))["newest"]
    return newest or datetime.min.replace(tzinfo=UTC)


def _mark(rows: QuerySet[Row], workspace: Workspace, gone: list[Row], now: datetime) -> None:
    rows.filter(pk__in=[row.pk for row in gone]).update(missing_since=now)
    found = [Found(FindingKind.MISSING, str(row.ref)[:400], {"last_seen": row.seen_at.isoformat()}) for row in gone]
    open_findings(workspace, found, now=now)


def is_landslide(gone: int, known: int) -> bool:
    """True when so many rows went at once that the listing is to be doubted rather than believed."""
    if gone == known and known > 1:
        return True
    return gone > FEW and (gone > MOST_ROWS or gone > known * MOST_SHARE)


def resolve_seen_again(workspace: Workspace, now: datetime) -> None:
    """Close findings that no longer hold: a missing object is back, an unreadable one could be read."""
    opened = Finding.objects.filter(workspace=workspace, resolved_at=None)
    unreadable = opened.filter(kind=FindingKind.UNREADABLE, last_seen_at__lt=now).values_list("ref", flat=True)
    resolve(workspace, FindingKind.UNREADABLE, list(unreadable), now=now)
    missing = opened.filter(kind=FindingKind.MISSING).values_list("ref", flat=True)
    resolve(workspace, FindingKind.MISSING, [text for text in missing if _is_back(workspace, Ref.parse(text))], now=now)


def _is_back(workspace: Workspace, ref: Ref) -> bool:
    here = {"workspace": workspace, "missing_since": None}
    if ref.kind == "run":
        return Run.objects.filter(job_name=ref.name, **here).exists()
    if ref.version is None:
        return Asset.objects.filter(kind=ref.kind, name=ref.name, **here).exists()
    return Version.objects.filter(kind=ref.kind, name=ref.name, version=ref.version, **here).exists()
