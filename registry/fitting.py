"""Whether a step of a pipeline still fits when what it runs gets another interface; plain values, asks no table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mlopsportal.specs.bindings import sole_binding
from mlopsportal.specs.checks.ports import fits_type
from mlopsportal.specs.graph import INPUTS, OUTPUTS, Edge, graph_of
from mlopsportal.specs.interface import ASSET_TYPES, Interface, Port, interface_of, type_fits

InterfaceOf = Callable[[str], Interface | None]
"""Answers with the interface of what a reference text ("component:train:3") names; None when nobody knows."""


class Fit(StrEnum):
    """What it takes to move a user to another version, the easiest first."""

    DROP_IN = "drop_in"
    NEEDS_DEFAULT = "needs_default"
    NEEDS_HANDS = "needs_hands"


@dataclass(frozen=True)
class Misfit:
    """One reason why a step does not fit as it stands. `type` is that of the port, for a value to be asked for."""

    fit: Fit
    node: str
    port: str
    message: str
    type: str = ""


def fit_of(misfits: Iterable[Misfit]) -> Fit:
    """Return what the misfits together ask for."""
    found = {misfit.fit for misfit in misfits}
    if Fit.NEEDS_HANDS in found:
        return Fit.NEEDS_HANDS
    return Fit.NEEDS_DEFAULT if found else Fit.DROP_IN


def misfits_at(
    definition: Mapping[str, Any], node: str, interface: Interface, interface_named: InterfaceOf
) -> list[Misfit]:
    """Return why the node at this path would not fit, were what it runs to have `interface`.

    `definition` is a pipeline's, its nodes below `jobs`. Every edge into the node and out of it is type-checked, every
    value it is given too. A path that leads nowhere is one misfit.
    """
    found = level_of(definition, node)
    if found is None:
        message = f"The step {node} stands where it cannot be rewritten."
        return [Misfit(Fit.NEEDS_HANDS, node, "", message)]
    level, name = found
    return list(_Level(level, interface_named).misfits(node, name, interface))


def level_of(definition: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any], str] | None:
    """Return the pipeline in which the node at a path stands, and its name there; None where there is none."""
    level: Any = definition
    *outer, name = path.split(".")
    for step in outer:
        node = _mapping(_mapping(level).get("jobs")).get(step)
        inner = _mapping(node).get("component")
        level = inner if isinstance(inner, Mapping) else node
    return (level, name) if name in _mapping(_mapping(level).get("jobs")) else None


class _Level:
    """One pipeline and the types of the ports in it."""

    def __init__(self, level: Mapping[str, Any], interface_named: InterfaceOf) -> None:
        self.jobs = _mapping(level.get("jobs"))
        self.own = interface_of(level)
        self.edges = graph_of(level, with_ports=True).edges
        self.components = {node.id: node.component for node in graph_of(level).nodes}
        self.interface_named = interface_named

    def misfits(self, path: str, name: str, wanted: Interface) -> Iterator[Misfit]:
        given = dict(_given(_mapping(self.jobs[name]).get("inputs")))
        for port in given:
            if port not in wanted.inputs:
                yield Misfit(Fit.NEEDS_HANDS, path, port, f"{path} passes {port}, which there is no longer.")
        for port, declared in wanted.inputs.items():
            if port not in given and declared.is_required:
                message = f"{path} needs a value for the new input {port} ({declared.type})."
                yield Misfit(Fit.NEEDS_DEFAULT, path, port, message, declared.type)
            elif port in given and (message := _refused(path, declared, given[port])):
                yield Misfit(Fit.NEEDS_HANDS, path, port, message)
        for edge in self.edges:
            yield from self._edge(path, name, edge, wanted)

    def _edge(self, path: str, name: str, edge: Edge, wanted: Interface) -> Iterator[Misfit]:
        if edge.target == name and edge.target_port in wanted.inputs:
            yield from self._into(path, edge, wanted.inputs[edge.target_port])
        if edge.source == name:
            yield from self._out_of(path, edge, wanted)

    def _into(self, path: str, edge: Edge, port: Port) -> Iterator[Misfit]:
        given = self._given_type(edge)
        if not type_fits(given, port.type):
            source = f"the pipeline input {edge.source_port}" if edge.source == INPUTS else edge.source
            message = f"{path}.{port.name} takes {port.type}, and {source} gives {given}."
            yield Misfit(Fit.NEEDS_HANDS, path, port.name, message)

    def _out_of(self, path: str, edge: Edge, wanted: Interface) -> Iterator[Misfit]:
        port = wanted.outputs.get(edge.source_port)
        target = f"the pipeline output {edge.target_port}" if edge.target == OUTPUTS else edge.target
        if port is None:
            message = f"{target} reads {path}.{edge.source_port}, which there is no longer."
            yield Misfit(Fit.NEEDS_HANDS, path, edge.source_port, message)
        elif not type_fits(port.type, self._taken_type(edge)):
            message = f"{path}.{port.name} gives {port.type}, and {target} takes {self._taken_type(edge)}."
            yield Misfit(Fit.NEEDS_HANDS, path, port.name, message)

    def _given_type(self, edge: Edge) -> str:
        ports = self.own.inputs if edge.source == INPUTS else self._interface(edge.source).outputs
        return ports[edge.source_port].type if edge.source_port in ports else "unknown"

    def _taken_type(self, edge: Edge) -> str:
        ports = self.own.outputs if edge.target == OUTPUTS else self._interface(edge.target).inputs
        return ports[edge.target_port].type if edge.target_port in ports else "unknown"

    def _interface(self, node: str) -> Interface:
        inline = _mapping(self.jobs.get(node)).get("component")
        if isinstance(inline, Mapping):
            return interface_of(inline)
        return self.interface_named(self.components.get(node, "")) or Interface()


def _given(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the inputs a node is given, those of a group by their dotted names."""
    for name, value in _mapping(values).items():
        if isinstance(value, Mapping) and not ({"path", "uri", "value", "type", "mode"} & value.keys()):
            yield from _given(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _refused(path: str, port: Port, value: Any) -> str:
    """Say why a port does not take a literal, "" when it does or when the value is bound or data."""
    if isinstance(value, Mapping):
        value = value.get("value")
    if value is None or sole_binding(value) is not None or port.type in ASSET_TYPES:
        return ""
    if not fits_type(value, port.type):
        return f"{path}.{port.name} takes {port.type}, and is given {value!s:.60}."
    if port.enum is not None and str(value) not in port.enum:
        return f"{path}.{port.name} takes one of {', '.join(port.enum)}, and is given {value!s:.60}."
    if not _is_between(value, port.minimum, port.maximum):
        return f"{path}.{port.name} is given {value!s:.60}, which is out of its range."
    return ""


def _is_between(value: Any, low: Any, high: Any) -> bool:
    try:
        number = float(value)
        return (low is None or number >= float(low)) and (high is None or number <= float(high))
    except (TypeError, ValueError, OverflowError):
        return True  # no number, or bounds that are none: the checker of documents speaks of those


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
