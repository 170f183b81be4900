"""Two documents compared: the verdict with its reasons, and every change; knows no workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from mlopsportal.specs.diff import Change, ChangeJSON, diff
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.interface import (
    Comparison,
    Interface,
    Reason,
    ReasonJSON,
    Verdict,
    compare,
    compare_components,
    interface_of,
    verdict_of,
)
from mlopsportal.specs.lift import lift

_TEXT_KEYS = frozenset({"$schema", "name", "version", "display_name", "description", "tags"})


class ComparedJSON(TypedDict):
    """What `compare_documents --json` prints."""

    verdict: str
    reasons: list[ReasonJSON]
    changes: list[ChangeJSON]


@dataclass(frozen=True)
class Compared:
    """The outcome of a comparison."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    changes: tuple[Change, ...]

    def as_json(self) -> ComparedJSON:
        return {
            "verdict": str(self.verdict),
            "reasons": [reason.as_json() for reason in self.reasons],
            "changes": [change.as_json() for change in self.changes],
        }


def compare_documents(left: Document, right: Document) -> Compared:
    """Compare an older document with a newer one; both must have a value.

    Components and pipelines are judged by their interfaces; what has no interface is minor when it does something
    else than before, patch when only its texts changed.
    """
    changes = diff(left.value, right.value)
    comparison = _comparison(left, right, changes)
    return Compared(comparison.verdict, comparison.reasons, tuple(changes))


def _comparison(left: Document, right: Document, changes: list[Change]) -> Comparison:
    if Kind.UNKNOWN in (left.kind, right.kind):
        message = "One of the documents is nothing the portal knows."
        return verdict_of([Reason("kind-unknown", "", message, Verdict.UNKNOWN)])
    if left.kind is not right.kind and not (left.kind.is_pipeline and right.kind.is_pipeline):
        message = f"The document was a {left.kind.value} and is now a {right.kind.value}."
        return verdict_of([Reason("kind-changed", "type", message, Verdict.BREAKING)])
    if left.kind.is_pipeline:
        determinism = compare_components(_frame(left.value), _frame(right.value)).reasons
        return verdict_of([*compare(_pipeline_interface(left), _pipeline_interface(right)).reasons, *determinism])
    if left.kind.is_component:
        return compare_components(left.value, right.value)
    return _without_interface(changes)


def _frame(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pipeline without its ports: those of a job are not declarations."""
    return {"type": "pipeline", "is_deterministic": value.get("is_deterministic", True)}


def _pipeline_interface(document: Document) -> Interface:
    """Return the interface of a pipeline; what a job fixes is a default of the pipeline it is lifted to."""
    if document.kind is not Kind.PIPELINE_JOB:
        return interface_of(document.value)
    lifted = lift(document.value, path=document.path, version="1", interfaces={})
    interface = interface_of(lifted.component)
    given = lifted.run_defaults.get("inputs", {})
    inputs = {
        name: replace(port, has_default=True, default=port.default or given[name]) if name in given else port
        for name, port in interface.inputs.items()
    }
    return Interface(inputs, interface.outputs)


def _without_interface(changes: list[Change]) -> Comparison:
    reasons = [
        Reason("behaviour-changed", change.path, f"`{change.path}` was {change.kind}.", Verdict.MINOR)
        for change in changes
        if change.steps and change.steps[0] not in _TEXT_KEYS
    ]
    return verdict_of(reasons)
