"""Whether everything that flows in a pipeline fits: each edge, each value, each missing input.

Works on any form of a pipeline (YAML, componentSpec, definition) and on the interfaces of its components; knows no
mirror and no documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlopsportal.specs.bindings import Binding, binding_of
from mlopsportal.specs.graph import find_cycle, graph_of, inputs_of
from mlopsportal.specs.interface import (
    ASSET_TYPES,
    LITERAL_TYPES,
    Interface,
    Port,
    fits_type,
    interface_of,
    refusal_of,
    type_fits,
    type_of_literal,
)
from mlopsportal.specs.normalize import component_text
from mlopsportal.specs.ref import parse_azure_reference

UNKNOWN_RULE = "interface-unknown"


@dataclass(frozen=True)
class EdgeFault:
    """Something that does not fit: the rule, the path in the pipeline, and what is wrong in a sentence.

    The rule `interface-unknown` says that a component is not known, so that its node could not be judged. Where a
    name is given that there is not, `known` are those that there are; `types` are the type given and the one wanted.
    """

    rule: str
    path: str
    message: str
    known: tuple[str, ...] = ()
    types: tuple[str, str] = ("", "")


def judge_edges(
    definition: Mapping[str, Any], interfaces: Mapping[str, Interface], *, as_written: bool = False
) -> list[EdgeFault]:
    """Type-check a pipeline and every pipeline written inline in it; empty when all of it fits. Never raises.

    `interfaces` maps "component:train:3" to what that version takes and gives; inline components are read from the
    pipeline itself. `as_written` says that it is YAML, in which a command written inline names all its outputs; a
    definition leaves out those that only have a type.
    """
    faults = []
    for prefix, level in levels_of(definition):
        found = judge_steps(level, interfaces_at(level, interfaces, as_written=as_written)) + cycle_in(level)
        faults += [replace(fault, path=f"{prefix}{fault.path}") for fault in found] if prefix else found
    return faults


def judge_steps(definition: Mapping[str, Any], nodes: Mapping[str, Interface | None]) -> list[EdgeFault]:
    """Type-check the steps of one pipeline, given what each takes and gives; None for what nobody knows."""
    own = own_interface(definition)
    frame = _Frame(own, nodes, groups_of(own), dict(_plain_inputs(definition)))
    return [fault for name, node in steps_of(definition) for fault in _judge_node(name, node, frame)]


def cycle_in(definition: Mapping[str, Any]) -> list[EdgeFault]:
    """Return the fault of steps that wait for each other, if there are such."""
    cycle = find_cycle(graph_of(definition))
    message = f"The steps wait for each other: {' → '.join(cycle)}."
    return [EdgeFault("cycle", f"jobs.{cycle[0]}", message)] if cycle else []


def levels_of(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield a pipeline and every pipeline written inline in it, each with what its paths begin with."""
    waiting = [("", definition)]
    while waiting:
        prefix, level = waiting.pop()
        yield prefix, level
        for name, node in steps_of(level):
            inner = node.get("component")
            if isinstance(inner, Mapping) and isinstance(inner.get("jobs"), Mapping):
                waiting.append((f"{prefix}jobs.{name}.component.", inner))


def own_interface(definition: Mapping[str, Any]) -> Interface:
    """Return what a pipeline takes and gives. A text that a job gives may be a reference: its type is not known."""
    found, declared = interface_of(definition), definition.get("inputs")
    texts = (
        {name for name, given in declared.items() if isinstance(given, str)} if isinstance(declared, Mapping) else ()
    )
    inputs = {name: replace(port, type="unknown") if name in texts else port for name, port in found.inputs.items()}
    return Interface(inputs, found.outputs)


@dataclass(frozen=True)
class _Frame:
    """The pipeline's own ports, and the interface of each node; None for one that is not known."""

    own: Interface
    nodes: Mapping[str, Interface | None]
    groups: frozenset[str]
    values: Mapping[str, Any]  # what a job gives, plain values only


