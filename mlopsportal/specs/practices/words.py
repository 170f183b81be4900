"""Practices about what a document says of itself: description, owner, source, name and version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlopsportal.specs.checks.context import Report, joined

OWNER_TAGS = frozenset({"owner", "owners", "team", "contact", "maintainer"})
SOURCE_TAGS = frozenset(
    {"git_repository", "git_commit", "repository", "repo", "commit", "source", "source_url", "build", "branch"}
    | {"azureml.git.repository_uri", "azureml.git.commit", "mlflow.source.git.repourl", "mlflow.source.git.commit"}
)
_NAME = re.compile(r"[a-z][a-z0-9_]{2,63}")
_SCHEDULE_NAME = re.compile(r"[a-z][a-z0-9_\-]{2,63}")
_VERSIONED_NAME = re.compile(r"(?:^|_)(?:v\d+|version\d*|final|copy|new|old|tmp|temp)$")
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,3}(?:-[a-z0-9.]{1,30})?")


def undescribed(value: Mapping[str, Any], report: Report) -> None:
    """A description says what the thing is for; the display name alone only repeats the name."""
    if not _text(value.get("description")):
        message = "Nothing says what this is for."
        report.add("described", "description", message, "Add `description:` in a sentence or two.")


def undescribed_ports(value: Mapping[str, Any], report: Report) -> None:
    for path, port in ports(value):
        if not _text(port.get("description")):
            name = path.rpartition(".")[2]
            message = f"Nothing says what `{name}` holds."
            report.add("described-ports", path, message, f"Add `description:` below `{name}:`.")


def ports(value: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield path and declaration of every input and output."""
    for side in ("inputs", "outputs"):
        declared = value.get(side)
        for name, port in declared.items() if isinstance(declared, Mapping) else ():
            if isinstance(port, Mapping):
                yield joined(side, name), port


def has_ports(value: Mapping[str, Any]) -> bool:
    return next(ports(value), None) is not None


def unowned(value: Mapping[str, Any], report: Report) -> None:
    if not _has_tag(value, OWNER_TAGS):
        message = "Nobody is named who answers for it."
        report.add("owned", "tags", message, "Add the tag `owner` with a team or an address.")


def without_source(value: Mapping[str, Any], report: Report) -> None:
    if not _has_tag(value, SOURCE_TAGS):
        message = "Nothing leads back to the source it was made from."
        report.add("under-version-control", "tags", message, "Add the tags `repository` and `commit`.")


def _has_tag(value: Mapping[str, Any], known: frozenset[str]) -> bool:
    for key in ("tags", "properties"):
        given = value.get(key)
        if isinstance(given, Mapping) and any(str(name).lower() in known and given[name] for name in given):
            return True
    return False


def undetermined(value: Mapping[str, Any], report: Report) -> None:
    if not isinstance(value.get("is_deterministic"), bool):
        message = "Nothing says whether the same inputs give the same outputs; Azure ML takes it for granted."
        fix = "Write `is_deterministic: true`, or false for what reads the clock or the world: its runs are not reused."
        report.add("deterministic-said", "is_deterministic", message, fix)


def odd_name(value: Mapping[str, Any], report: Report) -> None:
    name = value.get("name")
    if not isinstance(name, str) or not name:
        return
    pattern = _SCHEDULE_NAME if "trigger" in value else _NAME
    if not pattern.fullmatch(name):
        message = f"`{name[:80]}` is not a plain name: 3 to 64 lower-case letters, digits and underscores."
        report.add(
            "name-convention", "name", message, "Choose a name that says what it does, like `train_churn_model`."
        )
    elif _VERSIONED_NAME.search(name):
        message = f"`{name}` carries its version or state in its name."
        report.add("name-convention", "name", message, "Leave that to the version: `train:2`, not `train_v2:1`.")


def odd_version(value: Mapping[str, Any], report: Report) -> None:
    version = value.get("version")
    if isinstance(version, str) and version and not _VERSION.fullmatch(version):
        message = f"`{version[:80]}` is neither a number nor of the form 1.2.3: nobody can tell which one is newer."
        report.add("version-convention", "version", message, "Count up: `1`, `2`, or `1.0.0`, `1.1.0`, `2.0.0`.")


def has_version(value: Mapping[str, Any]) -> bool:
    return bool(value.get("version"))


def no_start_time(value: Mapping[str, Any], report: Report) -> None:
    trigger = value.get("trigger")
    if (
        isinstance(trigger, Mapping)
        and str(trigger.get("type")).lower() in ("recurrence", "cron")
        and not trigger.get("start_time")
    ):
        message = "There is no start_time: Azure ML may start a first run as soon as the schedule is created."
        fix = 'Add `start_time: "<first day>T06:00:00"` below `trigger:`.'
        report.add("start-time-set", "trigger", message, fix)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
