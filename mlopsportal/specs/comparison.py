"""Two documents compared: the verdict with its reasons, and every change; knows no workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from mlopsportal.specs.diff import Change, ChangeJSON, diff
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.edges import UNKNOWN_RULE, judge_edges
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
from mlopsportal.specs.versions import understatement

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


def compare_documents(
    left: Document, right: Document, *, interfaces: Mapping[str, Interface] | None = None
) -> Compared:
    """Compare an older document with a newer one; both must have a value.

    Components and pipelines are judged by their interfaces; what has no interface is minor when it does something
    else than before, patch when only its texts changed. With `interfaces` ("component:train:3" to its interface)
    every edge of a pipeline is type-checked too.
    """
    changes = diff(left.value, right.value)
    comparison = _comparison(left, right, changes)
    if interfaces is not None and left.kind.is_pipeline and right.kind.is_pipeline:
        edges = compare_edges(left.value, right.value, interfaces).reasons
        comparison = verdict_of([*comparison.reasons, *edges])
    comparison = with_declared(comparison, *(item.ref.version if item.ref else None for item in (left, right)))
    return Compared(comparison.verdict, comparison.reasons, tuple(changes))


def with_declared(comparison: Comparison, left: str | None, right: str | None) -> Comparison:
    """Add the reason "Declared minor, is breaking" where the two versions say less than the verdict."""
    reason = understatement(left, right, comparison)
    return comparison if reason is None else verdict_of([*comparison.reasons, reason])


def compare_edges(left: Mapping[str, Any], right: Mapping[str, Any], interfaces: Mapping[str, Interface]) -> Comparison:
    """Type-check every edge of the newer pipeline; what did not fit before either is told, but weighs nothing.

    A step that is new or changed, and whose component is not known, makes the verdict unknown.
    """
    before = {(fault.rule, fault.path, fault.message) for fault in judge_edges(left, interfaces)}
    reasons = []
    for fault in judge_edges(right, interfaces):
        is_old = (fault.rule, fault.path, fault.message) in before
        if fault.rule == UNKNOWN_RULE:
            if not (is_old and _same_node(fault.path, left, right)):
                reasons.append(Reason("step-unknown", fault.path, fault.message, Verdict.UNKNOWN))
        else:
            weight = Verdict.PATCH if is_old else Verdict.BREAKING
            rule = f"still-{fault.rule}" if is_old else f"step-{fault.rule}"
            reasons.append(Reason(rule, fault.path, fault.message, weight))
    return verdict_of(reasons)


def _same_node(path: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    name = path.removeprefix("jobs.").rpartition(".")[0]
    nodes = [spec["jobs"][name] for spec in (left, right)]
    return bool(nodes[0] == nodes[1])


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
