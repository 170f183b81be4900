"""Checks of the steps that steer others: if_else, do_while, parallel_for; knows nothing of what the others run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.bindings import bindings_in
from mlopsportal.specs.checks.context import Report, joined

CONTROL = frozenset({"if_else", "do_while", "parallel_for"})
MAX_ITERATIONS = 1000  # azure-ai-ml 1.35.2, DO_WHILE_MAX_ITERATION


def check_control(kind: str, node: Mapping[str, Any], path: str, report: Report) -> None:
    """Check a steering step: what it asks, what it repeats and how often. Bindings are judged with the others."""
    if kind == "if_else":
        _check_branches(node, path, report)
    elif kind == "do_while":
        _check_condition(node, path, report)
        _check_limits(node, path, report)
        _check_mapping(node.get("mapping"), path, report)
    else:
        _check_items(node.get("items"), path, report)
    if kind != "if_else" and not _steps_in(node.get("body")):
        message = "The loop does not say which step it repeats."
        report.add("control-body", joined(path, "body"), message, "Write `body: ${{parent.jobs.<step>}}`.")


def _steps_in(value: Any) -> list[str]:
    """Return the steps that a text, or a list of texts, binds to."""
    texts = value if isinstance(value, list) else [value]
    found = [binding for text in texts if isinstance(text, str) for binding in bindings_in(text)]
    return [item.parts[2] for item in found if item.parts[:2] == ("parent", "jobs") and len(item.parts) == 3]


def _check_branches(node: Mapping[str, Any], path: str, report: Report) -> None:
    condition = node.get("condition")
    if not isinstance(condition, bool) and not (isinstance(condition, str) and "${{" in condition):
        message = "The condition is neither true or false nor an output of a step."
        fix = "Write `condition: ${{parent.jobs.<step>.outputs.<name>}}`."
        report.add("control-condition", joined(path, "condition"), message, fix)
    branches = {key: _steps_in(node.get(key)) for key in ("true_block", "false_block")}
    if not any(branches.values()):
        message = "Neither branch names a step."
        report.add("control-body", joined(path, "true_block"), message, "Write `true_block: ${{parent.jobs.<step>}}`.")
    for step in sorted(set(branches["true_block"]) & set(branches["false_block"])):
        message = f"The step `{step}` is in both branches: the condition decides nothing about it."
        report.add("control-body", joined(path, "false_block"), message, "Leave it in one of them.")


def _check_condition(node: Mapping[str, Any], path: str, report: Report) -> None:
    condition = node.get("condition")
    if condition is not None and not isinstance(condition, str):
        message = f"`{condition}` is no output of the repeated step."
        fix = "Name the output that tells whether to go on."
        report.add("control-condition", joined(path, "condition"), message, fix)


def _check_limits(node: Mapping[str, Any], path: str, report: Report) -> None:
    limits, here = node.get("limits"), joined(path, "limits.max_iteration_count")
    count = limits.get("max_iteration_count") if isinstance(limits, Mapping) else None
    if isinstance(count, bool) or not isinstance(count, int):
        message = "A loop needs a plain number as its limit: how often it may repeat at most."
        report.add("control-limit", here, message, "Write `limits: {max_iteration_count: 10}`.")
    elif not 0 <= count <= MAX_ITERATIONS:
        message = f"A loop repeats at most {MAX_ITERATIONS} times, not {count}."
        report.add("control-limit", here, message, "Lower the limit.")


def _check_mapping(mapping: Any, path: str, report: Report) -> None:
    """Which output of one round feeds which input of the next."""
    here = joined(path, "mapping")
    if not isinstance(mapping, Mapping):
        message = "The loop does not say which outputs feed the next round."
        report.add("control-mapping", here, message, "Write `mapping:` and below it `<output>: <input>`.")
        return
    fed: dict[str, str] = {}
    for output, inputs in mapping.items():
        for name in inputs if isinstance(inputs, list) else [inputs]:
            if not isinstance(name, str):
                message = f"`{output}` feeds `{name}`, which is not the name of an input."
                report.add("control-mapping", joined(here, output), message, "Name an input of the repeated step.")
            elif fed.setdefault(name, output) != output:
                message = f"The input `{name}` is fed by `{fed[name]}` and by `{output}`."
                report.add("control-mapping", joined(here, output), message, "Leave one of them.")


def _check_items(items: Any, path: str, report: Report) -> None:
    here = joined(path, "items")
    read = read_items(items)
    if read is None:
        if not (isinstance(items, str) and "${{" in items):
            message = "The loop has nothing to go over."
            report.add("control-items", here, message, "Write a list of inputs below `items:`, or bind an output.")
        return
    rounds = list(read.values()) if isinstance(read, Mapping) else read
    if not rounds:
        report.add("control-items", here, "The list of items is empty.", "Add an item, or remove the loop.")
    if not all(isinstance(item, Mapping) for item in rounds):
        message = "An item is not a mapping of inputs to values."
        report.add("control-items", here, message, "Write `- <input>: <value>` for each item.")
    elif len({frozenset(item) for item in rounds}) > 1:
        message = "The items do not all give the same inputs."
        report.add("control-items", here, message, "Give each item the same keys.")


def read_items(items: Any) -> list[Any] | Mapping[str, Any] | None:
    """Return the items as written, or as JSON in a text; None when they are neither."""
    if isinstance(items, str):
        try:
            items = json.loads(items)
        except (ValueError, RecursionError):  # a number too long for json is a ValueError
            return None
    return items if isinstance(items, list | Mapping) else None
