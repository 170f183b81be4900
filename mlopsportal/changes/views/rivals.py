"""Which other open changes want the same objects as this one; reads rows and writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F

from mlopsportal.changes.models import ChangeRequest, Document, Step


@dataclass(frozen=True)
class Rival:
    """Another open change, and the refs that both want, as texts."""

    change: ChangeRequest
    refs: tuple[str, ...]


def rivals_of(change: ChangeRequest, refs: Iterable[str]) -> list[Rival]:
    """Return the other open changes of the workspace about any of these refs, the oldest first; three queries.

    Compared with the documents of their current revisions and, where a version was only fixed by planning, with
    the steps of their current plans.
    """
    wanted = {ref for ref in refs if ref}
    others = ChangeRequest.objects.filter(workspace=change.workspace).open().exclude(pk=change.pk)
    rows = others.select_related("author").order_by("pk")[:200] if wanted and change.is_open else []
    by_key = {row.pk: row for row in rows}
    if not by_key:
        return []
    documents = Document.objects.filter(
        revision__change__in=by_key, revision__number=F("revision__change__revision_number"), ref__in=wanted
    ).values_list("revision__change", "ref")
    plans = {row.plan_id: row.pk for row in by_key.values() if row.plan_id is not None}
    steps = Step.objects.filter(plan__in=plans, ref__in=wanted).values_list("plan", "ref")
    shared: dict[int, dict[str, None]] = defaultdict(dict)
    for key, ref in [*documents, *((plans[plan], ref) for plan, ref in steps)]:
        shared[key][ref] = None
    return [Rival(by_key[key], tuple(found)) for key, found in sorted(shared.items())]
