"""Whether documents are right: every check, with place, message and fix; sends nothing and opens nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from mlopsportal.specs.checks.action import check_action
from mlopsportal.specs.checks.component import check_command_component
from mlopsportal.specs.checks.context import Report, Surroundings
from mlopsportal.specs.checks.dates import check_dates
from mlopsportal.specs.checks.pipeline import check_pipeline_component, check_pipeline_job
from mlopsportal.specs.checks.schedule import check_schedule
from mlopsportal.specs.checks.secrecy import check_secrets, without_secrets
from mlopsportal.specs.checks.shape import check_paths
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.mirrored import Mirror, MirroredVersion
from mlopsportal.specs.order import DocumentCycle, files_of, in_dependency_order
from mlopsportal.specs.practices import Level, with_advice
from mlopsportal.specs.problems import Problem, Repair, Severity
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.repair import repair

__all__ = ["Judgement", "Mirror", "MirroredVersion", "check", "judge"]

_CHECKS: dict[Kind, Callable[[Mapping[str, Any], Report], None]] = {
    Kind.COMMAND_COMPONENT: check_command_component,
    Kind.PIPELINE_COMPONENT: check_pipeline_component,
    Kind.PIPELINE_JOB: check_pipeline_job,
    Kind.SCHEDULE: check_schedule,
    Kind.ACTION: check_action,
}


def check(
    documents: Sequence[Document],
    *,
    mirror: Mirror | None = None,
    now: datetime | None = None,
    beside: Mapping[str, Document] | None = None,
    exists: Callable[[str], bool] | None = None,
    levels: Mapping[str, Level] | None = None,
    as_one: bool = True,
) -> dict[str, list[Problem]]:
    """Judge documents as they stand, by path, in the order of their lines.

    They belong together, like those of one change, unless `as_one` is false: then two of them may make the same thing.

    Without a mirror only the texts and each other are looked at. `beside` holds further documents that may be
    referred to by path but are not judged themselves. `now` (aware) is needed to tell what lies in the past, `exists`
    to tell whether there is something at a path that a document names. With `levels`, those of the practices by code,
    their advice comes along; they never make an error.
    """
    by_path = {**(beside or {}), **{document.path: document for document in documents}}
    surroundings = Surroundings(by_path, mirror, now, exists)
    reports = {document.path: _report(document, surroundings) for document in documents}
    for report in reports.values():
        _check_files(report, reports if as_one else {})
    if as_one:
        _check_together(documents, reports)
    if levels is not None:
        for report in reports.values():
            report.problems = with_advice(report.document, report.problems, surroundings, levels)
    return {path: _in_order(report.problems) for path, report in reports.items()}


def _report(document: Document, surroundings: Surroundings) -> Report:
    report = Report(document, surroundings, list(document.parsed.problems))
    value = document.value
    check_of_kind = _CHECKS.get(document.kind)
    if isinstance(value, Mapping):
        if check_of_kind is None:
            _report_kind(document.kind, report)
        else:
            check_of_kind(value, report)
            check_dates(report)
            check_paths(value, report)
    if report.is_cut:
        message = "There are more problems than are shown here."
        report.problems.append(Problem("problems-cut", "", None, None, Severity.ADVICE, message, "Mend these first."))
    hidden = Report(document, surroundings)
    secrets = check_secrets(value, hidden)
    report.problems += hidden.problems
    if secrets:
        report.problems = without_secrets(report.problems, secrets)
    return report


_UNNAMED = frozenset({"name-missing", "name-rule"})  # a component taken in as a file is registered without its name


def _check_files(report: Report, judged: Mapping[str, Report]) -> None:
    """Files that are not judged together with a document count for it where it takes them in."""
    for path in sorted(files_of(report.document)):
        beside = report.surroundings.documents.get(path)
        if beside is None or path in judged:
            continue
        problems = _report(beside, report.surroundings).problems
        first = next((problem for problem in problems if problem.is_error and problem.code not in _UNNAMED), None)
        if first is not None:
            message = f"`{path}` has problems; the first, on line {first.line}: {first.message}"
            report.add("file-problems", "", message, first.fix)


def _report_kind(kind: Kind, report: Report) -> None:
    if kind is Kind.UNKNOWN:
        message = "This is not a component, pipeline, schedule or action."
        fix = "Add `type: command`, `type: pipeline` with `jobs:`, or `trigger:` with `create_job:`."
        declared = report.document.value.get("type")
        meant = get_close_matches(declared.lower(), ("command", "pipeline"), n=1) if isinstance(declared, str) else []
        if meant:
            message = f"`{declared[:80]}` is no type of component or pipeline."
            report.add("kind-unknown", "type", message, f"Did you mean `type: {meant[0]}`?")
        else:
            report.add("kind-unknown", "", message, fix)
    else:
        article = "an" if kind.value[0] in "aeiou" else "a"
        message = (
            f"This is {article} {kind.value}; the portal shows those, but does not manage them through changes yet."
        )
        fix = "Create it with the Azure ML CLI or SDK, and refer to it by name and version."
        report.limit("kind-not-managed", "", message, fix)


def _check_together(documents: Sequence[Document], reports: Mapping[str, Report]) -> None:
    """No two documents make one thing, and none waits for itself."""
    seen: dict[tuple[Kind | None, Ref], str] = {}
    for document in documents:
        if document.ref is None or document.kind is Kind.UNKNOWN:
            continue
        key = (Kind.ACTION if document.kind is Kind.ACTION else None, document.ref)
        if key in seen:
            path = "target" if document.kind is Kind.ACTION else "name"
            message = f"`{seen[key]}` is about {document.ref} too."
            reports[document.path].add("document-duplicate", path, message, "Keep one of the two documents.")
        seen.setdefault(key, document.path)
    try:
        in_dependency_order(documents)
    except DocumentCycle as cycle:
        message = f"These documents need each other: {cycle}."
        reports[cycle.paths[0]].add("document-cycle", "", message, "Cut one of the references.")


def _in_order(problems: list[Problem]) -> list[Problem]:
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (problem.line or 0, problem.column or 0))


@dataclass(frozen=True)
class Judgement:
    """What a change makes of one document: it repaired, what was repaired, and what is still wrong with it."""

    document: Document
    repairs: tuple[Repair, ...]
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not any(problem.is_error for problem in self.problems)


def judge(
    documents: Sequence[Document],
    *,
    mirror: Mirror | None,
    default_compute: str | None = None,
    now: datetime | None = None,
    levels: Mapping[str, Level] | None = None,
) -> dict[str, Judgement]:
    """Repair the documents of a change, then check what came of it; by path. `levels` as for `check`.

    Places are those of the text as it was sent in.
    """
    siblings = {document.path: document for document in documents}
    repaired: dict[str, Document] = {}
    repairs: dict[str, tuple[Repair, ...]] = {}
    for document in documents:
        value, made = repair(document, mirror=mirror, default_compute=default_compute, siblings=siblings)
        repaired[document.path] = document.with_value(value) if made else document
        repairs[document.path] = tuple(made)
    problems = check(list(repaired.values()), mirror=mirror, now=now, levels=levels)
    return {path: Judgement(repaired[path], repairs[path], tuple(problems[path])) for path in repaired}
