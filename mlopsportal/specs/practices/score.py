"""How well a component or pipeline follows the practices, and what would raise its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlopsportal.specs.checks.context import Surroundings
from mlopsportal.specs.documents import Document
from mlopsportal.specs.practices.practice import POINTS, VERSIONED, Level
from mlopsportal.specs.practices.table import PRACTICES, follow, level_in
from mlopsportal.specs.problems import Problem


@dataclass(frozen=True)
class Missing:
    """A practice that is not followed: how many points it would add, where it fails first, and what to do."""

    code: str
    title: str
    level: Level
    points: int
    path: str
    line: int | None
    message: str
    fix: str
    places: int


@dataclass(frozen=True)
class Score:
    """Points reached of those that can be; `missing` with the most points first. `out_of` is 0 for other kinds."""

    points: int
    out_of: int
    missing: tuple[Missing, ...]

    @property
    def percent(self) -> int:
        """The score of 100, rounded down, so that only a whole one is 100; 100 where there is nothing to reach."""
        return 100 * self.points // self.out_of if self.out_of else 100


def score(
    document: Document, surroundings: Surroundings | None = None, levels: Mapping[str, Level] | None = None
) -> Score:
    """Score a component or pipeline. A practice gives the points of its level when the whole document follows it.

    `levels` are those of a workspace, as for `follow`.
    """
    if document.kind not in VERSIONED:
        return Score(0, 0, ())
    found = follow(document, surroundings, levels)
    missing = [_missing(code, problems, level_in(levels, code)) for code, problems in found.items() if problems]
    out_of = sum(POINTS[level_in(levels, code)] for code in found)
    lost = sum(item.points for item in missing)
    return Score(out_of - lost, out_of, tuple(sorted(missing, key=lambda item: -item.points)))


def _missing(code: str, problems: list[Problem], level: Level) -> Missing:
    first = problems[0]
    return Missing(
        code=code,
        title=PRACTICES[code].title,
        level=level,
        points=POINTS[level],
        path=first.path,
        line=first.line,
        message=first.message,
        fix=first.fix,
        places=len(problems),
    )
