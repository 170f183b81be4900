"""Checks of loops against the step they repeat: what they hand on, ask and give is something that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlopsportal.specs.bindings import sole_binding
from mlopsportal.specs.checks.context import Report, Runnable, joined, suggestion
from mlopsportal.specs.checks.control import read_items
from mlopsportal.specs.interface import LITERAL_TYPES, Port


@dataclass(frozen=True)
class _Body:
    """What the repeated step takes and gives, and how its outputs are written; empty where only a mirror knows them."""

    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    declared: Mapping[str, Any]


def check_bodies(jobs: Mapping[str, Any], runnables: Mapping[str, Runnable | None], report: Report) -> None:
    """Check every loop whose step is known."""
    for name, node in jobs.items():
        kind = str(node.get("type")).lower() if isinstance(node, Mapping) else ""
        body = _body_of(node, runnables) if kind in ("do_while", "parallel_for") else None
        if body is not None and kind == "do_while":
            _check_condition(node, body, joined("jobs", name), report)
            _check_mapping(node, body, joined("jobs", name), report)
        elif body is not None:
            _check_items(node, body, joined("jobs", name), report)


def _body_of(node: Mapping[str, Any], runnables: Mapping[str, Runnable | None]) -> _Body | None:
    binding = sole_binding(node.get("body"))
    is_step = binding is not None and len(binding.parts) == 3 and binding.parts[:2] == ("parent", "jobs")
    runnable = runnables.get(binding.parts[2]) if binding is not None and is_step else None
    if runnable is None or runnable.interface is None:
        return None
    declared = runnable.value.get("outputs") if runnable.value is not None else None
    outputs = declared if isinstance(declared, Mapping) else {}
    return _Body(runnable.interface.inputs, runnable.interface.outputs, outputs)


def _check_condition(node: Mapping[str, Any], body: _Body, path: str, report: Report) -> None:
    """What is asked is an output of the body that can say whether to go on."""
    asked, here = _port_of(node.get("condition")), joined(path, "condition")
    if not isinstance(asked, str):
        return
    port, declared = body.outputs.get(asked), body.declared.get(asked)
    if port is None:
        message = f"The repeated step has no output `{asked[:80]}` to ask."
        report.add("control-condition", here, message, suggestion(asked, body.outputs))
    elif port.type not in LITERAL_TYPES and isinstance(declared, Mapping) and not declared.get("is_control"):
        message = f"`{asked}` is of type {port.type}: it does not say whether to go on."
        fix = "Name an output of type boolean, or declare it with `is_control: true`."
        report.add("control-condition", here, message, fix)


def _port_of(condition: Any) -> Any:
    """Return the name of the output that is asked, also where it is bound: `${{parent.jobs.train.outputs.go}}`."""
    binding = sole_binding(condition)
    return binding.port if binding is not None and binding.is_node_port else condition


def _check_mapping(node: Mapping[str, Any], body: _Body, path: str, report: Report) -> None:
    """What is handed on goes from outputs of the body to inputs of it."""
    mapping = node.get("mapping")
    for output, fed in mapping.items() if isinstance(mapping, Mapping) else ():
        here, given = joined(path, f"mapping.{output}"), body.outputs.get(output)
        if given is None:
            message = f"The repeated step has no output `{output}`."
            report.add("control-mapping", here, message, suggestion(output, body.outputs))
        for name in fed if isinstance(fed, list) else [fed]:
            wanted = body.inputs.get(name) if isinstance(name, str) else None
            if isinstance(name, str) and wanted is None:
                message = f"The repeated step has no input `{name[:80]}`."
                report.add("control-mapping", here, message, suggestion(name, body.inputs))
            elif given is not None and wanted is not None and _is_data_for_value(given, wanted):
                message = f"`{output}` is of type {given.type}, and the input `{name}` takes a {wanted.type}."
                report.add("control-mapping", here, message, "Hand on an output of that type.")


def _is_data_for_value(given: Port, wanted: Port) -> bool:
    return wanted.type in LITERAL_TYPES and given.type not in LITERAL_TYPES | {"unknown"}


def _check_items(node: Mapping[str, Any], body: _Body, path: str, report: Report) -> None:
    """What a parallel_for gives its body in each round are inputs of it."""
    items = read_items(node.get("items"))
    rounds = items.values() if isinstance(items, Mapping) else items or ()
    for name in dict.fromkeys(str(name) for item in rounds if isinstance(item, Mapping) for name in item):
        if name not in body.inputs:
            message = f"The repeated step has no input `{name[:80]}`."
            report.add("control-items", joined(path, "items"), message, suggestion(name, body.inputs))
