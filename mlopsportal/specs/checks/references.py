"""Checks of references against the documents beside and the mirror: unknown, archived, floating."""

from __future__ import annotations

from typing import Any

from mlopsportal.specs.checks.context import Report, suggestion
from mlopsportal.specs.ref import AzureReference, Ref, at_a_version, parse_azure_reference

_ALWAYS_THERE = frozenset({"serverless", "local"})


def check_reference(text: Any, kind: str, path: str, report: Report) -> None:
    """A reference to a version names something that is there, is not archived, and does not move."""
    if not isinstance(text, str) or "${{" in text:
        return
    reference = parse_azure_reference(text, kind)
    if reference is None or reference.registry is not None:
        if reference is not None and reference.label:
            _advise_label(reference, kind, path, report)
        return
    if reference.label is not None:
        _check_label(reference, kind, path, report)
    elif reference.version is None:
        _check_open(reference, kind, path, report)
    else:
        _check_version(Ref(kind, reference.name, reference.version), path, report)


def _check_label(reference: AzureReference, kind: str, path: str, report: Report) -> None:
    _advise_label(reference, kind, path, report)
    mirror = report.surroundings.mirror
    ref = Ref(kind, reference.name)
    if mirror is not None and not _is_made_here(ref, report) and not mirror.versions(kind, ref.name):
        _report_unknown(ref, path, report)


def _advise_label(reference: AzureReference, kind: str, path: str, report: Report) -> None:
    name = f"{reference.name}@{reference.label}"
    if kind == "data":
        message = f"`{name}` is resolved once, when the document is applied; later versions are not picked up."
        code = "reference-freezes"
    else:
        message = f"`{name}` moves: what runs tomorrow may not be what was reviewed today."
        code = "environment-unpinned" if kind == "environment" else "reference-floats"
    report.add(code, path, message, f"Name a version: `{at_a_version(reference)}`.")


def _check_open(reference: AzureReference, kind: str, path: str, report: Report) -> None:
    if kind == "environment":
        message = f"`azureml:{reference.name}` names no version of the environment."
        report.add("environment-no-version", path, message, f"Write `{at_a_version(reference)}`.")
    elif kind == "component":
        message = f"`azureml:{reference.name}` takes whichever version is the default."
        report.add("reference-floats", path, message, f"Name a version: `{at_a_version(reference)}`.")


def _is_made_here(ref: Ref, report: Report) -> bool:
    makers = (document.ref for document in report.surroundings.documents.values() if document.ref is not None)
    return any(made.at(None) == ref for made in makers)


def _check_version(ref: Ref, path: str, report: Report) -> None:
    mirror = report.surroundings.mirror
    if mirror is None or report.surroundings.maker_of(ref, near=report.document) is not None:
        return
    found = mirror.version(ref)
    if found is None:
        _report_unknown(ref, path, report)
        return
    if found.archived:
        message = f"{ref.name}:{ref.version} is archived; Azure still runs it, but nobody should start to use it."
        report.add("reference-archived", path, message, "Use a version that is not archived, or restore this one.")
    if found.deprecated:
        message = f"{ref.name}:{ref.version} is deprecated: {found.deprecated[:200]}"
        report.add("reference-deprecated", path, message, "Move to the version that its owner recommends.")


def _report_unknown(ref: Ref, path: str, report: Report) -> None:
    mirror = report.surroundings.mirror
    versions = mirror.versions(ref.kind, ref.name) if mirror else []
    if versions:
        shown = ", ".join(versions[:5])
        message = f"The {ref.kind} {ref.name} has no version {ref.version}."
        fix = f"Its newest versions are {shown}." if len(versions) > 1 else f"Its only version is {shown}."
    else:
        message = f"There is no {ref.kind} called {ref.name} in this workspace."
        fix = "Look for a typing error, or add its document to this change."
    report.add("reference-unknown", path, message, fix)


def check_compute(text: Any, path: str, report: Report) -> None:
    """A compute is in the workspace; only the mirror can tell."""
    mirror = report.surroundings.mirror
    if mirror is None or not isinstance(text, str) or "${{" in text:
        return
    reference = parse_azure_reference(text, "compute")
    if reference is None or reference.name in _ALWAYS_THERE:
        return
    known = mirror.computes()
    if reference.name not in known:
        message = f"There is no compute called {reference.name} in this workspace."
        report.add("compute-unknown", path, message, suggestion(reference.name, known))


def check_datastore(text: Any, path: str, report: Report) -> None:
    """A datastore is in the workspace; only the mirror can tell."""
    mirror = report.surroundings.mirror
    if mirror is None or not isinstance(text, str) or "${{" in text:
        return
    reference = parse_azure_reference(text, "datastore")
    name = reference.name if reference else text
    if name not in mirror.datastores():
        message = f"There is no datastore called {name} in this workspace."
        report.add("datastore-unknown", path, message, suggestion(name, mirror.datastores()))
