"""Which pipeline version a schedule or a trigger runs, read off what a step keeps of it; plain values only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.normalize import unwrap_main
from mlopsportal.specs.ref import InvalidRef, Ref


def pipeline_run_by(state: Any) -> Ref | None:
    """Return the version that a normalised schedule, or the state of a trigger, runs.

    None for nothing, for a run to repeat, and for a job with a graph of its own.
    """
    if not isinstance(state, Mapping):
        return None
    text = state.get("pipeline_ref") or (unwrap_main(_job(state).get("jobs")) or {}).get("component")
    try:
        return Ref.parse(text) if isinstance(text, str) else None
    except InvalidRef:
        return None


def run_words(before: Any, after: Any) -> str:
    """Say what is run before and after a step: "runs churn_training 6 → 7"; "" where that is no named version."""
    old, new = pipeline_run_by(before), pipeline_run_by(after)
    if new is None:
        return ""
    if old is None or old == new:
        return f"runs {version_words(new)}" + (", as before" if old else "")
    return f"runs {version_words(old)} → {new.version if old.name == new.name else version_words(new)}"


def version_words(ref: Ref) -> str:
    return f"{ref.name} {ref.version or ''}".strip()


def still_names(state: Any, ref: Ref) -> bool:
    """Is the version named anywhere in a normalised definition?"""
    if isinstance(state, Mapping):
        return any(still_names(item, ref) for item in state.values())
    if isinstance(state, list):
        return any(still_names(item, ref) for item in state)
    return bool(state == str(ref))


def _job(state: Mapping[str, Any]) -> Mapping[str, Any]:
    action = state.get("action")
    job = action.get("jobDefinition") if isinstance(action, Mapping) else None
    return job if isinstance(job, Mapping) else {}
