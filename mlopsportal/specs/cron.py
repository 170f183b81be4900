"""Cron expressions as Azure ML takes them: five fields, of which it ignores two; knows nothing of time zones.

Source: Azure ML "CLI (v2) schedule YAML schema", cron expression: "DAYS and MONTH are not supported. If you
pass a value, it will be ignored and treated as *."
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cronsim import CronSim, CronSimError

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {name: n for n, name in enumerate(_MONTHS, 1)},
    {name: n for n, name in enumerate(_DAYS)},
)
_TERM = re.compile(r"(?:(?P<star>\*)|(?P<low>[0-9A-Z]{1,3})(?:-(?P<high>[0-9A-Z]{1,3}))?)(?:/(?P<step>[0-9]{1,3}))?")
_IGNORED = (2, 3)


@dataclass(frozen=True)
class CronFault:
    """Why an expression is refused, and what to write instead."""

    message: str
    fix: str


def faults(expression: str) -> list[CronFault]:
    """Return everything wrong with an expression; empty when Azure ML takes it."""
    fields = expression.upper().split()
    if len(fields) != len(FIELDS):
        extra = " Azure ML has no field for seconds." if len(fields) == 6 else ""
        message = f"The expression has {len(fields)} fields, not 5.{extra}"
        return [CronFault(message, "Write minute, hour, *, *, day of week: `0 6 * * 1` is Monday at 06:00.")]
    return [fault for index, text in enumerate(fields) for fault in _field_faults(index, text)]


def _field_faults(index: int, text: str) -> Iterator[CronFault]:
    low, high = _RANGES[index]
    for term in text.split(","):
        if not _term_is_legal(index, term):
            hint = " Sunday is 0." if index == 4 and "7" in term else ""
            message = f"`{term[:20]}` is not a {FIELDS[index]}."
            yield CronFault(message, f"Use *, numbers from {low} to {high}, lists, ranges or steps.{hint}")


def _term_is_legal(index: int, term: str) -> bool:
    match = _TERM.fullmatch(term)
    if match is None or (match["step"] is not None and int(match["step"]) == 0):
        return False
    if match["star"]:
        return True
    low, high = _RANGES[index]
    ends = [_number(index, end) for end in (match["low"], match["high"]) if end is not None]
    return all(end is not None and low <= end <= high for end in ends) and ends == sorted(ends, key=lambda n: n or 0)


def _number(index: int, text: str) -> int | None:
    if text.isdigit():
        return int(text)
    return _NAMES[index].get(text)


def ignored_fields(expression: str) -> list[str]:
    """Name the fields that say something Azure ML ignores: day of month and month other than `*`."""
    fields = expression.split()
    if len(fields) != len(FIELDS):
        return []
    return [FIELDS[index] for index in _IGNORED if not fields[index].startswith("*") or "/" in fields[index]]


def effective(expression: str) -> str:
    """Return the expression as Azure ML takes it, its ignored fields written as `*`."""
    fields = expression.split()
    for index in _IGNORED:
        fields[index] = "*"
    return " ".join(fields)


def wall_times(expression: str, after: datetime) -> Iterator[datetime]:
    """Yield naive wall-clock times strictly after `after`, ascending, without end.

    The expression must be free of faults; times beyond what a date can hold end the series.
    """
    try:
        yield from CronSim(effective(expression), after)
    except (CronSimError, OverflowError):
        return
