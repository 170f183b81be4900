"""Checks of the bindings between the nodes of a pipeline: every one leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mlopsportal.specs.bindings import FREE_NAMES, Binding, binding_of, bindings_in, with_parent_jobs
from mlopsportal.specs.checks.context import Report, Runnable, joined, suggestion
from mlopsportal.specs.checks.control import CONTROL
from mlopsportal.specs.checks.intended import intended
from mlopsportal.specs.checks.shape import strings_in
from mlopsportal.specs.problems import Severity

_REGISTERED_NAME = re.compile(r"[A-Za-z0-9_\-]{1,255}")
_SKIPPED = frozenset({"component", "trial", "command", "search_space", "task", "sampling_algorithm", "objective"})


@dataclass(frozen=True)
class Frame:
    """The pipeline around a node: its inputs, outputs and nodes."""

    inputs: frozenset[str]
    outputs: frozenset[str]
    value: Mapping[str, Any]
    jobs: Mapping[str, Any]
    used: set[str] = field(default_factory=set)  # the inputs that steps were found to bind


def check_registration(output: Mapping[str, Any], path: str, report: Report) -> None:
    """An output that is registered has a name that Azure ML takes."""
    name = output.get("name")
    if name is None and output.get("version") is not None:
        message = "The output has a version but no name to register it under."
        report.add("output-registration", joined(path, "version"), message, "Add `name:`, or remove `version:`.")
    elif name is not None and "${{" not in str(name) and not _REGISTERED_NAME.fullmatch(str(name)):
        message = f"`{name}` is not a name to register an output under: letters, digits, dashes and underscores."
        report.add("output-registration", joined(path, "name"), message, "Choose another name.")


def check_flows(name: str, frame: Frame, runnables: Mapping[str, Runnable | None], report: Report) -> None:
    """Check that everything bound in a step leads somewhere; whether it fits there is judged for all steps at once."""
    node, path = frame.jobs[name], joined("jobs", name)
    outputs = node.get("outputs")
    for port, output in outputs.items() if isinstance(outputs, Mapping) else ():
        if isinstance(output, Mapping):
            check_registration(output, joined(path, f"outputs.{port}"), report)
        _check_target(output, joined(path, f"outputs.{port}"), frame, report)
    for place, _, text in strings_in(node, path, skip=_SKIPPED):
        for binding in bindings_in(text):
            _check_binding(binding, place, frame, runnables, report, is_whole=text.strip() == binding.text)
        if "{" in text or "$" in text:
            advise_lookalike(text, place, "parent.", report)


_BOUND = r"((?:parent\.)?(?:inputs|outputs|jobs)\.\w[\w.]{0,200})"
_LOOKALIKE = re.compile(
    r"(?:(?<!\$)\{\{|\$ {1,3}\{\{|\$\{(?!\{))\s{0,3}" + _BOUND + r"\s{0,3}\}{1,2}"
    r"|(?<![$\w{])\{" + _BOUND + r"\}(?!\})"  # {inputs.x}
    r"|\$\{\{\s{0,3}" + _BOUND + r"\s{0,3}\}(?!\})"  # ${{inputs.x}
    r"|(?<![\w$])\$[(\[]?" + _BOUND + r"[)\]]?"  # $inputs.x, $(inputs.x)
)


def advise_lookalike(text: str, path: str, before: str, report: Report) -> None:
    """Point at what is nearly a binding: Azure ML would pass it on as it stands, letter by letter."""
    found = _LOOKALIKE.search(text)
    if found is not None:
        named = next(name for name in found.groups() if name).rstrip(".")
        meant = f"${{{{{before}{named.removeprefix('parent.')}}}}}"
        message = f"`{found.group()}` is not a binding: it is passed on as it stands."
        report.add("binding-lookalike", path, message, f"Write `{meant}`.")


def _check_binding(
    binding: Binding,
    path: str,
    frame: Frame,
    runnables: Mapping[str, Runnable | None],
    report: Report,
    *,
    is_whole: bool,
) -> bool:
    """Check that a binding points at something; return whether it does."""
    # A value that is nothing but a binding is meant to be one; inside a longer text the braces may be meant.
    severity = None if is_whole else Severity.ADVICE
    if binding.parts[0] == "jobs":
        fixed = with_parent_jobs(binding.text)
        message = f"`{binding.text}` is the form of 2021; Azure ML refuses it."
        report.add("binding-old-jobs", path, message, f"Write `{fixed}`.")
        return _check_node_port(Binding(fixed, ("parent", *binding.parts), 0), path, frame, runnables, report)
    if binding.is_parent_input:
        frame.used.add(binding.port)
        return _check_named(binding, "input", frame.inputs, path, report)
    if binding.is_parent_output:
        return _check_named(binding, "output", frame.outputs, path, report)
    if binding.is_node_port:
        return _check_node_port(binding, path, frame, runnables, report)
    if binding.parts[:2] == ("parent", "jobs") and len(binding.parts) == 3 and _is_control(path, frame):
        return _check_step(binding, binding.parts[2], path, frame, report)
    if binding.parts[0] in ("inputs", "outputs") and len(binding.parts) > 1 and _side(path):
        does = "Azure ML refuses it" if is_whole else "in a longer text it is sent as it stands"
        message = f"`{binding.text}` is the form of a command; between steps {does}."
        fix = f"Write `${{{{parent.{'.'.join(binding.parts)}}}}}`."
        report.add("binding-malformed", path, message, fix, severity=severity)
        return False
    if binding.parts[0] == "parent":
        message = f"`{binding.text}` leads nowhere."
        report.add("binding-malformed", path, message, _meant(binding, frame), severity=severity)
        return False
    if _side(path) and binding.parts[0] not in FREE_NAMES and binding.parts[0] != "search_space":
        message = f"`{binding.text}` is not a binding: azure-ai-ml takes it without a word and sends it as it stands."
        report.add("binding-malformed", path, message, _meant(binding, frame), severity=severity)
        return False
    return True


def _side(path: str) -> str:
    """Return "inputs" or "outputs" for a path inside those of a step, else ""."""
    side = path.split(".", 3)[2:3]
    return side[0] if side and side[0] in ("inputs", "outputs") else ""


def _meant(binding: Binding, frame: Frame) -> str:
    meant = intended(binding, frame.inputs, frame.outputs, frame.jobs)
    return f"Write `{meant or '${{parent.inputs.<name>}}` or `${{parent.jobs.<step>.outputs.<name>}}'}`."


def check_given(value: Mapping[str, Any], report: Report) -> None:
    """What a job itself is given and gives has nothing above it that it could be bound to."""
    for place, _, text in strings_in({side: value.get(side) for side in ("inputs", "outputs")}):
        for binding in bindings_in(text):
            if binding.parts[0] not in FREE_NAMES and text.strip() == binding.text:
                message = f"`{binding.text}`: a job is bound to nothing, and Azure ML passes it on letter by letter."
                fix = "Give a value here, and bind it in a step: `${{parent.inputs.<name>}}`."
                report.add("binding-malformed", place, message, fix)


def _check_target(output: Any, path: str, frame: Frame, report: Report) -> None:
    """An output is written to one of the pipeline; the SDK sends any other binding as the address to write to."""
    binding = binding_of(output)
    if binding is None or not (binding.is_parent_input or binding.is_node_port):
        return
    declared = frame.value.get("inputs")
    port = declared.get(binding.port) if isinstance(declared, Mapping) else None
    kind = port.get("type") if isinstance(port, Mapping) else type(port).__name__
    if binding.is_parent_input and isinstance(output, Mapping) and kind in ("string", "str"):
        return  # an address that is given from outside
    message = f"The output is bound to `{binding.text}`: Azure ML takes that for the address to write to."
    name = binding.port if binding.port in frame.outputs else "<name>"
    fix = f"Write `${{{{parent.outputs.{name}}}}}`, or leave it out: other steps bind the output of this one."
    report.add("binding-output", path, message, fix)


def _is_control(path: str, frame: Frame) -> bool:
    """Does the path lie inside a step that steers others (if_else, do_while, parallel_for)?"""
    node = frame.jobs.get(path.split(".")[1])
    return isinstance(node, Mapping) and str(node.get("type")).lower() in CONTROL


def _check_step(binding: Binding, step: str, path: str, frame: Frame, report: Report) -> bool:
    if step in frame.jobs:
        return True
    message = f"`{binding.text}`: there is no step `{step}`."
    report.add("binding-unknown-node", path, message, suggestion(step, frame.jobs))
    return False


@lru_cache(maxsize=16)
def _first_parts(names: frozenset[str]) -> frozenset[str]:
    """Return the names of ports, of a group (`group.port`) that of the group; kept, as each step asks anew."""
    return frozenset(name.partition(".")[0] for name in names)


def _check_named(binding: Binding, what: str, known: frozenset[str], path: str, report: Report) -> bool:
    if binding.parts[2] in _first_parts(known):
        return True
    message = f"`{binding.text}`: the pipeline has no {what} `{binding.parts[2]}`."
    # Azure ML takes a step whose resources bind what there is not, and looks at them only where the step needs them.
    severity = Severity.ADVICE if path.split(".")[2:3] == ["resources"] else None
    report.add(f"binding-unknown-{what}", path, message, suggestion(binding.parts[2], known), severity=severity)
    return False


def _check_node_port(
    binding: Binding, path: str, frame: Frame, runnables: Mapping[str, Runnable | None], report: Report
) -> bool:
    if len(binding.parts) < 5 or binding.parts[3] not in ("inputs", "outputs"):
        message = f"`{binding.text}` names no output of a step."
        report.add("binding-malformed", path, message, _meant(binding, frame))
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
