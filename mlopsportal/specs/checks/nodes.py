"""Checks of the nodes of a pipeline: what they run, what flows into them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlopsportal.specs.bindings import Binding, binding_of, bindings_in, with_parent_jobs
from mlopsportal.specs.checks.component import check_code, check_command_body, check_environment
from mlopsportal.specs.checks.context import Report, Runnable, joined, runnable_of, suggestion
from mlopsportal.specs.checks.control import CONTROL, check_control
from mlopsportal.specs.checks.engines import check_engine
from mlopsportal.specs.checks.ports import check_command, fits_type
from mlopsportal.specs.checks.references import check_compute, check_reference
from mlopsportal.specs.checks.shape import strings_in
from mlopsportal.specs.documents import Kind
from mlopsportal.specs.interface import ASSET_TYPES, LITERAL_TYPES, Port, interface_of, type_fits, type_of_literal
from mlopsportal.specs.paths import is_absolute, is_local
from mlopsportal.specs.ref import parse_azure_reference

NODE_TYPES = frozenset(
    {"command", "pipeline", "parallel", "sweep", "spark", "automl", "import", "data_transfer"} | CONTROL
)
_NODE_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_REGISTERED_NAME = re.compile(r"[A-Za-z0-9_\-]{1,255}")
_SKIPPED = frozenset({"component", "trial", "command", "search_space", "task", "sampling_algorithm", "objective"})


@dataclass(frozen=True)
class Frame:
    """The pipeline around a node: its inputs, outputs and nodes."""

    inputs: frozenset[str]
    outputs: frozenset[str]
    value: Mapping[str, Any]
    jobs: Mapping[str, Any]


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
    for name, runnable in runnables.items():
        _check_flows(name, frame, runnable, runnables, report)


def _check_node(node: Mapping[str, Any], path: str, report: Report) -> Runnable | None:
    """Check what a node runs; return it as far as it is known."""
    declared = node.get("type")
    if declared is not None and (not isinstance(declared, str) or declared.lower() not in NODE_TYPES):
        message = f"`{declared}` is not a type of step."
        report.add("node-type", joined(path, "type"), message, suggestion(str(declared), NODE_TYPES))
        return None
    check_compute(node.get("compute"), joined(path, "compute"), report)
    for side in ("inputs", "outputs"):
        if node.get(side) is not None and not isinstance(node[side], Mapping):
            message = f"`{side}` must be a mapping."
            report.add("value-type", joined(path, side), message, "Write each name with its value below it.")
    kind = declared.lower() if isinstance(declared, str) else "command"
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
    if "trial" in node:
        check_component_text(node["trial"], joined(path, "trial"), report)
    elif kind == "pipeline":
        message = "The step is of type pipeline but names no component."
        report.add("node-component-missing", joined(path, "component"), message, "Add `component:`.")
    return None


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
            check_command_body(component, report, here)
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
        report.add("reference-form", path, message, "Write `azureml:<name>:<version>`.")
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


def check_registration(output: Mapping[str, Any], path: str, report: Report) -> None:
    """An output that is registered has a name that Azure ML takes."""
    name = output.get("name")
    if name is None and output.get("version") is not None:
        message = "The output has a version but no name to register it under."
        report.add("output-registration", joined(path, "version"), message, "Add `name:`, or remove `version:`.")
    elif name is not None and "${{" not in str(name) and not _REGISTERED_NAME.fullmatch(str(name)):
        message = f"`{name}` is not a name to register an output under: letters, digits, dashes and underscores."
        report.add("output-registration", joined(path, "name"), message, "Choose another name.")


def _check_flows(
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
    wanted, given = runnable.interface.inputs, node.get("inputs") or {}
    groups = {name.partition(".")[0] for name in wanted if "." in name}
    for name, value in given.items():
        here = joined(path, f"inputs.{name}")
        if name in wanted:
            _check_value(value, wanted[name], here, frame, runnables, report)
        elif name not in groups:
            message = f"The component has no input `{name}`."
            report.add("input-unknown", here, message, suggestion(name, wanted))
    for name, port in wanted.items():
        if port.is_required and name not in given and name.partition(".")[0] not in given:
            message = f"The component needs the input `{name}` ({port.type}), and the step does not give it."
            report.add("input-missing", joined(path, "inputs"), message, f"Add `{name}:` to the inputs of the step.")
    outputs = node.get("outputs")
    for name in outputs if isinstance(outputs, Mapping) else ():
        if name not in runnable.interface.outputs:
            message = f"The component has no output `{name}`."
            here = joined(path, f"outputs.{name}")
            report.add("output-unknown", here, message, suggestion(name, runnable.interface.outputs))


def _check_value(
    value: Any, port: Port, path: str, frame: Frame, runnables: Mapping[str, Runnable | None], report: Report
) -> None:
    binding = binding_of(value)
    if binding is not None:
        given = _type_at(binding, frame, runnables)
        if given is not None and not type_fits(given, port.type):
            message = f"`{binding.text}` is of type {given}; `{port.name}` takes {port.type}."
            soft = given not in ASSET_TYPES and port.type not in ASSET_TYPES
            soft = soft or (given in ASSET_TYPES and port.type in ASSET_TYPES)
            code = "edge-type-near" if soft else "edge-type"
            report.add(code, path, message, "Bind something of the right type.")
        return
    if isinstance(value, Mapping):
        if value.get("path") is not None:
            kind = "model" if port.type.endswith("_model") else "data"
            check_reference(value["path"], kind, joined(path, "path"), report)
        if port.type in LITERAL_TYPES and "path" in value:
            message = f"`{port.name}` takes a {port.type}, not data."
            report.add("edge-type", path, message, f"Give it a {port.type}.")
    elif value is not None:
        _check_literal_value(value, port, path, report)


def _check_literal_value(value: Any, port: Port, path: str, report: Report) -> None:
    if port.type in LITERAL_TYPES and "${{" not in str(value) and not fits_type(value, port.type):
        message = f"`{value}` is no {port.type}, as `{port.name}` wants."
        report.add("edge-type", path, message, f"Give it a {port.type}.")
    elif isinstance(value, str) and parse_azure_reference(value, "data") is not None:
        check_reference(value, "model" if port.type.endswith("_model") else "data", path, report)


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
    if isinstance(value, Mapping):
        port = interface_of({"inputs": {name: value}}).inputs.get(name)
        return port.type if port is not None and "type" in value else None
    return None if isinstance(value, str) else type_of_literal(value)  # a text may be a literal or a reference
