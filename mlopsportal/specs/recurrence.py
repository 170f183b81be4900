"""When a schedule fires: our model of Azure ML's triggers; knows nothing of workspaces and reads no clock.

Source: Azure ML "CLI (v2) schedule YAML schema" and the recurrence of Azure Logic Apps, on which Azure ML
schedules run. Azure documents no rule for daylight saving; ours: a wall-clock time that does not exist fires at
the first instant after the gap, one that occurs twice fires at its first occurrence. With an interval above one,
weeks are counted from the Monday of the week in which the schedule starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from mlopsportal.specs import cron
from mlopsportal.specs.triggers import InvalidTrigger, Pattern, Trigger, read_trigger, utc

_FRUITLESS_PERIODS = 1000  # a 30th of February never comes
_STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True)
class TriggerWarning:
    """Something about a trigger that a person should know before relying on it."""

    code: str
    message: str


def fires(trigger: Mapping[str, Any], after: datetime, count: int) -> list[datetime]:
    """Return the next fire times strictly after `after`: UTC, ascending, at most `count`.

    `trigger` is the YAML form or the ARM form. Without a start time the anchor is `after`. Empty when the
    trigger has ended, and for data triggers, which have no times. Raises InvalidTrigger.
    """
    if is_data_trigger(trigger) or count < 1:
        return []
    read = read_trigger(trigger)
    return list(islice(_fires(read, utc(after)), count))


def is_data_trigger(trigger: Mapping[str, Any]) -> bool:
    """Is this one of the portal's own triggers, which fire when data arrives?"""
    return str(trigger.get("type", trigger.get("triggerType", ""))).lower() == "data"


def _fires(trigger: Trigger, after: datetime) -> Iterator[datetime]:
    last = after
    end = instant(trigger.end, trigger.zone) if trigger.end else None
    for moment in _moments(trigger, after):
        if end is not None and moment > end:
            return
        if moment > last:
            last = moment
            yield moment


def _moments(trigger: Trigger, after: datetime) -> Iterator[datetime]:
    """Yield UTC times in ascending order (equal ones may repeat), beginning at or before the first wanted one."""
    anchor = trigger.start or after.astimezone(trigger.zone).replace(tzinfo=None, microsecond=0)
    if trigger.type == "recurrence" and trigger.frequency in _STEPS:
        yield from _steps(trigger, instant(anchor, trigger.zone), after)
        return
    wall = after.astimezone(trigger.zone).replace(tzinfo=None)
    start = max(wall - timedelta(days=1), anchor) if trigger.start else wall
    if trigger.type == "cron":
        times = cron.wall_times(trigger.expression, start - timedelta(seconds=1))
    else:
        times = (moment for moment in _calendar_times(trigger, anchor, start) if moment >= anchor)
    for moment in times:
        try:
            yield instant(moment, trigger.zone)
        except OverflowError:
            return


