"""Practices about references: what is named by a label, or by no version, is another thing tomorrow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.checks.context import Report
from mlopsportal.specs.checks.secrecy import check_secrets
from mlopsportal.specs.checks.shape import strings_in
from mlopsportal.specs.ref import AzureReference, at_a_version, parse_azure_reference

_KINDS = {"component": "component", "trial": "component", "path": "data"}
_STARTED = frozenset({"create_job", "job"})
_IMAGE = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}|[^\s@]+:(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}")


def floating(value: Mapping[str, Any], report: Report) -> None:
    """Components, data and models by label or without a version."""
    for path, key, text in strings_in(value):
        reference = _reference(path, key, text) if "${{" not in text else None
        if reference is not None and reference.kind in ("component", "data", "model"):
            message = f"`{text[:200]}` moves: what runs tomorrow may not be what was approved today."
            if reference.kind == "data" and reference.label is not None:
                message = f"`{text[:200]}` is resolved when it is sent: nobody sees here which version that will be."
            report.add("pinned-references", path, message, f"Name a version: `{at_a_version(reference)}`.")


def _reference(path: str, key: str, text: str) -> AzureReference | None:
    """Return the reference when it moves. `azureml:<name>` is a run to repeat where a schedule says what it starts,
    and a value of its own where an input is given."""
    if key in _KINDS:
        found = parse_azure_reference(text, _KINDS[key])
        return found if found is not None and _moves(found) else None
    started = key in _STARTED and path.startswith("create_job")
    given = path.rpartition(".")[0].endswith("inputs")
    found = parse_azure_reference(text, "component" if started else "data") if started or given else None
    return found if found is not None and found.label is not None else None


def floating_environments(value: Mapping[str, Any], report: Report) -> None:
    """Environments by label or without a version, and images without a tag."""
    for path, key, text in strings_in(value):
        if key == "image" and "${{" not in text and not _IMAGE.fullmatch(text):
            message = f"The image `{text[:200]}` moves: its tag is missing or `latest`."
            report.add("pinned-environments", path, message, "Name a tag, or better a digest: `image@sha256:…`.")
        reference = parse_azure_reference(text, "environment") if key == "environment" else None
        if reference is not None and _moves(reference):
            message = f"The environment `{text[:200]}` moves."
            fix = f"Name a version: `{at_a_version(reference)}`."
            report.add("pinned-environments", path, message, fix)


def _moves(reference: AzureReference) -> bool:
    return reference.label is not None or reference.version is None


def secrets(value: Mapping[str, Any], report: Report) -> None:
    check_secrets(value, report, "no-secrets")
