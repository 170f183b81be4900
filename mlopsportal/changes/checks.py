"""The checks a plan is put to: the practices on every document, and what the change would do; no Django, no tables.

Each has the level of its workspace. A soft check that failed stops the apply until somebody with the right to
overrides it; a hard one stops the plan. A check that could not be made is never a passed one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NotRequired, TypedDict

from mlopsportal.specs.checks.context import Surroundings
from mlopsportal.specs.checks.secrecy import secrets_of, without_secrets
from mlopsportal.specs.documents import Document
from mlopsportal.specs.practices import CONSEQUENCES, DEFAULTS, LEVELS, PRACTICES, Level
from mlopsportal.specs.problems import Problem, Severity


class PlaceJSON(TypedDict):
    """One place where a check failed, in the author's document; `line` is None where it is not known."""

    file: str
    line: int | None
    path: str
    message: str
    fix: str


class CheckJSON(TypedDict):
    """A check as the plan stores it; the API leaves the places out. `found` is how many there are, where the places
    kept are not all of them."""

    code: str
    level: str
    passed: bool
    message: str
    places: list[PlaceJSON]
    found: NotRequired[int]


@dataclass(frozen=True)
class Place:
    """One place where a check failed: the file, and what is wrong there."""

    file: str
    problem: Problem

    @property
    def words(self) -> str:
        """File, line and path, what is wrong, and what to do."""
        line = "" if self.problem.line is None else f":{self.problem.line}"
        path = f" {self.problem.path}" if self.problem.path else ""
        return f"{self.file}{line}{path}: {self.problem.message} {self.problem.fix}".rstrip()

    def as_json(self) -> PlaceJSON:
        found = self.problem
        return {
            "file": self.file,
            "line": found.line,
            "path": found.path,
            "message": found.message,
            "fix": found.fix,
        }


@dataclass(frozen=True)
class Check:
    """The outcome of one check: passed, or the places where it is not, or `why` it could not be made."""

    code: str
    level: Level
    places: tuple[Place, ...] = ()
    why: str = ""

    @property
    def passed(self) -> bool:
        return not self.places and not self.why

    @property
    def message(self) -> str:
        """What was found and what to do, "" when it passed."""
        told = [place.words for place in self.places[:_MOST_TOLD]]
        rest = len(self.places) - len(told)
        more = [f"And {rest} more place{'' if rest == 1 else 's'}."] if rest else []
        return " ".join([*told, *more]) or self.why

    def as_json(self) -> CheckJSON:
        places = [place.as_json() for place in self.places[:_MOST_PLACES]]
        told: CheckJSON = {
            "code": self.code,
            "level": self.level,
            "passed": self.passed,
            "message": self.message,
            "places": places,
        }
        return told | {"found": len(self.places)} if len(places) < len(self.places) else told


@dataclass(frozen=True)
class Subject:
    """What is checked of one step: its action, its document, the value as it will be compiled, what uses it now.

    `document` is the author's, repaired; `value` the lifted form of it that is sent, empty for an action on what
    exists. `used_by` names what an archived or deleted object takes with it; `fires_in` is how long until a
    schedule first fires.
    """

    ref: str
    action: str
    document: Document
    value: Mapping[str, Any] = field(default_factory=dict)
    used_by: tuple[str, ...] = ()
    fires_in: timedelta | None = None

    @property
    def sent(self) -> Document:
        """The value as it will be sent, with the places of the author's text."""
        return self.document.with_value(dict(self.value))


SOON: Final = timedelta(hours=1)
_MOST_TOLD: Final = 5
_MOST_PLACES: Final = 50
_AS_WRITTEN: Final = frozenset({"no-secrets", "pinned-references", "pinned-environments"})
"""What must not stand in a document even where the lift moves it elsewhere: it is kept, or comes back as a default."""


def run_all(
    subjects: Sequence[Subject], documents: Sequence[Document], around: Surroundings, levels: Mapping[str, Level]
) -> list[Check]:
    """Return the outcome of every check that is not off. A check over nothing has not passed.

    `documents` are all of the change, those without a step too; `around` is what the practices may look at.
    """
    wanted = {code: levels.get(code, default) for code, default in DEFAULTS.items()}
    if not subjects:
        nothing = "There was nothing to check."
        return [Check(code, level, why=nothing) for code, level in wanted.items() if level != "off"]
    secrets = {document.path: secrets_of(document) for document in documents}
    return [
        Check(code, level, tuple(dict.fromkeys(_hushed(_places(code, subjects, documents, around), secrets))))
        for code, level in wanted.items()
        if level != "off"
    ]


