"""Checks of what flows between the nodes of a pipeline: every binding leads somewhere, every value fits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlopsportal.specs.bindings import Binding, binding_of, bindings_in, with_parent_jobs
from mlopsportal.specs.checks.context import Report, Runnable, joined, suggestion
from mlopsportal.specs.checks.control import CONTROL
from mlopsportal.specs.checks.references import check_reference
from mlopsportal.specs.checks.shape import strings_in
from mlopsportal.specs.interface import (
    ASSET_TYPES,
    LITERAL_TYPES,
    Interface,
    Port,
    fits_type,
    interface_of,
    type_fits,
    type_of_literal,
)
from mlopsportal.specs.ref import parse_azure_reference

_REGISTERED_NAME = re.compile(r"[A-Za-z0-9_\-]{1,255}")
_SKIPPED = frozenset({"component", "trial", "command", "search_space", "task", "sampling_algorithm", "objective"})


@dataclass(frozen=True)
class Frame:
    """The pipeline around a node: its inputs, outputs and nodes."""

    inputs: frozenset[str]
    outputs: frozenset[str]
    value: Mapping[str, Any]
    jobs: Mapping[str, Any]


def check_registration(output: Mapping[str, Any], path: str, report: Report) -> None:
    """An output that is registered has a name that Azure ML takes."""
    name = output.get("name")
    if name is None and output.get("version") is not None:
        message = "The output has a version but no name to register it under."
        report.add("output-registration", joined(path, "version"), message, "Add `name:`, or remove `version:`.")
    elif name is not None and "${{" not in str(name) and not _REGISTERED_NAME.fullmatch(str(name)):
        message = f"`{name}` is not a name to register an output under: letters, digits, dashes and underscores."
        report.add("output-registration", joined(path, "name"), message, "Choose another name.")


def check_flows(
    name: str,
    frame: Frame,
    runnable: Runnable | None,
    runnables: Mapping[str, Runnable | None],
    report: Report,
) -> None:
    node, path = frame.jobs[name], joined("jobs", name)
    outputs = node.get("outputs")
    for port, output in outputs.items() if isinstance(outputs, Mapping) else ():
        if isinstance(output, Mapping):
            check_registration(output, joined(path, f"outputs.{port}"), report)
    for place, _, text in strings_in(node, path, skip=_SKIPPED):
        for binding in bindings_in(text):
            _check_binding(binding, place, frame, runnables, report)
    if runnable is not None and runnable.interface is not None and isinstance(node.get("inputs") or {}, Mapping):
        _check_inputs(node, path, frame, runnable, runnables, report)


def _check_binding(
    binding: Binding, path: str, frame: Frame, runnables: Mapping[str, Runnable | None], report: Report
) -> bool:
    """Check that a binding points at something; return whether it does."""
    if binding.parts[0] == "jobs":
        fixed = with_parent_jobs(binding.text)
        message = f"`{binding.text}` is the form of 2021; Azure ML refuses it."
        report.add("binding-old-jobs", path, message, f"Write `{fixed}`.")
        return _check_node_port(Binding(fixed, ("parent", *binding.parts), 0), path, frame, runnables, report)
    if binding.is_parent_input:
        return _check_named(binding, "input", frame.inputs, path, report)
    if binding.is_parent_output:
        return _check_named(binding, "output", frame.outputs, path, report)
    if binding.is_node_port:
        return _check_node_port(binding, path, frame, runnables, report)
    if binding.parts[:2] == ("parent", "jobs") and len(binding.parts) == 3 and _is_control(path, frame):
        return _check_step(binding, binding.parts[2], path, frame, report)
    if binding.parts[0] == "parent":
        message = f"`{binding.text}` leads nowhere."
        fix = "Write `${{parent.inputs.<name>}}` or `${{parent.jobs.<step>.outputs.<name>}}`."
        report.add("binding-malformed", path, message, fix)
        return False
    return True


def _is_control(path: str, frame: Frame) -> bool:
    """Does the path lie inside a step that steers others (if_else, do_while, parallel_for)?"""
    node = frame.jobs.get(path.split(".")[1])
    return isinstance(node, Mapping) and str(node.get("type")) in CONTROL


def _check_step(binding: Binding, step: str, path: str, frame: Frame, report: Report) -> bool:
    if step in frame.jobs:
        return True
    message = f"`{binding.text}`: there is no step `{step}`."
    report.add("binding-unknown-node", path, message, suggestion(step, frame.jobs))
    return False


def _check_named(binding: Binding, what: str, known: frozenset[str], path: str, report: Report) -> bool:
    if any(name == binding.port or name.partition(".")[0] == binding.parts[2] for name in known):
        return True
    message = f"`{binding.text}`: the pipeline has no {what} `{binding.parts[2]}`."
    report.add(f"binding-unknown-{what}", path, message, suggestion(binding.parts[2], known))
    return False


def _check_node_port(
    binding: Binding, path: str, frame: Frame, runnables: Mapping[str, Runnable | None], report: Report
) -> bool:
    if len(binding.parts) < 5 or binding.parts[3] not in ("inputs", "outputs"):
        message = f"`{binding.text}` names no output of a step."
        report.add("binding-malformed", path, message, "Write `${{parent.jobs.<step>.outputs.<name>}}`.")
        return False
    step, side, port = binding.parts[2:5]
    if not _check_step(binding, step, path, frame, report):
        return False
    source = runnables.get(step)
    if source is None or source.interface is None:
        return True
    ports = source.interface.outputs if side == "outputs" else source.interface.inputs
    if port not in ports:
        message = f"`{binding.text}`: the step `{step}` has no {side[:-1]} `{port}`."
        report.add("binding-unknown-port", path, message, suggestion(port, ports))
        return False
    return True


def _check_inputs(
    node: Mapping[str, Any],
    path: str,
    frame: Frame,
    runnable: Runnable,
    runnables: Mapping[str, Runnable | None],
    report: Report,
) -> None:
    assert runnable.interface is not None  # noqa: S101 - the caller has looked
    wanted = runnable.interface.inputs
    groups = {name[:dot] for name in wanted for dot, letter in enumerate(name) if letter == "."}
    given = dict(_given(node.get("inputs") or {}, groups))
    for name, value in given.items():
        here = joined(path, f"inputs.{name}")
        if name in wanted:
            _check_value(value, wanted[name], here, frame, runnables, report)
        elif name not in groups:
            message = f"The component has no input `{name}`."
            report.add("input-unknown", here, message, suggestion(name, wanted))
    for name, port in wanted.items():
        if port.is_required and name not in given and not _group_given(name, given):
            message = f"The component needs the input `{name}` ({port.type}), and the step does not give it."
            report.add("input-missing", joined(path, "inputs"), message, f"Add `{name}:` to the inputs of the step.")
    outputs = node.get("outputs")
    for name in outputs if isinstance(outputs, Mapping) else ():
        if name not in runnable.interface.outputs:
            message = f"The component has no output `{name}`."
            here = joined(path, f"outputs.{name}")
            report.add("output-unknown", here, message, suggestion(name, runnable.interface.outputs))


def _given(inputs: Mapping[str, Any], groups: Collection[str], group: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the inputs of a node with those of a group one by one, dotted as the ports are."""
    for name, value in inputs.items():
        dotted = f"{group}{name}"
        if dotted in groups and isinstance(value, Mapping) and "path" not in value:
            yield from _given(value, groups, f"{dotted}.")
        else:
            yield dotted, value


