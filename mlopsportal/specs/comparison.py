"""Two documents compared: the verdict with its reasons, and every change; knows no workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from mlopsportal.specs.diff import Change, ChangeJSON, diff
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.edges import UNKNOWN_RULE, EdgeFault, judge_edges, written_outputs
from mlopsportal.specs.evidence import untold_steps
from mlopsportal.specs.following import followed
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
from mlopsportal.specs.lift import job_interface
from mlopsportal.specs.versions import understatement

BEHAVIOUR_RULE = "behaviour-changed"
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
    left: Document,
    right: Document,
    *,
    interfaces: Mapping[str, Interface] | None = None,
    beside: Mapping[str, Document] | None = None,
) -> Compared:
    """Compare an older document with a newer one; both must have a value.

    Components and pipelines are judged by their interfaces; what has no interface is minor when it does something
    else than before, patch when only its texts changed. Every edge of the newer pipeline is type-checked as far as
    its components are known: inline, in a document `beside` (by path), or in `interfaces` ("component:train:3" to its
    interface). A step whose component is not known makes the verdict unknown only where it is new, runs something
    else than before, or uses it otherwise than the older pipeline did.
    """
    changes = diff(left.value, right.value)
    comparison = _comparison(left, right, changes)
    if left.kind.is_pipeline and right.kind.is_pipeline:
        around = {**(beside or {}), left.path: left, right.path: right}
        sides = [followed(document, around) for document in (left, right)]
        known = [{**(interfaces or {}), **side.interfaces} for side in sides]
        edges = compare_edges(sides[0].value, sides[1].value, known[1], before=known[0], as_written=True).reasons
        comparison = verdict_of([*comparison.reasons, *edges])
    comparison = with_declared(comparison, *(item.ref.version if item.ref else None for item in (left, right)))
    return Compared(comparison.verdict, comparison.reasons, tuple(changes))


def with_declared(comparison: Comparison, left: str | None, right: str | None) -> Comparison:
    """Add the reason "Declared minor, is breaking" where the two versions say less than the verdict."""
    reason = understatement(left, right, comparison)
    return comparison if reason is None else verdict_of([*comparison.reasons, reason])


def compare_edges(
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    interfaces: Mapping[str, Interface],
    *,
    before: Mapping[str, Interface] | None = None,
    as_written: bool = False,
    apart: bool = False,
) -> Comparison:
    """Type-check every edge of the newer pipeline; what did not fit before either is told, but weighs nothing.

    `before` are the interfaces of what the older pipeline runs, where they are not the same `interfaces`.
    `as_written` says that both are YAML. A use of a component that is not known, other than the older pipeline's,
    makes the verdict unknown; every such use does where the two are `apart`, in workspaces of their own, since there
    a reference of the one says nothing of the same reference of the other.
    """
    older = interfaces if before is None else before
    old = {_key(fault) for fault in judge_edges(left, older, as_written=as_written)}
    reasons = []
    for fault in judge_edges(right, interfaces, as_written=as_written):
        if fault.rule != UNKNOWN_RULE:
            is_old = _key(fault) in old
            rule = f"still-{fault.rule}" if is_old else f"step-{fault.rule}"
            reasons.append(Reason(rule, fault.path, fault.message, Verdict.PATCH if is_old else Verdict.BREAKING))
    reasons += _unwritten(left, right)
    for fault in untold_steps({} if apart else left, right, older, interfaces, as_written=as_written):
        reasons.append(Reason(f"step-{fault.rule}", fault.path, fault.message, Verdict.UNKNOWN))
    return verdict_of(reasons)


def _unwritten(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[Reason]:
    """An output that is still declared, but that no step writes any more, is missed by whoever reads it."""
    declared = right.get("outputs")
    for name in sorted(written_outputs(left) - written_outputs(right)):
        if isinstance(declared, Mapping) and name in declared:
            message = f"No step writes the output {name} any more."
            yield Reason("output-unwritten", f"outputs.{name}", message, Verdict.BREAKING)


def _key(fault: EdgeFault) -> tuple[str, str, str]:
    return fault.rule, fault.path, fault.message


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
    return without_interface(changes)


def _frame(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pipeline without its ports: those of a job are not declarations."""
    return {"type": "pipeline", "is_deterministic": value.get("is_deterministic", True)}


def _pipeline_interface(document: Document) -> Interface:
    return job_interface(document) if document.kind is Kind.PIPELINE_JOB else interface_of(document.value)


def without_interface(changes: Sequence[Change]) -> Comparison:
    """Judge what nobody is bound to, like a schedule: minor when it does something else, patch for other texts."""
    reasons = [
        Reason(BEHAVIOUR_RULE, change.path, f"`{change.path}` was {change.kind}.", Verdict.MINOR)
        for change in changes
        if change.steps and change.steps[0] not in _TEXT_KEYS
    ]
    return verdict_of(reasons)
