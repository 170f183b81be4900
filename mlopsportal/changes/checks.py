"""The checks a plan is put to, each advisory, soft or hard; plain values, no Django, no tables.

A soft check that failed stops the apply until somebody with the right to overrides it; a hard one stops the
plan. A check that could not be made is never a passed one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypedDict

from mlopsportal.specs.ref import parse_azure_reference


class Level(StrEnum):
    """What a failed check does: is shown, stops the apply until overridden, or stops the plan."""

    ADVISORY = "advisory"
    SOFT = "soft"
    HARD = "hard"


class CheckJSON(TypedDict):
    """A check as the plan stores it and the API prints it."""

    code: str
    level: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Check:
    """The outcome of one check; `message` says what was found and what to do, "" when it passed."""

    code: str
    level: Level
    passed: bool
    message: str = ""

    def as_json(self) -> CheckJSON:
        return {"code": self.code, "level": str(self.level), "passed": self.passed, "message": self.message}


@dataclass(frozen=True)
class Subject:
    """What is checked of one step: its action, the value as it will be compiled, and what uses it now.

    `value` is the repaired and lifted YAML form, empty for an action on what exists. `used_by` names what
    an archived or deleted object takes with it; `fires_in` is how long until a schedule first fires.
    """

    ref: str
    action: str
    value: Mapping[str, Any]
    used_by: tuple[str, ...] = ()
    fires_in: timedelta | None = None


Found = Iterator[str]
SOON = timedelta(hours=1)
_SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    re.compile(r"\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=%]{10,}", re.IGNORECASE),
    re.compile(r"[?&;]sig=[A-Za-z0-9%+/=_-]{10,}", re.IGNORECASE),
    re.compile(r"://[^/\s:@]+:[^/\s@${]{3,}@"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
)
_SECRET_NAME = re.compile(
    r"(?:^|[_\-.])(?:password|passwd|secret|api[_-]?key|access[_-]?key|sas[_-]?token)$", re.IGNORECASE
)
_REFERENCE_KEYS = {"component": "component", "environment": "environment", "path": "data"}


def secrets(subject: Subject) -> Found:
    """Values that look like a secret: they would be kept for ever in Azure, in the plan and in the log."""
    for path, text in _texts(subject.value):
        name = path.rpartition(".")[2]
        named = bool(_SECRET_NAME.search(name)) and not text.startswith("${{")
        if named or any(shape.search(text) for shape in _SECRETS):
            yield f"{subject.ref}: the value at {path} looks like a secret. Read it from a key vault at run time."


def floating_references(subject: Subject) -> Found:
    """References by label, or without a version: what runs tomorrow would not be what was approved today."""
    for path, text in _texts(subject.value):
        key = path.rpartition(".")[2]
        if key not in _REFERENCE_KEYS or key == "environment":
            continue
        reference = parse_azure_reference(text, _REFERENCE_KEYS[key])
        if reference is not None and reference.kind != "datastore" and _floats(reference.label, reference.version):
            yield f"{subject.ref}: {text} at {path} moves. Name a version."


def floating_environments(subject: Subject) -> Found:
    """Environments by label or without a version."""
    for path, text in _texts(subject.value):
        if path.rpartition(".")[2] != "environment":
            continue
        reference = parse_azure_reference(text, "environment")
        if reference is not None and _floats(reference.label, reference.version):
            yield f"{subject.ref}: environment {text} moves. Name a version."


def _floats(label: str | None, version: str | None) -> bool:
    return label is not None or version is None


def missing_description(subject: Subject) -> Found:
    """New versions that say nothing about themselves."""
    is_new = subject.action == "create" and subject.ref.startswith("component:") and bool(subject.value)
    if is_new and not (subject.value.get("description") or subject.value.get("display_name")):
        yield f"{subject.ref} has neither a description nor a display name."


def missing_compute(subject: Subject) -> Found:
    """Runs and schedules of a written-out job without a default compute."""
    job = subject.value if subject.action == "run" else subject.value.get("create_job")
    if isinstance(job, Mapping):
        settings = job.get("settings")
        has_default = isinstance(settings, Mapping) and bool(settings.get("default_compute"))
        if not has_default and not job.get("compute"):
            yield f"{subject.ref}: no compute is set for its runs."


def missing_start_time(subject: Subject) -> Found:
    """Recurrences without a start: Azure ML fires the first run at once."""
    trigger = subject.value.get("trigger")
    if isinstance(trigger, Mapping) and trigger.get("type") in ("recurrence", "cron") and not trigger.get("start_time"):
        yield f"{subject.ref} has no start_time: Azure ML may start a first run as soon as it is created."


def fires_soon(subject: Subject) -> Found:
    """Schedules whose first fire may come before anybody has looked."""
    if subject.fires_in is not None and subject.fires_in < SOON:
        minutes = int(subject.fires_in.total_seconds() // 60)
        yield f"{subject.ref} fires for the first time in {minutes} minutes, counted from the making of the plan."


def destructive(subject: Subject) -> Found:
    """Deleting or archiving what something else still uses."""
    if subject.action in ("delete", "archive") and subject.used_by:
        yield f"{subject.ref} is used by {', '.join(subject.used_by[:5])}. They will not find it any more."


CHECKS: Mapping[str, tuple[Level, Callable[[Subject], Found]]] = {
    "no-secrets": (Level.HARD, secrets),
    "pinned-references": (Level.SOFT, floating_references),
    "pinned-environments": (Level.SOFT, floating_environments),
    "compute-set": (Level.HARD, missing_compute),
    "nothing-uses-it": (Level.SOFT, destructive),
    "fires-later": (Level.ADVISORY, fires_soon),
    "start-time-set": (Level.ADVISORY, missing_start_time),
    "described": (Level.ADVISORY, missing_description),
}


def run_all(subjects: Sequence[Subject]) -> list[Check]:
    """Return every check's outcome over all subjects. A check over nothing has not passed."""
    return [_run(code, level, find, subjects) for code, (level, find) in CHECKS.items()]


def _run(code: str, level: Level, find: Callable[[Subject], Found], subjects: Sequence[Subject]) -> Check:
    if not subjects:
        return Check(code, level, passed=False, message="There was nothing to check.")
    found = [message for subject in subjects for message in find(subject)]
    return Check(code, level, passed=not found, message=" ".join(found))


def blocking(checks: Sequence[Mapping[str, Any]], levels: frozenset[str], *, known: frozenset[str]) -> list[str]:
    """Return the codes that stop the change: those of `levels` that failed, and every known one that is missing."""
    outcomes = {check.get("code"): check for check in checks}
    missing = sorted(known - outcomes.keys())
    failed = [
        str(code)
        for code, check in outcomes.items()
        if check.get("passed") is not True and str(check.get("level")) in levels
    ]
    return missing + failed


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value
