"""The checks of a plan as its page lists them: by level, failed first, each place with its line; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from mlopsportal.accounts.roles import Permission, can
from mlopsportal.audit.actions import Actor
from mlopsportal.changes.checks import Stop
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.settling import stops_of
from mlopsportal.changes.views.documents import ShownRevision, is_cut
from mlopsportal.specs.codes import CODES
from mlopsportal.specs.problems import Problem

_WORDS: Final = {
    "hard": "A hard check that fails stops the plan.",
    "soft": "A soft check that fails stops the apply until somebody with the right sets it aside.",
    "advisory": "An advisory check stops nothing.",
}

_MOST_SHOWN: Final = 10

Row = Mapping[str, Any]
UrlOf = Callable[[str, int | None], str]


@dataclass(frozen=True)
class ShownPlace:
    """One place where a check failed; `url` leads to its line, "" where the document is not shown."""

    where: str
    path: str
    message: str
    fix: str
    url: str


@dataclass(frozen=True)
class ShownCheck:
    """One check: its places when it failed, or why it could not be made; `set_aside` tells who did that, and why.

    `more` places are not listed here; they are shown in the documents where the plan did not keep all (`is_cut`)."""

    code: str
    title: str
    passed: bool
    why: str
    places: list[ShownPlace]
    more: int
    is_cut: bool
    set_aside: Row | None


@dataclass(frozen=True)
class CheckGroup:
    """The checks of one level."""

    level: str
    words: str
    failed: list[ShownCheck]
    passed: list[ShownCheck]


class Checklist:
    """The checks of the current plan to one reader, and those by which the workspace has become stricter since."""

    def __init__(self, change: ChangeRequest, actor: Actor, revision: ShownRevision) -> None:
        self._change = change
        self._actor = actor
        self._plan = change.plan
        self._revision = revision

    @property
    def count(self) -> int:
        return len(self._plan.checks) if self._plan else 0

    @cached_property
    def passed(self) -> int:
        return sum(1 for check in self._plan.checks if check.get("passed")) if self._plan else 0

    @cached_property
    def failed(self) -> list[dict[str, Any]]:
        return [check for check in self._plan.checks if not check.get("passed")] if self._plan else []

    @cached_property
    def groups(self) -> list[CheckGroup]:
        return _groups_of(self._plan.checks, self.overrides, self._revision.line_url) if self._plan else []

    @property
    def stopping(self) -> list[tuple[str, str]]:
        """Titles and levels of the checks that failed and stop the plan or the apply."""
        return [(_title(row), str(row["level"])) for row in self.failed if row.get("level") != "advisory"]

    @property
    def advising(self) -> int:
        return len(self.failed) - len(self.stopping)

    @cached_property
    def renewals(self) -> list[Stop]:
        """The checks by whose level another plan is needed."""
        waits = self._change.is_open and bool(self._change.plan_digest)
        return [stop for stop in self.stops if not stop.can_override] if waits else []

    @cached_property
    def untold(self) -> list[Problem]:
        """The problems of the documents that no check tells."""
        told = {check["code"] for check in self._plan.checks} if self._plan else set()
        return [problem for problem in self._revision.problems if problem.code not in told]

    @cached_property
    def overrides(self) -> list[dict[str, Any]]:
        """The soft checks that were set aside for the current plan."""
        digest = self._change.plan_digest
        return [entry for entry in self._change.overrides if entry["plan_digest"] == digest]

    @cached_property
    def overridable(self) -> list[dict[str, Any]]:
        """The failed soft checks that this reader may set aside."""
        if not self._change.plan_digest or not self._change.is_open:
            return []
        if not can(self._actor, Permission.OVERRIDE, self._change.workspace):
            return []
        codes = {stop.code for stop in self.stops if stop.can_override}
        return [check for check in self.failed if check["code"] in codes]

    @cached_property
    def stops(self) -> list[Stop]:
        """The checks that stop the apply by the levels of now."""
        return stops_of(self._change)


def _groups_of(rows: Sequence[Row], overrides: Sequence[Row], url_of: UrlOf) -> list[CheckGroup]:
    """Return the groups that have any check, the strictest first. `url_of` gives the address of a file's line."""
    return [group for level in _WORDS if (group := _group(level, rows, overrides, url_of)).failed or group.passed]


def _group(level: str, rows: Sequence[Row], overrides: Sequence[Row], url_of: UrlOf) -> CheckGroup:
    aside = {str(entry["code"]): entry for entry in overrides}
    shown = [_check(row, aside.get(str(row["code"])), url_of) for row in rows if row.get("level") == level]
    failed, passed = [item for item in shown if not item.passed], [item for item in shown if item.passed]
    return CheckGroup(level, _WORDS[level], failed, passed)


def _check(row: Row, set_aside: Row | None, url_of: UrlOf) -> ShownCheck:
    places = list(_places(row, url_of))
    return ShownCheck(
        code=str(row["code"]),
        title=_title(row),
        passed=row.get("passed") is True,
        why="" if places else str(row.get("message", "")),
        places=places[:_MOST_SHOWN],
        more=max(int(row.get("found", len(places))) - _MOST_SHOWN, 0),
        is_cut=is_cut(row),
        set_aside=set_aside,
    )


def _title(row: Row) -> str:
    code = str(row["code"])
    return CODES[code].title if code in CODES else code


def _places(row: Row, url_of: UrlOf) -> Iterator[ShownPlace]:
    for place in row.get("places", ()):
        line = place["line"]
        where = place["file"] if line is None else f"{place['file']}:{line}"
        yield ShownPlace(where, place["path"], place["message"], place["fix"], url_of(place["file"], line))
