"""How strictly a workspace takes each best practice: its own levels over the defaults; judges no document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlopsportal.specs.codes import CODES
from mlopsportal.specs.practices import DEFAULTS, LEVELS, PRACTICES, Level
from registry.errors import LevelsChanged
from registry.models import PracticeLevel, Workspace

_LEVEL: dict[str, Level] = {level: level for level in LEVELS}
_CONSEQUENCES_ABOUT = {"nothing-uses-it": "archiving, deleting", "fires-later": "schedules"}


def levels_of(workspace: Workspace) -> dict[str, Level]:
    """Return the level in force of everything that can be set, by code, in the order of the settings page.

    Codes that no longer exist are left out. One query.
    """
    rows = PracticeLevel.objects.filter(workspace=workspace, code__in=DEFAULTS)
    own = {code: _LEVEL[level] for code, level in rows.values_list("code", "level")}
    return {**DEFAULTS, **own}


def weakened(before: Mapping[str, Level], after: Mapping[str, Level]) -> list[str]:
    """Return the codes whose level after is weaker than before."""
    return [code for code, level in after.items() if LEVELS.index(level) < LEVELS.index(before[code])]


def touched(levels: Mapping[str, Level], opened: Mapping[str, Level]) -> dict[str, Level]:
    """Return those of the levels that are not as they were opened; without a level to compare with, it is meant."""
    return {code: level for code, level in levels.items() if opened.get(code) != level}


def merged(levels: Mapping[str, Level], opened: Mapping[str, Level], now: Mapping[str, Level]) -> dict[str, Level]:
    """Return what to set: what was changed since it was opened, over the levels of now.

    Raises LevelsChanged for codes that somebody else has changed too, to another level.
    """
    own = touched(levels, opened)
    rivals = {code: now[code] for code, level in own.items() if now[code] not in (opened.get(code, now[code]), level)}
    if rivals:
        raise LevelsChanged(rivals)
    return {**now, **own}


@dataclass(frozen=True)
class SetPractice:
    """One practice as the settings show it: what it is about, its default and its level in the workspace."""

    code: str
    title: str
    gist: str
    about: str
    default: Level
    level: Level


def settings_shown(levels: Mapping[str, Level]) -> list[SetPractice]:
    """Return everything that can be set, with these levels."""
    return [
        SetPractice(
            code=code,
            title=CODES[code].title,
            gist=CODES[code].gist,
            about=PRACTICES[code].about if code in PRACTICES else _CONSEQUENCES_ABOUT[code],
            default=default,
            level=levels[code],
        )
        for code, default in DEFAULTS.items()
    ]