def _hushed(places: Iterator[Place], secrets: Mapping[str, Collection[str]]) -> Iterator[Place]:
    """No finding repeats a secret of its document."""
    for place in places:
        [problem] = without_secrets([place.problem], secrets.get(place.file, ()))
        yield Place(place.file, problem)


def _places(
    code: str, subjects: Sequence[Subject], documents: Sequence[Document], around: Surroundings
) -> Iterator[Place]:
    if code in CONSEQUENCES:
        for subject in subjects:
            yield from (Place(subject.document.path, problem) for problem in _consequences(code, subject))
        return
    practice = PRACTICES[code]
    for document in documents if code in _AS_WRITTEN else ():
        yield from (Place(document.path, problem) for problem in practice.findings(document, around))
    for subject in subjects:
        if subject.value and subject.document.kind in practice.kinds:
            yield from (Place(subject.document.path, problem) for problem in practice.findings(subject.sent, around))


def _consequences(code: str, subject: Subject) -> Iterator[Problem]:
    if code == "nothing-uses-it":
        yield from _destructive(subject)
    else:
        yield from _fires_soon(subject)


def _destructive(subject: Subject) -> Iterator[Problem]:
    """Deleting or archiving what something else still uses."""
    if subject.action in ("delete", "archive") and subject.used_by:
        message = f"{subject.ref} is used by {', '.join(subject.used_by[:5])}. They will not find it any more."
        yield _problem("nothing-uses-it", subject, "target", message, "Move them to another version first.")


def _fires_soon(subject: Subject) -> Iterator[Problem]:
    """Schedules whose first fire may come before anybody has looked."""
    if subject.fires_in is not None and subject.fires_in < SOON:
        minutes = int(subject.fires_in.total_seconds() // 60)
        message = f"{subject.ref} fires for the first time in {minutes} minutes, counted from the making of the plan."
        yield _problem("fires-later", subject, "trigger", message, "Set a later `start_time`, or be there then.")


def _problem(code: str, subject: Subject, path: str, message: str, fix: str) -> Problem:
    line, column = subject.document.parsed.nearest(path) or (None, None)
    return Problem(code, path, line, column, Severity.ADVICE, message, fix)


@dataclass(frozen=True)
class Stop:
    """Why one check stops the change now; `can_override` where somebody with the right may set it aside."""

    code: str
    reason: str
    can_override: bool = False


def stops(
    outcomes: Sequence[Mapping[str, Any]],
    *,
    planned: Mapping[str, str],
    now: Mapping[str, Level],
    overridden: Collection[str] = (),
) -> list[Stop]:
    """Return what stops a change by the levels of `now`, given a plan's outcomes and the levels it was made with.

    A check that the plan did not make, or that failed under a weaker level than now, asks for another plan; what
    is weaker now counts as it is now.
    """
    rows = {str(row.get("code")): row for row in outcomes}
    codes = [*now, *(code for code in rows if code not in now)]
    found = (_stop(code, rows.get(code), planned.get(code, ""), now.get(code), code in overridden) for code in codes)
    return [stop for stop in found if stop is not None]


def _stop(code: str, row: Mapping[str, Any] | None, planned: str, now: Level | None, overridden: bool) -> Stop | None:
    if now == "off":
        return None
    if row is None:
        return _not_made(code, planned, now)
    passed, before = row.get("passed") is True, str(row.get("level"))
    if passed or now == "advisory" or (now is None and before == "advisory"):
        return None
    if now is None or before not in LEVELS or LEVELS.index(now) > LEVELS.index(before):
        reason = f"{code} failed as {before} when the plan was made, and is {now or 'gone'} now: make the plan again"
        return Stop(code, reason)
    if now == "hard":
        return Stop(code, f"{code} failed, and is hard")
    return None if overridden else Stop(code, f"{code} failed, and was not set aside", can_override=True)


def _not_made(code: str, planned: str, now: Level | None) -> Stop | None:
    if planned != "off":
        return Stop(code, f"{code} was not looked at: make the plan again")
    if now == "advisory":
        return None
    return Stop(code, f"{code} was off when the plan was made, and is {now} now: make the plan again")
