"""Checks of sweep steps: that their trial is a command, and that what is swept over are inputs of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlopsportal.specs.checks.context import Report, Runnable, joined, runnable_of, suggestion
from mlopsportal.specs.edges import value_fault
from mlopsportal.specs.interface import LITERAL_TYPES, Interface, Port

_WHOLE = frozenset({"choice", "randint", "quniform", "qnormal", "qloguniform", "qlognormal"})


def check_sweep(node: Mapping[str, Any], path: str, report: Report) -> Runnable | None:
    """Check what a sweep sweeps over; return what it runs, whose swept inputs need not be given. None if not known."""
    trial = runnable_of(node.get("trial"), report)
    if trial is None or trial.interface is None:
        return None
    if trial.type != "command":
        message = f"The trial is a component of type {trial.type}; a sweep tries commands only."
        report.add("node-type-wrong", joined(path, "trial"), message, "Name a command component.")
        return None
    space, inputs = node.get("search_space"), trial.interface.inputs
    for name, values in space.items() if isinstance(space, Mapping) else ():
        here = f"{path}.search_space.{name}"
        if name in inputs:
            _check_values(values, inputs[name], here, report)
        else:
            message = f"The trial has no input `{name}`: to sweep over it changes nothing."
            report.add("input-unknown", here, message, suggestion(name, inputs))
    swept = space if isinstance(space, Mapping) else {}
    needed = {name: replace(port, optional=True) if name in swept else port for name, port in inputs.items()}
    return Runnable("sweep", Interface(needed, trial.interface.outputs))


def _check_values(values: Any, port: Port, path: str, report: Report) -> None:
    if not isinstance(values, Mapping):
        return
    kind = str(values.get("type")).lower()
    if port.type not in LITERAL_TYPES | {"unknown"}:
        message = f"`{port.name}` is a {port.type}: a sweep gives plain values."
        report.add("edge-type", path, message, "Sweep over an input of a plain type.")
    elif kind == "choice":
        _check_choices(values.get("values"), port, path, report)
    elif kind not in _WHOLE and port.type == "integer":
        message = f"A {kind} distribution gives numbers with fractions; `{port.name}` takes an integer."
        report.add("edge-type-near", path, message, f"Write `type: q{kind}` with `q: 1`, or `type: randint`.")
    elif port.type == "boolean":
        message = f"A {kind} distribution gives numbers; `{port.name}` is true or false."
        report.add("edge-type", path, message, "Write `type: choice` and `values: [true, false]`.")


def _check_choices(values: Any, port: Port, path: str, report: Report) -> None:
    for index, value in enumerate(values) if isinstance(values, list) else ():
        fault = value_fault(f"{path}.values[{index}]", value, port) if not isinstance(value, Mapping) else None
        if fault is not None:
            code = "value-refused" if fault.rule == "value-refused" else "edge-type"
            report.add(code, fault.path, fault.message, "Leave it out, or write a value that the trial takes.")
