"""The keys that a step of each type may have; knows nothing of their values.

From azure-ai-ml 1.35.2: with a component it takes a step with further keys, says "Unknown field." and sends them, and
the service ignores them; a step whose command is written out it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mlopsportal.specs.checks.context import Report, joined

_ALL = frozenset(
    {
        "$schema",
        "comment",
        "component",
        "compute",
        "description",
        "display_name",
        "experiment_name",
        "identity",
        "inputs",
        "name",
        "outputs",
        "properties",
        "resources",
        "services",
        "tags",
        "type",
    }
)
_COMMAND = _ALL | {
    "code",
    "command",
    "distribution",
    "environment",
    "environment_variables",
    "limits",
    "queue_settings",
}
_PARALLEL = {
    "environment_variables",
    "error_threshold",
    "input_data",
    "is_deterministic",
    "logging_level",
    "max_concurrency_per_instance",
    "mini_batch_error_threshold",
    "mini_batch_size",
    "partition_keys",
    "retry_settings",
    "task",
}
_SWEEP = {"early_termination", "limits", "objective", "queue_settings", "sampling_algorithm", "search_space", "trial"}
_OF_TYPE = {
    "command": _COMMAND | {"docker_args", "is_deterministic", "shm_size", "timeout"},
    "parallel": _ALL | _PARALLEL | {"docker_args", "shm_size"},
    "pipeline": _ALL | {"jobs", "settings"},
    "spark": _ALL | {"archives", "args", "code", "conf", "entry", "environment", "files", "jars", "py_files"},
    "sweep": _ALL | _SWEEP,
    "data_transfer": _ALL | {"data_copy_mode", "is_deterministic", "sink", "source", "task"},
}
_ORDERING = frozenset({"depends_on", "dependson", "needs", "after", "run_after"})


def check_step_keys(kind: str, node: Mapping[str, Any], path: str, report: Report) -> None:
    """Report every key that a step of this type has no use for: refused where its command is written out."""
    known = _OF_TYPE.get(kind)
    if known is None:
        return
    is_written_out = kind == "command" and "component" not in node and "command" in node
    for key in node:
        if key in known:
            continue
        if is_written_out:
            message = f"The key `{key}` is unknown; Azure ML refuses a step with it."
            report.add("key-unknown", joined(path, key), message, _fix(key, known))
        else:
            message = f"The key `{key}` is unknown in a step of type {kind}; Azure ML ignores it."
            report.add("key-ignored", joined(path, key), message, _fix(key, known))


def _fix(key: str, known: frozenset[str]) -> str:
    if key.lower() in _ORDERING:
        return "Bind an input of this step to an output of the other: steps run in the order in which data flows."
    close = get_close_matches(key[:100], sorted(known), n=1, cutoff=0.7)
    return f"Did you mean `{close[0]}`?" if close else "Remove it, or set it where Azure ML reads it."
