"""Whether a step of a pipeline still fits when what it runs gets another interface; plain values, asks no table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mlopsportal.specs.edges import EdgeFault, judge_edges
from mlopsportal.specs.graph import graph_of
from mlopsportal.specs.interface import Interface, Port

InterfaceOf = Callable[[str], Interface | None]
"""Answers with the interface of what a reference text ("component:train:3") names; None when nobody knows."""

_MOVED = "component:moved-here:0"


class Fit(StrEnum):
    """What it takes to move a user to another version, the easiest first."""

    DROP_IN = "drop_in"
    NEEDS_DEFAULT = "needs_default"
    NEEDS_HANDS = "needs_hands"


@dataclass(frozen=True)
class Misfit:
    """One reason why a step does not fit as it stands; `takes` is the port, where a value for it is all it needs."""

    fit: Fit
    node: str
    port: str
    message: str
    takes: Port | None = None


def fit_of(misfits: Iterable[Misfit]) -> Fit:
    """Return what the misfits together ask for."""
    found = {misfit.fit for misfit in misfits}
    if Fit.NEEDS_HANDS in found:
        return Fit.NEEDS_HANDS
    return Fit.NEEDS_DEFAULT if found else Fit.DROP_IN


def misfits_at(
    definition: Mapping[str, Any], nodes: Mapping[str, Interface], interface_named: InterfaceOf
) -> list[Misfit]:
    """Return what would no longer fit, were what the nodes at these paths run to have these interfaces, all at once.

    `definition` is a pipeline's, its nodes below `jobs`. Every edge of the pipeline is type-checked as it is and as it
    would be; what did not fit before is not told. A path that leads nowhere is one misfit.
    """
    found: list[Misfit] = []
    levels: dict[str, dict[str, Interface]] = {}
    for path, interface in nodes.items():
        outer, _, name = path.rpartition(".")
        if level_of(definition, path) is None:
            found.append(Misfit(Fit.NEEDS_HANDS, path, "", f"The step {path} stands where it cannot be rewritten."))
        else:
            levels.setdefault(outer, {})[name] = interface
    for outer, moved in levels.items():
        found += _misfits_of_level(definition, outer, moved, interface_named)
    return found


def _misfits_of_level(
    definition: Mapping[str, Any], outer: str, moved: Mapping[str, Interface], interface_named: InterfaceOf
) -> Iterator[Misfit]:
    some = next(iter(moved))
    level, _ = level_of(definition, f"{outer}.{some}" if outer else some) or ({}, "")
    texts = {item.component for item in graph_of(level).nodes if item.component}
    interfaces = {text: known for text in texts if (known := interface_named(text)) is not None}
    marks = {name: f"component:moved-here:{number}" for number, name in enumerate(moved)}
    jobs = {**level["jobs"], **{name: {**level["jobs"][name], "component": mark} for name, mark in marks.items()}}
    before = {(fault.rule, fault.path) for fault in judge_edges(level, interfaces)}
    after = judge_edges({**level, "jobs": jobs}, {**interfaces, **{marks[name]: moved[name] for name in moved}})
    for fault in after:
        if (fault.rule, fault.path) not in before:
            name = fault.path.split(".")[1]
            yield _misfit(f"{outer}.{name}" if outer else name, fault, moved.get(name, Interface()))


def misfits_of_call(
    inputs: Mapping[str, Any], outputs: Mapping[str, Any], interface: Interface, *, what: str
) -> list[Misfit]:
    """Return what would not fit, were something with `interface` run with these inputs and outputs, as a schedule does.

    `what` names who runs it; the node of each misfit is "".
    """
    job = {"jobs": {what: {"component": _MOVED, "inputs": inputs, "outputs": outputs}}}
    return [_misfit("", fault, interface) for fault in judge_edges(job, {_MOVED: interface})]


def _misfit(node: str, fault: EdgeFault, interface: Interface) -> Misfit:
    port = fault.path.rpartition("puts.")[2]
    if fault.rule == "input-missing" and port in interface.inputs:
        return Misfit(Fit.NEEDS_DEFAULT, node, port, fault.message, interface.inputs[port])
    return Misfit(Fit.NEEDS_HANDS, node, port, fault.message)


def level_of(definition: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any], str] | None:
    """Return the pipeline in which the node at a path stands, and its name there; None where there is none."""
    level: Any = definition
    *outer, name = path.split(".")
    for step in outer:
        node = _mapping(_mapping(level).get("jobs")).get(step)
        inner = _mapping(node).get("component")
        level = inner if isinstance(inner, Mapping) else node
    return (level, name) if name in _mapping(_mapping(level).get("jobs")) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
