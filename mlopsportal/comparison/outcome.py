"""How two runs came out, in words: how each ended, then metrics, time, and what did not start; asks no table itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlopsportal.comparison.runs import Pair, RunPair
from mlopsportal.ui.times import duration_words
from registry.models import Run, RunStatus, Step

METRICS = 3
NAMED = 5
LONGEST_ERROR = 200
_ENDS = {RunStatus.COMPLETED: "completed", RunStatus.FAILED: "failed", RunStatus.CANCELED: "was cancelled"}


def ends_words(pair: RunPair) -> str:
    """Say in a few words how each ended: "The left failed, the right completed"."""
    return f"The left {_end(pair.left)}, the right {_end(pair.right)}"


def headline_words(pair: RunPair, definition_differs: bool) -> str:
    """Say in a line how the two came out: how each ended, the definition, metrics, time, and what was reused."""
    parts = ["another definition" if definition_differs else "same definition"]
    if metrics := _differing(pair):
        parts.append(_count(len(metrics), "metric differs", "metrics differ"))
    if longer := _longer(pair):
        parts.append(f"the right took {longer}")
    if reused := sum(1 for step in pair.steps if step.right is not None and step.right.is_reused):
        parts.append(f"{reused} of {len(pair.steps)} steps on the right were reused")
    return f"{_endings(pair)} {'; '.join(parts).capitalize()}."


def outcome_lines(pair: RunPair) -> list[str]:
    """Return what came out otherwise, a sentence each, how they ended first; empty for two that came out the same."""
    return list(_outcome(pair))


def _outcome(pair: RunPair) -> Iterator[str]:
    if pair.left.status != pair.right.status or pair.left.status == RunStatus.FAILED:
        yield _endings(pair)
    for side, absent in (("left", pair.unstarted[0]), ("right", pair.unstarted[1])):
        if absent:
            yield f"{_count(len(absent), 'step', 'steps')} did not start on the {side}: {_few(absent, NAMED)}."
    differing = _differing(pair)
    if differing:
        told = _few([f"{metric.name} {metric.left} → {metric.right}" for metric in differing], METRICS)
        yield f"{_count(len(differing), 'metric differs', 'metrics differ')}: {told}."
    for side, only in (("left", [m for m in pair.metrics if not m.right]), ("right", _only_right(pair))):
        if only:
            has = _count(len(only), "metric is", "metrics are")
            yield f"{has} of the {side} alone: {_few([metric.name for metric in only], NAMED)}."
    longer = _longer(pair)
    if longer:
        took = [duration_words(run.duration_seconds) for run in (pair.left, pair.right)]
        yield f"The right took {longer}: {took[1]} instead of {took[0]}."


def _only_right(pair: RunPair) -> list[Pair]:
    return [metric for metric in pair.metrics if not metric.left]


def _differing(pair: RunPair) -> list[Pair]:
    return [metric for metric in pair.metrics if metric.left and metric.right and metric.differs]


def _longer(pair: RunPair) -> str:
    """Return how much longer the right one took: "12 min 03 s longer"; "" when that is not known, or nothing."""
    left, right = pair.left.duration_seconds, pair.right.duration_seconds
    if left is None or right is None or round(left) == round(right):
        return ""
    return f"{duration_words(abs(round(right - left)))} {'longer' if right > left else 'shorter'}"


def _endings(pair: RunPair) -> str:
    """Say how each ended, and of one that failed where and why."""
    left, right = pair.left, pair.right
    if left.status == right.status and left.status != RunStatus.FAILED:
        return f"Both {_end(left).replace('was', 'were')}." if left.is_terminal else "Neither has ended."
    return f"The left {_ending(left, pair.left_steps)}; the right {_ending(right, pair.right_steps)}."


def _ending(run: Run, steps: Sequence[Step]) -> str:
    if run.status != RunStatus.FAILED:
        return _end(run)
    step = failed_step(steps)
    error = " ".join(((step.error if step else "") or run.error).split()).rstrip(".")
    error = error if len(error) <= LONGEST_ERROR else f"{error[: LONGEST_ERROR - 1]}…"
    return f"failed{f' at step {step.path}' if step else ''}{f': {error}' if error else ''}"


def _end(run: Run) -> str:
    return _ENDS.get(RunStatus(run.status), "") if run.is_terminal else "has not ended"


def failed_step(steps: Sequence[Step]) -> Step | None:
    """Return the first step that failed by itself and not because of one inside it; None when none did."""
    failed = [step for step in steps if step.status == RunStatus.FAILED]
    inner = [step for step in failed if not any(other.path.startswith(f"{step.path}.") for other in failed)]
    return inner[0] if inner else None


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _few(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
