"""Two runs side by side: parameters, metrics, durations, and which steps were reused; reads their rows, writes none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlopsportal.specs import normalize
from mlopsportal.ui.times import duration_words
from registry.models import Run, RunStatus, Step
from registry.raw import raw_of


@dataclass(frozen=True)
class Pair:
    """One line of a table: what it is of, and what each run says; "" where a run does not say."""

    name: str
    left: str
    right: str
    delta: str = ""

    @property
    def differs(self) -> bool:
        return self.left != self.right


@dataclass(frozen=True)
class StepPair:
    """One step of both runs; None where a run has none, then `absent` says of that side why not."""

    path: str
    left: Step | None
    right: Step | None
    absent: tuple[str, str] = ("", "")

    @property
    def sides(self) -> tuple[tuple[Step | None, str], tuple[Step | None, str]]:
        return (self.left, self.absent[0]), (self.right, self.absent[1])


@dataclass(frozen=True)
class RunPair:
    """Two runs to be read beside each other. `planned` are the names of the steps that each one's definition has."""

    left: Run
    right: Run
    planned: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())

    @cached_property
    def facts(self) -> list[Pair]:
        """Status, times and who started it."""
        sides = [_facts(run) for run in (self.left, self.right)]
        return [Pair(name, sides[0][name], sides[1][name]) for name in sides[0]]

    @cached_property
    def parameters(self) -> list[Pair]:
        left, right = (_parameters(run) for run in (self.left, self.right))
        return [Pair(name, left.get(name, ""), right.get(name, "")) for name in sorted({*left, *right})]

    @cached_property
    def metrics(self) -> list[Pair]:
        left, right = self.left.metrics, self.right.metrics
        return [
            Pair(name, _number(left.get(name)), _number(right.get(name)), _delta(left.get(name), right.get(name)))
            for name in sorted({*left, *right})
        ]

    @cached_property
    def steps(self) -> list[StepPair]:
        """The steps of both, in the order in which they began on the left, then on the right."""
        left, right = _by_path(self.left_steps), _by_path(self.right_steps)
        return [
            StepPair(path, left.get(path), right.get(path), (self._absent(0, path), self._absent(1, path)))
            for path in dict.fromkeys([*left, *right])
        ]

    @cached_property
    def left_steps(self) -> list[Step]:
        return list(self.left.steps.in_time())

    @cached_property
    def right_steps(self) -> list[Step]:
        return list(self.right.steps.in_time())

    @cached_property
    def unstarted(self) -> tuple[list[str], list[str]]:
        """The steps that did not start on each side though the run has ended, as far as its steps were read."""
        found: tuple[list[str], list[str]] = ([], [])
        for index, (run, steps) in enumerate(((self.left, self.left_steps), (self.right, self.right_steps))):
            if run.is_terminal and run.steps_synced_at is not None:
                began = {step.path for step in steps if step.status != RunStatus.NOT_STARTED}
                found[index].extend(sorted(self.planned[index] - began))
        return found

    def _absent(self, index: int, path: str) -> str:
        """Say why one side has no row of a step."""
        run = (self.left, self.right)[index]
        if run.steps_synced_at is None:
            return "not read yet"
        if path.partition(".")[0] not in self.planned[index]:
            return "no such step"
        return "did not start" if run.is_terminal else "has not started yet"

    def as_json(self) -> dict[str, Any]:
        """The part of the REST comparison that only runs have."""
        return {
            "parameters": [_pair(item) for item in self.parameters],
            "metrics": [
                {"name": name, "left": self.left.metrics.get(name), "right": self.right.metrics.get(name)}
                for name in sorted({*self.left.metrics, *self.right.metrics})
            ],
            "duration_seconds": {"left": self.left.duration_seconds, "right": self.right.duration_seconds},
            "steps": [{"path": item.path, "left": _step(item.left), "right": _step(item.right)} for item in self.steps],
        }


def _pair(item: Pair) -> dict[str, str]:
    return {"name": item.name, "left": item.left, "right": item.right}


def _step(step: Step | None) -> dict[str, Any] | None:
    if step is None:
        return None
    return {
        "status": step.status,
        "component": str(step.ref) if step.ref else None,
        "duration_seconds": step.duration_seconds,
        "reused": step.is_reused,
        "reused_from": step.reused_from or None,
    }


def _by_path(steps: Iterable[Step]) -> dict[str, Step]:
    return {step.path: step for step in steps}


def _facts(run: Run) -> dict[str, str]:
    return {
        "Status": run.status,
        "Took": duration_words(run.duration_seconds),
        "Pipeline": f"{run.pipeline.name} {run.pipeline.version}"
        if run.pipeline
        else run.pipeline_name or "unregistered",
        "Experiment": run.experiment,
        "Started by": f"schedule {run.schedule_name}" if run.schedule_name else run.created_by,
    }


def _parameters(run: Run) -> dict[str, str]:
    """Return what the run was given, by input, and the settings that change what it does."""
    normal = normalize.normalized("run", raw_of(run))
    given = {str(name): _value(value) for name, value in _mapping(normal.get("inputs")).items()}
    return given | {f"settings.{name}": _value(value) for name, value in _mapping(normal.get("settings")).items()}


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("value", value.get("uri", value.get("path", value)))
    return str(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else "" if value is None else str(value)


def _delta(left: Any, right: Any) -> str:
    """Return how far the right number is from the left one, with its sign; "" where one is missing."""
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return ""
    return f"{right - left:+.4g}" if right != left else "="
