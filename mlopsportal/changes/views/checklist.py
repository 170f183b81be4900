"""The checks of a plan as its page lists them: by level, failed first, each place with its line; plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlopsportal.specs.codes import CODES

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
    """One check: its places when it failed, or why it could not be made; `set_aside` tells who did that, and why."""

    code: str
    title: str
    passed: bool
    why: str
    places: list[ShownPlace]
    more: int
    set_aside: Row | None


@dataclass(frozen=True)
class CheckGroup:
    """The checks of one level."""

    level: str
    words: str
    failed: list[ShownCheck]
    passed: list[ShownCheck]


def groups_of(rows: Sequence[Row], overrides: Sequence[Row], url_of: UrlOf) -> list[CheckGroup]:
    """Return the groups that have any check, the strictest first. `url_of` gives the address of a file's line."""
    return [group for level in _WORDS if (group := _group(level, rows, overrides, url_of)).failed or group.passed]


def titles_of(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return the titles and levels of checks that failed and can stop a change."""
    return [(_title(row), str(row["level"])) for row in rows if row.get("level") != "advisory"]


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
        more=max(len(places) - _MOST_SHOWN, 0),
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