def _group_given(name: str, given: Mapping[str, Any]) -> bool:
    """Is a whole group around the port bound at once: `inputs: {group: ${{parent.inputs.group}}}`?"""
    parts = name.split(".")
    return any(".".join(parts[:count]) in given for count in range(1, len(parts)))


def _check_value(
    value: Any, port: Port, path: str, frame: Frame, runnables: Mapping[str, Runnable | None], report: Report
) -> None:
    binding = binding_of(value)
    if binding is not None:
        given = _type_at(binding, frame, runnables)
        if given is not None:
            _check_type(given, f"`{binding.text}`", port, path, report)
        return
    if isinstance(value, Mapping):
        if port.type in LITERAL_TYPES and "path" in value:
            message = f"`{port.name}` takes a {port.type}, not data."
            report.add("edge-type", path, message, f"Give it a {port.type}.")
        elif isinstance(value.get("path"), str):
            _check_asset(value["path"], port, joined(path, "path"), report)
    elif value is not None:
        _check_literal_value(value, port, path, report)


def _check_literal_value(value: Any, port: Port, path: str, report: Report) -> None:
    if port.type in LITERAL_TYPES and "${{" not in str(value) and not fits_type(value, port.type):
        message = f"`{value}` is no {port.type}, as `{port.name}` wants."
        report.add("edge-type", path, message, f"Give it a {port.type}.")
    elif isinstance(value, str) and parse_azure_reference(value, "data") is not None:
        _check_asset(value, port, path, report)