def _plain_inputs(definition: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the inputs of a job that are plain values; a text may be a reference to data, which is none."""
    given = definition.get("inputs")
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if isinstance(value, str | bool | int | float) and not _may_be_data(value):
            yield str(name), value


def _may_be_data(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return "://" in value or "${{" in value or parse_azure_reference(value, "data") is not None


def groups_of(interface: Interface) -> frozenset[str]:
    """Return the names of the groups of inputs: `g` and `g.deep` for a port `g.deep.x`."""
    return frozenset(
        name[:at] for name in interface.inputs if "." in name for at, letter in enumerate(name) if letter == "."
    )


def steps_of(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name and the node of every step of a pipeline."""
    jobs = definition.get("jobs")
    for name, node in jobs.items() if isinstance(jobs, Mapping) else ():
        if isinstance(node, Mapping):
            yield str(name), node


def interfaces_at(
    level: Mapping[str, Any], interfaces: Mapping[str, Interface], *, as_written: bool
) -> dict[str, Interface | None]:
    """Return what each step of one pipeline takes and gives; None when what it runs is not known."""
    return {name: _interface(node, interfaces, as_written) for name, node in steps_of(level)}


def _interface(node: Mapping[str, Any], interfaces: Mapping[str, Interface], as_written: bool) -> Interface | None:
    component = node.get("component")
    if isinstance(component, Mapping):
        return interface_of(component)
    if runs_component(node):
        return interfaces.get(component_text(node))
    return inline_interface(node) if as_written and "command" in node else None


def runs_component(node: Mapping[str, Any]) -> bool:
    """Does a step run a component, rather than a command, a loop or a condition of its own?"""
    return "component" in node or "componentId" in node


def inline_interface(node: Mapping[str, Any]) -> Interface:
    """Return what a command written in the step itself takes and gives: what it is given, and its own outputs."""
    given, outputs = dict(inputs_of(node)), node.get("outputs")
    return Interface(
        inputs={name: Port(name, "unknown", optional=True) for name in given},
        outputs={str(name): _inline_output(str(name), value) for name, value in outputs.items()}
        if isinstance(outputs, Mapping)
        else {},
    )


def _inline_output(name: str, value: Any) -> Port:
    declared = value.get("type") if isinstance(value, Mapping) else None
    return Port(name, declared.lower() if isinstance(declared, str) else "unknown")


def _judge_node(name: str, node: Mapping[str, Any], frame: _Frame) -> Iterator[EdgeFault]:
    interface, path = frame.nodes[name], f"jobs.{name}"
    if interface is None and runs_component(node):
        shown = component_text(node)
        yield EdgeFault(UNKNOWN_RULE, f"{path}.component", f"{shown or 'The component'} of `{name}` is not known.")
    given = dict(inputs_of(node))
    groups = groups_of(interface) if interface is not None else frozenset()
    for port, value in given.items():
        here, wanted = f"{path}.inputs.{port}", interface.inputs.get(port) if interface is not None else None
        if interface is not None and wanted is None and port not in groups:
            yield EdgeFault("input-unknown", here, f"The component has no input `{port}`.", tuple(interface.inputs))
        yield from _judge_input(here, value, wanted, frame)
    for port, wanted in interface.inputs.items() if interface is not None else ():
        if wanted.is_required and not _is_given(port, given):
            message = f"`{name}` does not give the input `{port}` ({wanted.type}) that its component needs."
            yield EdgeFault("input-missing", f"{path}.inputs.{port}", message)
    yield from _judge_outputs(path, node.get("outputs"), interface, frame)


def _is_given(port: str, given: Mapping[str, Any]) -> bool:
    parts = port.split(".")
    return any(given.get(".".join(parts[:count])) is not None for count in range(1, len(parts) + 1))


def _judge_input(path: str, value: Any, wanted: Port | None, frame: _Frame) -> Iterator[EdgeFault]:
    binding = binding_of(value)
    if binding is not None:
        yield from _judge_binding(path, binding, wanted, frame)
    elif wanted is not None and value is not None:
        fault = value_fault(path, value, wanted)
        yield from [fault] if fault is not None else []


def value_fault(path: str, value: Any, wanted: Port) -> EdgeFault | None:
    """Return what keeps a value, plain or data, from being passed to a port; None when it fits or nobody can tell."""
    if wanted.type in LITERAL_TYPES:
        return _literal_fault(path, value, wanted)
    if wanted.type not in ASSET_TYPES:
        return None
    declared = value.get("type") if isinstance(value, Mapping) else None
    given = declared.lower() if isinstance(declared, str) else ""
    if not isinstance(value, Mapping | str):
        message = f"`{str(value)[:80]}` is no data; `{wanted.name}` takes a {wanted.type}."
        return EdgeFault("value-type", path, message, types=(type_of_literal(value), wanted.type))
    if given in ASSET_TYPES and not type_fits(given, wanted.type):
        message = f"The data is of type {given}; `{wanted.name}` takes {wanted.type}."
        return EdgeFault("edge-type", path, message, types=(given, wanted.type))
    return None


def _literal_fault(path: str, value: Any, wanted: Port) -> EdgeFault | None:
    plain = value.get("value") if isinstance(value, Mapping) else value
    if isinstance(plain, Mapping | list) or (isinstance(value, Mapping) and plain is None):
        message = f"`{wanted.name}` takes a {wanted.type}, not data."
        return EdgeFault("value-type", path, message, types=("data", wanted.type))
    if "${{" in str(plain):
        return None
    if not fits_type(plain, wanted.type):
        article = "an" if wanted.type == "integer" else "a"
        message = f"`{str(plain)[:80]}` is not {article} {wanted.type}, as `{wanted.name}` wants."
        return EdgeFault("value-type", path, message, types=(type_of_literal(plain), wanted.type))
    refusal = refusal_of(wanted, plain)
    return EdgeFault("value-refused", path, refusal) if refusal else None


def _judge_binding(path: str, binding: Binding, wanted: Port | None, frame: _Frame) -> Iterator[EdgeFault]:
    if binding.is_parent_input:
        source: Port | None = frame.own.inputs.get(binding.port)
        if source is None and binding.port not in frame.groups:
            yield EdgeFault(
                "binding-unknown", path, f"`{binding.text}`: the pipeline has no such input.", tuple(frame.own.inputs)
            )
        elif source is not None and wanted is not None and wanted.is_required and source.optional:
            message = f"`{binding.text}` may be left out, but the component needs `{wanted.name}`."
            yield EdgeFault("input-optional", path, message)
        elif binding.port in frame.values and wanted is not None and wanted.type in LITERAL_TYPES:
            fault = value_fault(path, frame.values[binding.port], wanted)
            yield from [fault] if fault is not None else []
            return
    elif binding.is_node_port:
        step, side = binding.parts[2], binding.parts[3]
        if step not in frame.nodes:
            yield EdgeFault(
                "binding-unknown", path, f"`{binding.text}`: there is no step `{step}`.", tuple(frame.nodes)
            )
            return
        origin = frame.nodes[step]
        ports = None if origin is None else origin.outputs if side == "outputs" else origin.inputs
        source = ports.get(binding.port) if ports is not None else None
        if ports is not None and source is None:
            yield EdgeFault("binding-unknown", path, f"`{binding.text}`: the step has no such port.", tuple(ports))
    else:
        return
    if source is not None and wanted is not None and not type_fits(source.type, wanted.type):
        message = f"`{binding.text}` is of type {source.type}; `{wanted.name}` takes {wanted.type}."
        yield EdgeFault("edge-type", path, message, types=(source.type, wanted.type))


def written_outputs(definition: Mapping[str, Any]) -> frozenset[str]:
    """Return the outputs of a pipeline that one of its steps writes."""
    written = set[str]()
    for _, node in steps_of(definition):
        outputs = node.get("outputs")
        for value in outputs.values() if isinstance(outputs, Mapping) else ():
            binding = binding_of(value)
            if binding is not None and binding.is_parent_output:
                written.add(binding.port)
    return frozenset(written)


def _judge_outputs(path: str, outputs: Any, interface: Interface | None, frame: _Frame) -> Iterator[EdgeFault]:
    for name, value in outputs.items() if isinstance(outputs, Mapping) else ():
        here = f"{path}.outputs.{name}"
        given = interface.outputs.get(str(name)) if interface is not None else None
        if interface is not None and given is None:
            yield EdgeFault("output-unknown", here, f"The component has no output `{name}`.", tuple(interface.outputs))
        binding = binding_of(value)
        if binding is None or not binding.is_parent_output:
            continue
        wanted = frame.own.outputs.get(binding.port)
        if wanted is None:
            yield EdgeFault(
                "binding-unknown", here, f"`{binding.text}`: the pipeline has no such output.", tuple(frame.own.outputs)
            )
        elif given is not None and not type_fits(given.type, wanted.type):
            message = f"`{name}` is of type {given.type}; the pipeline's output `{wanted.name}` is {wanted.type}."
            yield EdgeFault("edge-type", here, message, types=(given.type, wanted.type))
