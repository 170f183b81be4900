"""Checks of the nodes of a pipeline: their names, their types and what they run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.checks.bodies import check_bodies
from mlopsportal.specs.checks.command import check_command
from mlopsportal.specs.checks.component import check_code, check_command_body, check_environment
from mlopsportal.specs.checks.context import Report, Runnable, joined, runnable_of, suggestion
from mlopsportal.specs.checks.control import CONTROL, check_control
from mlopsportal.specs.checks.engines import check_engine
from mlopsportal.specs.checks.entries import check_entries
from mlopsportal.specs.checks.fits import check_fits
from mlopsportal.specs.checks.flows import Frame, check_flows
from mlopsportal.specs.checks.keys import check_step_keys
from mlopsportal.specs.checks.ports import check_ports
from mlopsportal.specs.checks.references import check_compute, check_reference
from mlopsportal.specs.checks.shape import check_run_settings
from mlopsportal.specs.checks.sweeps import check_sweep
from mlopsportal.specs.documents import Kind
from mlopsportal.specs.paths import is_absolute, is_local
from mlopsportal.specs.ref import parse_azure_reference, proposal

NODE_TYPES = frozenset(
    {"command", "pipeline", "parallel", "sweep", "spark", "automl", "import", "data_transfer"} | CONTROL
)
_NODE_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def check_nodes(frame: Frame, report: Report) -> None:
    """Check every node, then what flows between them."""
    runnables: dict[str, Runnable | None] = {}
    for name, node in frame.jobs.items():
        path = joined("jobs", name)
        if not _NODE_NAME.fullmatch(name):
            message = f"`{name}` is not a name for a step: lower-case letters, digits and underscores."
            fixed = re.sub(r"[^a-z0-9_]+", "_", name.lower())
            report.add("node-name", path, message, f"Write `{fixed}`.")
        if not isinstance(node, Mapping):
            report.add("value-type", path, f"The step `{name}` is not a mapping.", "Write `component:` below it.")
            continue
        runnables[name] = _check_node(node, path, report)
    for name in runnables:
        check_flows(name, frame, runnables, report)
    check_fits(frame.value, runnables, report)
    check_bodies(frame.jobs, runnables, report)


def _check_node(node: Mapping[str, Any], path: str, report: Report) -> Runnable | None:
    """Check what a node runs; return it as far as it is known."""
    declared = node.get("type")
    if declared is not None and (not isinstance(declared, str) or declared.lower() not in NODE_TYPES):
        message = f"`{declared}` is not a type of step."
        report.add("node-type", joined(path, "type"), message, suggestion(str(declared), NODE_TYPES))
        return None
    check_compute(node.get("compute"), joined(path, "compute"), report)
    check_run_settings(node, path, report)
    check_entries(node, path, report)
    for side in ("inputs", "outputs"):
        if node.get(side) is not None and not isinstance(node[side], Mapping):
            message = f"`{side}` must be a mapping."
            report.add("value-type", joined(path, side), message, "Write each name with its value below it.")
    kind = declared.lower() if isinstance(declared, str) else "command"
    check_step_keys(kind, node, path, report)
    if kind in CONTROL:
        check_control(kind, node, path, report)
        return None
    check_engine(kind, node, path, report)
    if kind in ("automl", "import"):
        return None
    check_environment(node, report, path, required=False)
    if "component" in node:
        return _check_component(node, path, declared is None, report)
    if kind == "command":
        return _check_inline(node, path, report)
    if kind == "sweep":
        return _check_trial(node, path, report)
    if kind == "pipeline":
        message = "The step is of type pipeline but names no component."
        report.add("node-component-missing", joined(path, "component"), message, "Add `component:`.")
    return None


def _check_trial(node: Mapping[str, Any], path: str, report: Report) -> Runnable | None:
    trial, here = node.get("trial"), joined(path, "trial")
    check_component_text(trial, here, report)
    if isinstance(trial, Mapping):
        _check_written(trial, here, report)
    return check_sweep(node, path, report)


def _check_written(component: Mapping[str, Any], path: str, report: Report) -> None:
    """Check a command component that is written out inside a step."""
    for side in ("inputs", "outputs"):
        check_ports(component, side, report, path)
    check_command_body(component, report, path)


def _check_inline(node: Mapping[str, Any], path: str, report: Report) -> Runnable | None:
    if "command" not in node:
        message = "The step says neither which component it runs nor a command."
        fix = "Add `component: azureml:<name>:<version>`."
        report.add("node-component-missing", joined(path, "component"), message, fix)
        return None
    check_environment(node, report, path)
    check_code(node, report, path)
    check_command(node, report, path)
    return Runnable("command", None)


def _check_component(node: Mapping[str, Any], path: str, type_missing: bool, report: Report) -> Runnable | None:
    component, here = node["component"], joined(path, "component")
    if isinstance(component, Mapping):
        if component.get("type", "command") == "command":
            _check_written(component, here, report)
    elif not isinstance(component, str):
        message = "`component` names nothing."
        report.add("node-component-missing", here, message, "Write `azureml:<name>:<version>`.")
        return None
    else:
        check_component_text(component, here, report)
    runnable = runnable_of(component, report)
    _check_type(node, path, type_missing, runnable, report)
    return runnable


def check_component_text(text: Any, path: str, report: Report) -> None:
    """A component named by file is a document beside; any other text is a reference."""
    if not isinstance(text, str):
        return
    if is_local(text):
        beside = report.surroundings.file(report.document, text)
        if beside is None and not is_absolute(text):
            message = f"There is no file `{text}` beside this one."
            report.add("file-missing", path, message, "Add it to the change, or name a version: `azureml:…`.")
        elif beside is not None and not beside.kind.is_component and beside.kind is not Kind.OTHER:
            message = f"`{text}` is not a component but {beside.kind.value}."
            report.add("file-kind", path, message, "Name a component's file.")
        return
    reference = parse_azure_reference(text, "component")
    if reference is None or reference.kind != "component":
        message = f"`{text}` is not a reference to a component."
        report.add("reference-form", path, message, f"Write `{proposal(text, 'component')}`.")
    else:
        check_reference(text, "component", path, report)


def _check_type(
    node: Mapping[str, Any], path: str, type_missing: bool, runnable: Runnable | None, report: Report
) -> None:
    here = joined(path, "type")
    if type_missing:
        if runnable is not None and runnable.type != "command":
            message = f"The step has no type; its component is of type {runnable.type}, Azure ML would take command."
            report.add("node-type-wrong", here, message, f"Add `type: {runnable.type}`.")
        else:
            message = "The step has no type; Azure ML takes it for a command."
            report.add("node-type-missing", here, message, "Add `type: command`.")
    elif runnable is not None and runnable.type != str(node["type"]).lower():
        message = f"The step is of type {node['type']}, its component of type {runnable.type}."
        report.add("node-type-wrong", here, message, f"Write `type: {runnable.type}`.")
