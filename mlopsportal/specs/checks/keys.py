"""The keys that a step of each type may have, and what may stand there.

From azure-ai-ml 1.35.2: with a component it takes a step with further keys, says "Unknown field." and sends them, and
the service ignores them; a step whose command, entry or transfer is written out it refuses, and so an automl step. Of
a step that steers others it drops them.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mlopsportal.specs.checks.blocks import Item, Word, check_item, check_needed
from mlopsportal.specs.checks.context import Report, joined
from mlopsportal.specs.checks.step_blocks import AUTOML, NEEDED, OF_TYPE, TRANSFERS, WITHOUT_TARGET

_ORDERING = frozenset({"depends_on", "dependson", "needs", "after", "run_after"})
_WRITTEN_OUT = {"command": "command", "spark": "entry", "data_transfer": "task"}
_TASKS = Word(frozenset(AUTOML), camel=True)


def check_step_keys(kind: str, node: Mapping[str, Any], path: str, report: Report) -> None:
    """Report every key that a step of this type has no use for, and every setting that azure-ai-ml refuses."""
    check_needed(node, NEEDED.get(kind, ()), path, f"a step of type {kind}", report)
    known, is_strict = _known(kind, node, path, report)
    if known is None:
        return
    for key, value in node.items():
        if key in known:
            item = known[key]
            if item is not None:
                check_item(value, item, joined(path, key), report)
        elif is_strict:
            message = f"The key `{key}` is unknown here; Azure ML refuses a step with it."
            report.add("key-unknown", joined(path, key), message, _fix(key, known))
        else:
            message = f"The key `{key}` is unknown in a step of type {kind}; Azure ML ignores it."
            report.add("key-ignored", joined(path, key), message, _fix(key, known))


def _known(
    kind: str, node: Mapping[str, Any], path: str, report: Report
) -> tuple[Mapping[str, Item | None] | None, bool]:
    """Return the keys of a step, None when they cannot be told, and whether any other key is refused."""
    if kind == "automl":
        return _of_task(node, path, report), True
    is_strict = "component" not in node and _WRITTEN_OUT.get(kind, "component") in node
    task = node.get("task")
    if kind == "data_transfer" and is_strict and isinstance(task, str) and task.lower() in TRANSFERS:
        return TRANSFERS[task.lower()], True
    return OF_TYPE.get(kind), is_strict


def _of_task(node: Mapping[str, Any], path: str, report: Report) -> Mapping[str, Item | None] | None:
    task = node.get("task")
    check_item(task, _TASKS, joined(path, "task"), report)
    word = next((word for word in AUTOML if Word(frozenset({word}), camel=True).takes(task)), None)
    if word is not None and word not in WITHOUT_TARGET:
        check_needed(node, ("target_column_name",), path, f"an automl step for {word}", report)
    return AUTOML[word] if word is not None else None


def _fix(key: str, known: Mapping[str, Item | None]) -> str:
    if key.lower() in _ORDERING:
        return "Bind an input of this step to an output of the other: steps run in the order in which data flows."
    close = get_close_matches(key[:100], sorted(known), n=1, cutoff=0.7)
    return f"Did you mean `{close[0]}`?" if close else "Remove it, or set it where Azure ML reads it."
