"""What a read-back says of a step: arrived, still as before, or something else; pure comparison of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from mlopsportal.changes.states import StepAction
from mlopsportal.specs import digest, normalize

ENDED: Final = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
_CANCELLING: Final = frozenset({"CancelRequested"})
# Where a service may add fields of its own to what it was sent; anywhere else, more is different.
_OPEN: Final = frozenset({"", "properties", "settings", "action", "action.jobDefinition"}) | {
    f"action.jobDefinition.{name}" for name in ("properties", "settings")
}
_OURS: Final = frozenset(
    [
        "componentSpec",
        "trigger",
        "inputs",
        "outputs",
        "jobs",
        "tags",
        "description",
        "displayName",
        "display_name",
        "isArchived",
        "isEnabled",
        "default_compute",
    ]
)


class Found(StrEnum):
    """What a step's object turned out to be."""

    ARRIVED = "arrived"
    BASE = "base"
    OTHER = "other"


def base_of(action: str, kind: str, raw: Mapping[str, Any] | None) -> str:
    """Return the fingerprint a step is planned against.

    To cancel a run, all that matters is that it is there: it changes all the time while it runs.
    """
    if action == StepAction.CANCEL and raw is not None:
        return digest.fingerprint(kind, {})
    return digest.fingerprint(kind, raw)


def look(
    *,
    action: str,
    kind: str,
    base: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    raw: Mapping[str, Any] | None,
) -> Found:
    """Say what `raw`, just read, is to a step that leads from the fingerprint `base` to the normalised `after`.

    What is deleted may have been made ready for it by the step before: then its base is what that step sent.
    """
    if action == StepAction.CANCEL:
        return _look_at_run(raw)
    if base_of(action, kind, raw) == base:
        return Found.BASE
    if action == StepAction.DELETE and before is not None and raw is not None:
        return Found.BASE if is_as_sent(before, normalize.normalized(kind, raw)) else Found.OTHER
    if raw is None or after is None:
        return Found.ARRIVED if raw is None and after is None else Found.OTHER
    found = normalize.normalized(kind, raw)
    if kind == "run":
        return Found.ARRIVED if is_started(after, raw) else Found.OTHER
    return Found.ARRIVED if is_as_sent(after, found) else Found.OTHER


def is_started(after: Mapping[str, Any], raw: Mapping[str, Any]) -> bool:
    """Say whether a run is the one that the normalised `after` asks for: Azure fills in much while it runs."""
    return _holds(normalize.normalized("run", raw), after)


def _holds(found: Any, sent: Any) -> bool:
    """Say whether everything sent is there, whatever else is."""
    if not isinstance(sent, Mapping) or not isinstance(found, Mapping):
        return bool(sent == found)
    return all(name in found and _holds(found[name], value) for name, value in sent.items())


def _look_at_run(raw: Mapping[str, Any] | None) -> Found:
    if raw is None:
        return Found.OTHER
    return Found.ARRIVED if status_of(raw) in ENDED | _CANCELLING else Found.BASE


def status_of(raw: Mapping[str, Any] | None) -> str:
    """Return the status of a run as Azure tells it, "" for none."""
    properties = (raw or {}).get("properties")
    return str(properties.get("status") or "") if isinstance(properties, Mapping) else ""


def has_ended(raw: Mapping[str, Any] | None) -> bool:
    return status_of(raw) in ENDED


def is_as_sent(sent: Any, found: Any, path: str = "") -> bool:
    """Compare two normalised objects: everything sent is there, and nothing else but what a service adds."""
    if not isinstance(sent, Mapping) or not isinstance(found, Mapping):
        return bool(sent == found) and isinstance(sent, bool) == isinstance(found, bool)
    extra = found.keys() - sent.keys()
    if extra and (path not in _OPEN or extra & _OURS):
        return False
    return all(
        name in found and is_as_sent(value, found[name], f"{path}.{name}" if path else name)
        for name, value in sent.items()
    )
