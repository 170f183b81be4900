"""When a trigger fires next, by wall time in its zone; knows no storage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim
from tzlocal.windows_tz import win_tz

from mlopsportal.sandbox.arm import Json

_WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# A pattern that matches nothing (31 February) would be sought for ever.
_HORIZON = timedelta(days=366 * 5)


def zone_of(trigger: Json) -> ZoneInfo:
    name = trigger.get("timeZone") or "UTC"
    return ZoneInfo("UTC" if name == "UTC" else win_tz[name])


def _local(text: str, zone: ZoneInfo) -> datetime:
    """A start or end time as wall time in the zone, naive."""
    at = datetime.fromisoformat(text)
    return at.astimezone(zone).replace(tzinfo=None) if at.tzinfo else at


def next_fire(trigger: Json, *, after: float, anchor: float) -> float | None:
    """The first fire strictly after a time; None when the trigger has ended.

    `anchor` is when the schedule was made: it stands in for a missing start time. Times are seconds since the epoch.
    Wall times that do not exist fire at the first instant after the gap.
    """
    zone = zone_of(trigger)
    local = datetime.fromtimestamp(after, zone).replace(tzinfo=None)
    begin = datetime.fromtimestamp(anchor, zone).replace(tzinfo=None)
    start = _local(str(trigger["startTime"]), zone) if trigger.get("startTime") else begin
    end = _local(str(trigger["endTime"]), zone) if trigger.get("endTime") else None
    floor = max(local - timedelta(hours=2), start)
    for wall in _walls(trigger, start, floor):
        if wall > floor + _HORIZON or (end and wall > end):
            return None
        at = wall.replace(tzinfo=zone).timestamp()
        if wall >= start and at > after:
            return at
    return None


def _walls(trigger: Json, start: datetime, floor: datetime) -> Iterator[datetime]:
    """Wall times from about `floor` on, ascending."""
    if trigger["triggerType"] == "Cron":
        minute, hour, _, _, week_day = str(trigger["expression"]).split()
        # Azure ML ignores the day and month fields (schedule YAML reference, "expression").
        return CronSim(f"{minute} {hour} * * {week_day}", floor - timedelta(minutes=1))
    return _recurrence(trigger, start, floor)


def _recurrence(trigger: Json, start: datetime, floor: datetime) -> Iterator[datetime]:
    frequency, interval = str(trigger["frequency"]).lower(), int(trigger["interval"])
    if frequency in ("minute", "hour"):
        width = timedelta(minutes=interval) if frequency == "minute" else timedelta(hours=interval)
        begun = max(0, (floor - start) // width)
        return (start + (begun + count) * width for count in range(10_000))
    return _days(trigger, start, floor, frequency, interval)


def _days(trigger: Json, start: datetime, floor: datetime, frequency: str, interval: int) -> Iterator[datetime]:
    pattern: Json = trigger.get("schedule") or {}
    times = [(h, m) for h in sorted(_list(pattern, "hours")) for m in sorted(_list(pattern, "minutes"))]
    times = times or [(start.hour, start.minute)]
    days = {str(day).lower() for day in _list(pattern, "weekDays")} or {_WEEK_DAYS[start.weekday()]}
    month_days = set(_list(pattern, "monthDays")) or {start.day}
    day = floor.date()
    while day <= (floor + _HORIZON + timedelta(days=1)).date():
        if frequency == "day":
            due = (day - start.date()).days % interval == 0
        elif frequency == "week":
            weeks = ((day - start.date()).days + start.weekday()) // 7
            due = weeks % interval == 0 and _WEEK_DAYS[day.weekday()] in days
        else:
            months = (day.year - start.year) * 12 + day.month - start.month
            due = months % interval == 0 and day.day in month_days
        if due:
            yield from (datetime(day.year, day.month, day.day, h, m) for h, m in times)
        day += timedelta(days=1)


def _list(pattern: Json, key: str) -> list[int]:
    """A pattern's values; the wire allows one value in place of a list."""
    value = pattern.get(key)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
