"""When each step of a run starts, ends and how: pure arithmetic over expanded steps; stores nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlopsportal.sandbox.expansion import Step

PREPARING_SECONDS = 20.0
QUEUE_SECONDS = 30.0
REUSE_SECONDS = 3.0
NEVER_RAN = "Canceled"


@dataclass
class Slot:
    """One step's fate: seconds since the epoch; `starts_at == ends_at` when it never ran."""

    ready_at: float
    starts_at: float
    ends_at: float
    outcome: str = "Completed"


def duration_seconds(path: str, component_id: str) -> float:
    """Between 5 and 15 simulated minutes, the same for the same step of the same component."""
    digest = hashlib.sha256(f"{path}\n{component_id.rpartition('/components/')[2]}".encode()).digest()
    return 300.0 + int.from_bytes(digest[:4], "big") % 601


def timetable(
    steps: Sequence[Step], *, created_at: float, reused: Mapping[str, str], fail: Collection[str], scale: float
) -> dict[str, Slot]:
    """The slots of all steps by path, as if nothing else happens; `fail` holds paths or names of failing steps.

    A failed step stops at half its time. What a failure does to the other steps is for `fall_out` to say.
    """
    begin = created_at + PREPARING_SECONDS / scale
    slots: dict[str, Slot] = {}
    for step in steps:
        if step.is_pipeline:
            continue
        ready = max([begin, *(slots[source].ends_at for source in step.sources())])
        seconds = REUSE_SECONDS if step.path in reused else duration_seconds(step.path, step.component_id)
        queue = 0.0 if step.path in reused else QUEUE_SECONDS
        failed = step.path in fail or step.name in fail
        seconds = seconds / 2 if failed else seconds
        starts = ready + queue / scale
        slots[step.path] = Slot(ready, starts, starts + seconds / scale, "Failed" if failed else "Completed")
    for step in reversed(steps):
        if step.is_pipeline:
            slots[step.path] = _span(step, steps, slots, begin)
    return slots


def fall_out(steps: Sequence[Step], slots: dict[str, Slot], *, continue_on_failure: bool) -> None:
    """Let each failed step have its effect on the others, in place: earliest failure first.

    Steps that read from a failed one never run. Unless the run continues on failure, everything that has not ended
    at the moment of the first failure is cancelled then.
    """
    lost: set[str] = set()
    failures = [step for step in steps if not step.is_pipeline and slots[step.path].outcome == "Failed"]
    first = min((slots[step.path].ends_at for step in failures), default=None)
    for step in steps:
        if step.is_pipeline or first is None:
            continue
        slot = slots[step.path]
        sources = set(step.sources())
        starved = [slots[source].ends_at for source in sources if source in lost or slots[source].outcome == "Failed"]
        if starved:
            _stop(slot, max(starved))
            lost.add(step.path)
        elif not continue_on_failure and slot.ends_at > first:
            _stop(slot, first)
            lost.add(step.path)
    for step in reversed(steps):
        if step.is_pipeline:
            slots[step.path] = _span(step, steps, slots, slots[step.path].ready_at)


def _stop(slot: Slot, at: float) -> None:
    slot.outcome = NEVER_RAN
    slot.ready_at, slot.starts_at, slot.ends_at = min(slot.ready_at, at), min(slot.starts_at, at), at


def _span(step: Step, steps: Sequence[Step], slots: Mapping[str, Slot], begin: float) -> Slot:
    """A pipeline node lasts from its first child's start to its last child's end and is as good as its worst."""
    inner = [slots[child.path] for child in steps if child.parent == step.path and child.path in slots]
    if not inner:
        return Slot(begin, begin, begin)
    ready, ends = min(slot.ready_at for slot in inner), max(slot.ends_at for slot in inner)
    return Slot(ready, min(slot.starts_at for slot in inner), ends, worst(slot.outcome for slot in inner))


def worst(outcomes: Iterable[str]) -> str:
    """Failed over Canceled over Completed."""
    found = set(outcomes)
    return next((word for word in ("Failed", "Canceled") if word in found), "Completed")