def _steps(trigger: Trigger, anchor: datetime, after: datetime) -> Iterator[datetime]:
    """Yield anchor + n intervals: minutes and hours pass by the clock of physics, not of the wall."""
    step = _STEPS[trigger.frequency] * trigger.interval
    moment = anchor + max(0, (after - anchor) // step) * step
    try:
        while True:
            yield moment
            moment += step
    except OverflowError:
        return


def _calendar_times(trigger: Trigger, anchor: datetime, start: datetime) -> Iterator[datetime]:
    """Yield naive wall times of a daily, weekly or monthly recurrence, from the period that holds `start`."""
    fruitless = 0
    for days in _periods(trigger, anchor.date(), start.date()):
        fruitless = 0 if days else fruitless + 1
        if fruitless > _FRUITLESS_PERIODS:
            return
        for day in days:
            for clock in _clock_times(trigger, anchor):
                yield datetime.combine(day, clock)


def _clock_times(trigger: Trigger, anchor: datetime) -> list[time]:
    return _pattern_times(trigger.pattern) if trigger.pattern else [anchor.time()]


def _pattern_times(pattern: Pattern) -> list[time]:
    return [time(hour, minute) for hour in pattern.hours for minute in pattern.minutes]


def _periods(trigger: Trigger, anchor: date, start: date) -> Iterator[list[date]]:
    """Yield the firing days of each period in turn, beginning no later than the period that holds `start`."""
    make = {"day": _day_periods, "week": _week_periods, "month": _month_periods}[trigger.frequency]
    try:
        yield from make(trigger, anchor, start)
    except OverflowError:
        return


def _day_periods(trigger: Trigger, anchor: date, start: date) -> Iterator[list[date]]:
    day = anchor + timedelta(days=_whole_steps((start - anchor).days, trigger.interval))
    while True:
        yield [day]
        day += timedelta(days=trigger.interval)


def _week_periods(trigger: Trigger, anchor: date, start: date) -> Iterator[list[date]]:
    monday = anchor - timedelta(days=anchor.weekday())
    week_days = (trigger.pattern.week_days if trigger.pattern else ()) or (anchor.weekday(),)
    monday += timedelta(days=_whole_steps((start - monday).days, 7 * trigger.interval))
    while True:
        yield [monday + timedelta(days=week_day) for week_day in week_days]
        monday += timedelta(weeks=trigger.interval)


def _month_periods(trigger: Trigger, anchor: date, start: date) -> Iterator[list[date]]:
    month_days = (trigger.pattern.month_days if trigger.pattern else ()) or (anchor.day,)
    first = anchor.year * 12 + anchor.month - 1
    month = first + _whole_steps(start.year * 12 + start.month - 1 - first, trigger.interval)
    while month // 12 <= 9999:
        yield list(_days_of_month(month // 12, month % 12 + 1, month_days))
        month += trigger.interval


def _days_of_month(year: int, month: int, month_days: tuple[int, ...]) -> Iterator[date]:
    for day in month_days:
        try:
            yield date(year, month, day)
        except ValueError:  # this month is shorter: Azure skips it
            continue


def _whole_steps(distance: int, step: int) -> int:
    return max(0, distance // step) * step


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a naive wall-clock time.

    A time in the spring gap gives the first instant after the gap, a time that occurs twice the first one.
    """
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    low = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # by the later offset: before the gap
    high = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)  # by the earlier offset: after it
    before = low.astimezone(zone).utcoffset()
    seconds = takewhile(lambda width: width > 0, iter(lambda: int((high - low).total_seconds()) // 2, None))
    for half in seconds:
        middle = low + timedelta(seconds=half)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def warnings(trigger: Mapping[str, Any]) -> list[TriggerWarning]:
    """Return what a person should know about a trigger. Raises InvalidTrigger."""
    if is_data_trigger(trigger):
        message = "This trigger waits for data; it has no times, and the portal stores it without firing it yet."
        return [TriggerWarning("trigger-data", message)]
    return list(_warnings(read_trigger(trigger)))


def _warnings(trigger: Trigger) -> Iterator[TriggerWarning]:
    if trigger.start is None:
        message = "There is no start_time: Azure ML may start a run as soon as the schedule is saved."
        yield TriggerWarning("schedule-no-start-time", message)
    ignored = cron.ignored_fields(trigger.expression)
    if ignored:
        as_taken = cron.effective(trigger.expression)
        words = _cron_words(trigger.expression)
        message = f"Azure ML ignores {' and '.join(ignored)}: the schedule fires as `{as_taken}`, {words}."
        yield TriggerWarning("schedule-cron-ignored", message)
    if trigger.frequency == "month":
        yield from _short_months(trigger)
    for part in _unused_parts(trigger):
        message = f"`schedule.{part}` has no effect with frequency {trigger.frequency}."
        yield TriggerWarning("schedule-pattern-ignored", message)


def _short_months(trigger: Trigger) -> Iterator[TriggerWarning]:
    days = (trigger.pattern.month_days if trigger.pattern else ()) or ((trigger.start.day,) if trigger.start else ())
    late = [str(day) for day in days if day > 28]
    if late:
        message = f"Months without day {' or '.join(late)} are skipped."
        yield TriggerWarning("schedule-short-months", message)


def _unused_parts(trigger: Trigger) -> list[str]:
    if trigger.pattern is None:
        return []
    used = {
        "day": ("hours", "minutes"),
        "week": ("hours", "minutes", "week_days"),
        "month": ("hours", "minutes", "month_days"),
    }.get(trigger.frequency, ())
    parts = ("hours", "minutes", "week_days", "month_days")
    return [part for part in parts if part not in used and getattr(trigger.pattern, part)]


def describe(trigger: Mapping[str, Any]) -> str:
    """Say a trigger in words: "every 2 weeks on Monday and Friday at 02:00 (UTC)". Never raises."""
    if is_data_trigger(trigger):
        return "when new data arrives"
    try:
        return _described(read_trigger(trigger))
    except InvalidTrigger as fault:
        return f"not a valid trigger: {fault.message}"


def _described(trigger: Trigger) -> str:
    words = _cron_words(trigger.expression) if trigger.type == "cron" else _recurrence_words(trigger)
    words += f" ({trigger.zone_name})"
    if trigger.start:
        words += f", from {trigger.start:%Y-%m-%d %H:%M}"
    if trigger.end:
        words += f", until {trigger.end:%Y-%m-%d %H:%M}"
    return words


def _recurrence_words(trigger: Trigger) -> str:
    unit = trigger.frequency if trigger.interval == 1 else f"{trigger.interval} {trigger.frequency}s"
    words = f"every {unit}"
    pattern = trigger.pattern
    if trigger.frequency == "week":
        week_days = (pattern.week_days if pattern else ()) or ((trigger.start.weekday(),) if trigger.start else ())
        words += _on([_DAY_NAMES[day] for day in week_days])
    elif trigger.frequency == "month":
        month_days = (pattern.month_days if pattern else ()) or ((trigger.start.day,) if trigger.start else ())
        words += _on([f"day {day}" for day in month_days])
    if trigger.frequency not in _STEPS and (pattern or trigger.start):
        clocks = _pattern_times(pattern) if pattern else [trigger.start.time()] if trigger.start else []
        words += f" at {_listed([f'{clock:%H:%M}' for clock in clocks])}"
    return words


_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _on(names: list[str]) -> str:
    return f" on {_listed(names)}" if names else ""


def _listed(words: list[str]) -> str:
    if len(words) > 8:
        return f"{len(words)} times"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _cron_words(expression: str) -> str:
    minute, hour, _, _, week_day = cron.effective(expression).upper().split()
    days = "every day" if week_day == "*" else f"on {_cron_days(week_day)}"
    if minute.isdigit() and hour.isdigit():
        return f"{days} at {int(hour):02}:{int(minute):02}"
    if minute.isdigit() and hour == "*":
        return f"{days}, every hour at minute {minute}"
    if minute.startswith("*/") and hour == "*":
        return f"{days}, every {minute[2:]} minutes"
    return f"{days}, by cron `{expression}`"


def _cron_days(week_day: str) -> str:
    names = [*_DAY_NAMES[-1:], *_DAY_NAMES[:-1]]  # cron counts from Sunday
    terms = week_day.split(",")
    if all(term.isdigit() for term in terms):
        return _listed([names[int(term)] for term in sorted(terms)])
    return f"week days {week_day}"