def check_given_inputs(inputs: Mapping[str, Any], interface: Interface, path: str, report: Report) -> None:
    """Check what a run or a schedule gives a pipeline; what is missing may come from its run defaults."""
    for name, given in inputs.items():
        here, port = joined(path, name), interface.inputs.get(name)
        if port is None:
            if not any(port_name.startswith(f"{name}.") for port_name in interface.inputs):
                message = f"The pipeline has no input `{name}`."
                report.add("input-unknown", here, message, suggestion(name, interface.inputs))
        elif port.type in LITERAL_TYPES:
            _check_literal_value(given, port, here, report)
        else:
            written = given.get("path") if isinstance(given, Mapping) else given
            if isinstance(written, str):
                _check_asset(written, port, here, report)


def _check_asset(text: str, port: Port, path: str, report: Report) -> None:
    """Data or a model that is named exists, and is of a type that the port takes."""
    kind = "model" if port.type.endswith("_model") else "data"
    check_reference(text, kind, path, report)
    reference, mirror = parse_azure_reference(text, kind), report.surroundings.mirror
    if mirror is None or reference is None or reference.ref is None or reference.version is None:
        return
    found = mirror.version(reference.ref)
    if found is not None and found.type in ASSET_TYPES:
        _check_type(found.type, f"`{text}`", port, path, report)


def _check_type(given: str, shown: str, port: Port, path: str, report: Report) -> None:
    """What flows in fits the port. The SDK lets near misses through, and Azure runs the step: advice."""
    if type_fits(given, port.type):
        return
    near = (given in ASSET_TYPES) == (port.type in ASSET_TYPES)
    message = f"{shown} is of type {given}; `{port.name}` takes {port.type}."
    report.add("edge-type-near" if near else "edge-type", path, message, "Bind something of the right type.")


def _type_at(binding: Binding, frame: Frame, runnables: Mapping[str, Runnable | None]) -> str | None:
    """Return the type of what a binding brings; None when it is not known."""
    if binding.parts[0] == "jobs":
        binding = Binding(binding.text, ("parent", *binding.parts), 0)
    if binding.is_node_port:
        source = runnables.get(binding.parts[2])
        if source is None or source.interface is None:
            return None
        side = source.interface.outputs if binding.parts[3] == "outputs" else source.interface.inputs
        return side[binding.port].type if binding.port in side else None
    if binding.is_parent_input:
        declared = frame.value.get("inputs")
        return _declared_type(declared, binding.port) if isinstance(declared, Mapping) else None
    return None


def _declared_type(declared: Mapping[str, Any], name: str) -> str | None:
    value = declared.get(name)
    if isinstance(value, Mapping) or "." in name:
        port = interface_of({"inputs": declared}).inputs.get(name)
        return port.type if port is not None and port.type != "unknown" else None
    return None if isinstance(value, str) else type_of_literal(value)  # a text may be a literal or a reference
