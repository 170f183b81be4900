"""Opens and closes findings, in bulk and each with its audit event; knows not what is worth finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from mlopsportal.audit import log
from mlopsportal.audit.actions import SYSTEM, Action
from registry.models import Finding, FindingKind, Workspace


@dataclass(frozen=True)
class Found:
    """Something to tell people: `ref` is a Ref's text, `detail` JSON that the page shows.

    `held_before` is set for a landslide: it holds the rows that were last seen before that moment.
    """

    kind: FindingKind
    ref: str
    detail: dict[str, Any]
    held_before: datetime | None = None


def open_findings(workspace: Workspace, found: Sequence[Found], *, now: datetime) -> int:
    """Open what is not open yet, and say of the rest that it was seen again; return how many are new."""
    if not found:
        return 0
    with transaction.atomic():
        wanted = {(item.kind.value, item.ref): item for item in found}
        rows = Finding.objects.filter(
            workspace=workspace, resolved_at=None, ref__in=[item.ref for item in wanted.values()]
        )
        known = {(row.kind, row.ref): row for row in rows}
        for key in wanted.keys() & known.keys():
            known[key].last_seen_at, known[key].detail = now, wanted[key].detail
            known[key].held_before = wanted[key].held_before
        again = [known[key] for key in wanted.keys() & known.keys()]
        Finding.objects.bulk_update(again, ["last_seen_at", "detail", "held_before"])
        new = [
            Finding(
                workspace=workspace,
                kind=item.kind,
                ref=item.ref,
                detail=item.detail,
                held_before=item.held_before,
                found_at=now,
                last_seen_at=now,
            )
            for key, item in wanted.items()
            if key not in known
        ]
        Finding.objects.bulk_create(new, ignore_conflicts=True)
        for row in new:
            _record(Action.FINDING_OPENED, workspace, row)
        return len(new)


def resolve(workspace: Workspace, kind: FindingKind, refs: Iterable[str], *, now: datetime) -> int:
    """Close the open findings of a kind about these refs; return how many there were."""
    with transaction.atomic():
        rows = list(Finding.objects.filter(workspace=workspace, kind=kind, resolved_at=None, ref__in=list(refs)))
        for row in rows:
            row.resolved_at = now
            row.save(update_fields=["resolved_at"])
            _record(Action.FINDING_RESOLVED, workspace, row)
        return len(rows)


def _record(action: Action, workspace: Workspace, row: Finding) -> None:
    log.record(action, actor=SYSTEM, workspace=workspace.slug, target=row.ref, facts={"finding": row.kind})
