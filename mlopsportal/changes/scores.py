"""The scores of the versions that a plan makes, beside those of the versions before them, by the levels of now."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlopsportal.changes.bundling import MOST_DOCUMENTS
from mlopsportal.changes.models import Step
from mlopsportal.changes.states import StepAction
from mlopsportal.specs.practices import Missing, Score
from mlopsportal.specs.ref import InvalidRef, Ref
from registry.models import AssetKind, Version, Workspace
from registry.raw import raw_of
from registry.scoring import Yardstick

MOST_STEPS = MOST_DOCUMENTS
MOST_VERSIONS = 100 * MOST_STEPS


@dataclass(frozen=True)
class Scored:
    """The score of a version that a plan makes; `before` is that of the version before it, None where there is none."""

    now: Score
    before: Score | None = None

    @property
    def is_lower(self) -> bool:
        return self.before is not None and self.now.percent < self.before.percent

    @property
    def lost(self) -> list[Missing]:
        """The practices that the version before followed and this one does not."""
        known = {item.code for item in self.before.missing} if self.before else set()
        return [item for item in self.now.missing if item.code not in known] if self.before else []

    def as_json(self) -> dict[str, Any]:
        """Return what a page shows of it."""
        return {
            "now": {"percent": self.now.percent},
            "before": {"percent": self.before.percent} if self.before else None,
            "is_lower": self.is_lower,
            "lost": [{"code": item.code, "title": item.title} for item in self.lost],
        }


def scores_of_steps(workspace: Workspace, steps: Sequence[Step]) -> dict[int, Scored]:
    """Return by position the scores of the new components and pipelines, of MOST_STEPS steps at most."""
    made = list(_made(steps[:MOST_STEPS]))
    if not made:
        return {}
    earlier = _versions_before(workspace, [ref for _, ref in made])
    measure, found = Yardstick(workspace), dict[int, Scored]()
    for step, ref in made:
        now = measure.score(ref, json.loads(step.payload_bytes))
        row = earlier.get(ref)
        if now is not None:
            found[step.position] = Scored(now, measure.score(row.ref, raw_of(row)) if row else None)
    return found


def followed_by_steps(workspace: Workspace, steps: Sequence[Step]) -> dict[int, Ref]:
    """Return by position the version that each new version of a component or pipeline comes after."""
    made = list(_made(steps[:MOST_STEPS]))
    earlier = _versions_before(workspace, [ref for _, ref in made]) if made else {}
    return {step.position: earlier[ref].ref for step, ref in made if ref in earlier}


def _made(steps: Sequence[Step]) -> Iterator[tuple[Step, Ref]]:
    for step in steps:
        try:
            ref = Ref.parse(step.ref)
        except InvalidRef:
            continue
        if ref.kind == AssetKind.COMPONENT and step.action == StepAction.CREATE and step.payload_bytes:
            yield step, ref


def _versions_before(workspace: Workspace, refs: Collection[Ref]) -> dict[Ref, Version]:
    """Return by ref the mirrored version that came before it: the newest, or the next older of one that is there."""
    there = Version.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT, name__in={ref.name for ref in refs})
    newest_first: dict[str, list[tuple[str, int]]] = defaultdict(list)
    rows = there.order_by("-created_at", "-id").values_list("name", "version", "pk")
    for name, version, key in rows[:MOST_VERSIONS]:
        newest_first[name].append((version, key))
    keys = {ref: _key_before(newest_first[ref.name], ref.version or "") for ref in refs}
    found = Version.objects.select_related("part").in_bulk([key for key in keys.values() if key is not None])
    return {ref: found[key] for ref, key in keys.items() if key in found}


def _key_before(newest_first: Sequence[tuple[str, int]], version: str) -> int | None:
    own = next((index for index, (name, _) in enumerate(newest_first) if name == version), -1)
    return newest_first[own + 1][1] if own + 1 < len(newest_first) else None
