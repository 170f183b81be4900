"""Practices told as advice beside what the checker says of a document, so that nothing is told twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mlopsportal.specs.checks.context import Surroundings
from mlopsportal.specs.checks.secrecy import secrets_of, without_secrets
from mlopsportal.specs.documents import Document
from mlopsportal.specs.practices.practice import Level
from mlopsportal.specs.practices.table import PRACTICES, level_in
from mlopsportal.specs.problems import Problem

_SAME: dict[str, frozenset[str]] = {
    "no-secrets": frozenset({"secret-value"}),
    "compute-set": frozenset({"compute-missing"}),
    "pinned-references": frozenset({"reference-floats", "reference-freezes"}),
    "pinned-environments": frozenset({"environment-unpinned", "environment-no-version"}),
    "start-time-set": frozenset({"schedule-no-start-time"}),
}
"""What the checker says of the same thing, by practice: of an error the checker's word stands, of advice ours."""

_STOPS: dict[Level, str] = {
    "soft": " In this workspace it stops the apply until somebody with the right sets it aside.",
    "hard": " In this workspace it stops the plan.",
}


def with_advice(
    document: Document, problems: Sequence[Problem], around: Surroundings, levels: Mapping[str, Level]
) -> list[Problem]:
    """Return the checker's problems with the advice of every practice that is not off.

    What the checker advises at the place of a practice is left out, also when that practice is off.
    """
    kept, advice = list(problems), []
    for code, practice in PRACTICES.items():
        level, same = level_in(levels, code), _SAME.get(code, frozenset())
        if level == "off" and not same:
            continue
        found = practice.findings(document, around)
        places = {problem.path for problem in found}
        refused = {problem.path for problem in kept if problem.is_error and problem.code in same}
        kept = [item for item in kept if item.is_error or item.code not in same or item.path not in places]
        if level != "off":
            mine = [problem for problem in found if problem.path not in refused]
            advice += told(mine, level, in_workspace=around.mirror is not None)
    return [*kept, *without_secrets(advice, secrets_of(document))] if advice else kept


def told(problems: Iterable[Problem], level: Level, *, in_workspace: bool) -> list[Problem]:
    """Return one practice's findings in one document as they are shown.

    What stops a change is told place by place, with what it stops; what is only advised is told once.
    """
    found = list(problems)
    if level == "advisory":
        rest = len(found) - 1
        more = f" The same in {rest} more place{'' if rest == 1 else 's'}." if rest > 0 else ""
        return [replace(problem, message=problem.message + more) for problem in found[:1]]
    stops = _STOPS.get(level, "") if in_workspace else ""
    return [replace(problem, message=problem.message + stops) for problem in found]
