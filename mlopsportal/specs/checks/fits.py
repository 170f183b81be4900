"""Checks that what flows into a port fits it: the faults of `specs.edges`, with codes, fixes and the mirror's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.bindings import binding_of
from mlopsportal.specs.checks.context import Report, Runnable, joined, runnable_of, suggestion
from mlopsportal.specs.checks.references import check_reference
from mlopsportal.specs.edges import (
    UNKNOWN_RULE,
    EdgeFault,
    cycle_in,
    inline_interface,
    judge_steps,
    levels_of,
    steps_of,
    value_fault,
)
from mlopsportal.specs.graph import inputs_of
from mlopsportal.specs.interface import ASSET_TYPES, LITERAL_TYPES, Interface, Port, interface_of, type_fits
from mlopsportal.specs.ref import parse_azure_reference

_FIXES = {
    "input-missing": "Add it to the inputs of the step.",
    "input-optional": "Remove `optional: true` from the pipeline's input, or make the component's input optional.",
    "cycle": "Cut one of these bindings.",
    "value-refused": "Give it a value that the component takes.",
    "edge-type": "Give it something of the right type.",
    "edge-type-near": "Give it something of the right type.",
}


def check_fits(value: Mapping[str, Any], runnables: Mapping[str, Runnable | None], report: Report) -> None:
    """Check that all that flows between the steps of a pipeline fits, as far as it is known what they run.

    Pipelines written inline in a step are looked at too.
    """
    told = {problem.path for problem in report.problems}
    for prefix, level in levels_of(value):
        known = (
            {name: runnable_of(node.get("component"), report) for name, node in steps_of(level)}
            if prefix
            else runnables
        )
        nodes = {name: _interface(node, known.get(name)) for name, node in steps_of(level)}
        faults = judge_steps(level, nodes)
        if prefix:  # that of the pipeline itself is looked for with its other faults
            faults += cycle_in(level)
        for fault in faults:
            is_told = any(f"{fault.path}{tail}" in told for tail in ("", ".path", ".value", ".uri"))
            if not is_told and fault.rule != UNKNOWN_RULE:
                _report_fault(fault, prefix, level, report)
        for name, node in steps_of(level):
            _check_given(node, nodes[name], level, f"{prefix}jobs.{name}.inputs", report)


def _check_given(
    node: Mapping[str, Any], interface: Interface | None, level: Mapping[str, Any], path: str, report: Report
) -> None:
    for port, given in inputs_of(node):
        here = f"{path}.{port}"
        if given is None:
            message = f"`{port}` is empty."
            report.add("value-type", here, message, "Give it a value, or remove it where it may be left out.")
        wanted = interface.inputs.get(port) if interface is not None else None
        if wanted is not None:
            _check_optional(given, wanted, level, here, report)
        _check_data(given, wanted, here, report)


def _interface(node: Mapping[str, Any], runnable: Runnable | None) -> Interface | None:
    if "command" in node and "component" not in node:
        return inline_interface(node)
    return runnable.interface if runnable is not None else None


def _report_fault(fault: EdgeFault, prefix: str, level: Mapping[str, Any], report: Report) -> None:
    code, path = _code_of(fault, level), f"{prefix}{fault.path}"
    if fault.rule == "input-missing" and report.document.parsed.where(path) is None:
        path = path[: path.rindex(".inputs.")] + ".inputs"
    fix = _FIXES.get(code) or suggestion(path.rpartition(".")[2], fault.known)
    report.add(code, path, fault.message, fix)


def _code_of(fault: EdgeFault, value: Mapping[str, Any]) -> str:
    if fault.rule == "edge-type":
        return "edge-type-near" if _is_near(*fault.types) else "edge-type"
    if fault.rule == "binding-unknown":
        return _code_of_binding(fault.path, value)
    return {"value-type": "edge-type"}.get(fault.rule, fault.rule)


def _code_of_binding(path: str, value: Mapping[str, Any]) -> str:
    _, step, side, port = path.split(".", 3)
    if side == "outputs":
        return "binding-unknown-output"
    binding = binding_of(dict(inputs_of(value["jobs"][step])).get(port))
    return "binding-unknown-port" if binding is not None and binding.is_node_port else "binding-unknown-input"


def _is_near(given: str, wanted: str) -> bool:
    """Do both hold data, or neither? The SDK lets near misses through, and Azure runs the step."""
    return (given in ASSET_TYPES) == (wanted in ASSET_TYPES)


def _check_optional(given: Any, wanted: Port, value: Mapping[str, Any], path: str, report: Report) -> None:
    """The SDK wants `optional: true` on both sides, whatever the defaults."""
    binding = binding_of(given)
    if binding is None or not binding.is_parent_input or wanted.optional or not wanted.has_default:
        return
    declared = value.get("inputs")
    source = interface_of({"inputs": declared}).inputs.get(binding.port) if isinstance(declared, Mapping) else None
    if source is not None and source.optional:
        message = f"`{binding.text}` may be left out, but `{wanted.name}` has a default without `optional: true`."
        report.add("input-optional", path, message, _FIXES["input-optional"])


def check_given_inputs(inputs: Mapping[str, Any], interface: Interface | None, path: str, report: Report) -> None:
    """Check what a run or a schedule gives a pipeline; what is missing may come from its run defaults.

    Of a pipeline that is not known only the data that it is given can be looked at.
    """
    for name, given in inputs.items():
        here, port = joined(path, name), interface.inputs.get(name) if interface is not None else None
        if interface is None:
            _check_data(given, None, here, report)
        elif port is None:
            if not any(port_name.startswith(f"{name}.") for port_name in interface.inputs):
                message = f"The pipeline has no input `{name}`."
                report.add("input-unknown", here, message, suggestion(name, interface.inputs))
        elif given is not None:
            fault = value_fault(here, given, port)
            if fault is not None:
                _report_fault(fault, "", {}, report)
            _check_data(given, port, here, report)


def _check_data(given: Any, port: Port | None, path: str, report: Report) -> None:
    """Data or a model that is named exists, and is of a type that the port takes; None for a port nobody knows."""
    if binding_of(given) is not None:
        return
    takes_data = port is None or port.type not in LITERAL_TYPES
    if isinstance(given, Mapping) and isinstance(given.get("path"), str) and takes_data:
        declared = given.get("type")
        _check_asset(given["path"], port, str(declared or ""), joined(path, "path"), report)
    elif isinstance(given, str) and parse_azure_reference(given, "data") is not None:
        _check_asset(given, port, "", path, report)


def _check_asset(text: str, port: Port | None, declared: str, path: str, report: Report) -> None:
    kind = "model" if (port.type if port is not None else declared).endswith("_model") else "data"
    check_reference(text, kind, path, report)
    if port is None:
        return
    reference, mirror = parse_azure_reference(text, kind), report.surroundings.mirror
    if mirror is None or reference is None or reference.ref is None or reference.version is None:
        return
    found = mirror.version(reference.ref)
    if found is not None and found.type in ASSET_TYPES and not type_fits(found.type, port.type):
        code = "edge-type-near" if _is_near(found.type, port.type) else "edge-type"
        report.add(code, path, f"`{text}` is of type {found.type}; `{port.name}` takes {port.type}.", _FIXES[code])
