"""Times and durations in words; knows UTC and the reader's clock in the browser, no zone of a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_STEPS = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (86400 * 60, 86400, "d"))


def exact(moment: datetime) -> str:
    """Return `2026-11-23 14:02:11 UTC` for an aware datetime."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(moment: datetime) -> str:
    """Return `2026-11-23T14:02:11Z` for an aware datetime."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def relative(moment: datetime, now: datetime) -> str:
    """Return `12 min ago`, `in 3 h`, `now`; past 60 days the day itself."""
    seconds = (now - moment).total_seconds()
    distance = abs(seconds)
    if distance < 10:
        return "now"
    for limit, unit, word in _STEPS:
        if distance < limit:
            amount = f"{int(distance // unit)} {word}"
            return f"{amount} ago" if seconds > 0 else f"in {amount}"
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def duration_words(value: timedelta | float | int | None) -> str:
    """Return `1 h 02 min`, `3 min 20 s`, `8.4 s`, `120 ms`; a dash when there is none. Numbers are seconds."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 0:
        return "–"
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
