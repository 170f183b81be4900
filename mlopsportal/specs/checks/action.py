"""Checks of our own action documents: archive, restore, enable, disable, delete, run, cancel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.checks.context import Report, runnable_of, suggestion
from mlopsportal.specs.checks.fits import check_given_inputs
from mlopsportal.specs.checks.references import check_compute, check_reference
from mlopsportal.specs.checks.shape import check_asset_name, check_keys, check_texts
from mlopsportal.specs.documents import ACTIONS
from mlopsportal.specs.ref import InvalidRef, Ref

_TARGETS = {
    "archive": ("component", "data", "model", "environment"),
    "restore": ("component", "data", "model", "environment"),
    "enable": ("schedule", "trigger"),
    "disable": ("schedule", "trigger"),
    "delete": ("schedule", "trigger"),
    "run": ("component",),
    "cancel": ("run",),
}
_KEYS = frozenset({"action", "target", "description"})
_RUN_KEYS = _KEYS | {"inputs", "name", "display_name", "experiment_name", "compute", "force_rerun", "tags"}


def check_action(value: Mapping[str, Any], report: Report) -> None:
    """Check an action document: the verb, the target, and for a run its inputs."""
    action = value.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        report.add("action-unknown", "action", f"`{action}` is not an action.", suggestion(str(action), ACTIONS))
        return
    check_keys(value, "", _RUN_KEYS if action == "run" else _KEYS, report, "key-unknown")
    check_texts(value, ("description", "display_name", "experiment_name", "name"), "", report)
    target = _target(value.get("target"), action, report)
    if target is None:
        return
    _check_there(target, report)
    if action == "run":
        _check_run(value, target, report)


def _target(text: Any, action: str, report: Report) -> Ref | None:
    kinds = _TARGETS[action]
    example = f"{kinds[0]}:name" + (":1" if action == "run" else "")
    if not isinstance(text, str):
        report.add("action-target", "target", "The action names no target.", f'Write `target: "{example}"`.')
        return None
    try:
        target = Ref.parse(text)
    except InvalidRef as error:
        report.add("action-target", "target", f"`{text}` is not a reference: {error.reason}.", f"Write `{example}`.")
        return None
    if target.kind not in kinds:
        message = f"`{action}` works on {' and '.join(kinds)}, not on {target.kind}."
        report.add("action-target", "target", message, f'Write `target: "{example}"`.')
        return None
    if action == "run" and target.version is None:
        message = "A run needs the version of the pipeline."
        report.add("action-target", "target", message, f'Write `target: "{target}:<version>"`.')
        return None
    return target.without_workspace()


def _check_there(target: Ref, report: Report) -> None:
    mirror = report.surroundings.mirror
    if (
        mirror is None
        or target.kind in ("run", "trigger")
        or report.surroundings.maker_of(target, near=report.document) is not None
    ):
        return
    if target.kind == "schedule":
        if not mirror.schedule(target.name):
            message = f"There is no schedule called {target.name} in this workspace."
            report.add("reference-unknown", "target", message, "Look for a typing error.")
    elif target.version is None:
        if not mirror.versions(target.kind, target.name):
            message = f"There is no {target.kind} called {target.name} in this workspace."
            report.add("reference-unknown", "target", message, "Look for a typing error.")
    elif mirror.version(target) is None:
        check_reference(f"azureml:{target.name}:{target.version}", target.kind, "target", report)


def _check_run(value: Mapping[str, Any], target: Ref, report: Report) -> None:
    check_asset_name(value, report, "run")
    check_compute(value.get("compute"), "compute", report)
    if not isinstance(value.get("force_rerun", False), bool):
        report.add("value-type", "force_rerun", "`force_rerun` is true or false.", "Write true or false.")
    inputs = value.get("inputs", {})
    if not isinstance(inputs, Mapping):
        report.add("value-type", "inputs", "`inputs` must be a mapping.", "Write each name with its value below it.")
        return
    pipeline = runnable_of(f"azureml:{target.name}:{target.version}", report)
    if pipeline is None:
        return
    if pipeline.type != "pipeline":
        message = f"{target.name}:{target.version} is not a pipeline: only pipelines are run."
        report.add("action-target", "target", message, "Name a pipeline version.")
    elif pipeline.interface is not None:
        check_given_inputs(inputs, pipeline.interface, "inputs", report)
