"""A schedule's trigger read from YAML or from ARM into one form; computes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mlopsportal.specs import cron, zones

FREQUENCIES = ("minute", "hour", "day", "week", "month")
WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_INTERVAL = 1000

_YAML_OF_ARM = {
    "triggerType": "type",
    "timeZone": "time_zone",
    "startTime": "start_time",
    "endTime": "end_time",
    "weekDays": "week_days",
    "monthDays": "month_days",
}


class InvalidTrigger(ValueError):
    """A trigger that cannot be computed: the code of a check, the path inside the trigger, the message, the fix."""

    def __init__(self, code: str, path: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code, self.path, self.message, self.fix = code, path, message, fix


@dataclass(frozen=True)
class Pattern:
    """The `schedule` of a recurrence; empty parts were not given. Week days count from Monday = 0."""

    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    week_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()


@dataclass(frozen=True)
class Trigger:
    """A recurrence or cron trigger. Times are naive in the zone, as Azure ML writes them; None means not given."""

    type: str  # "recurrence" | "cron"
    zone: ZoneInfo
    zone_name: str
    frequency: str = ""
    interval: int = 1
    pattern: Pattern | None = None
    expression: str = ""
    start: datetime | None = None
    end: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def yaml_form(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trigger with YAML's key names, whichever of the two forms it came in; nulls are left out."""
    return {
        _YAML_OF_ARM.get(key, key): yaml_form(value) if key == "schedule" and isinstance(value, Mapping) else value
        for key, value in trigger.items()
        if value is not None
    }


def read_trigger(trigger: Mapping[str, Any]) -> Trigger:
    """Read a recurrence or cron trigger. Raises InvalidTrigger with the first thing that is wrong."""
    reading = Reading(trigger)
    first = next(iter(reading.faults), None)
    if first is not None or reading.trigger is None:
        raise first or InvalidTrigger("trigger-type", "type", "The trigger has no usable type.", "Use recurrence.")
    return reading.trigger


class Reading:
    """One attempt to read a trigger: every fault found, and the trigger when there is none."""

    def __init__(self, trigger: Mapping[str, Any]) -> None:
        self.given = yaml_form(trigger)
        self.faults: list[InvalidTrigger] = []
        self.trigger: Trigger | None = None
        declared = str(self.given.get("type", "")).lower()
        if declared in ("recurrence", "cron"):
            self._read(declared)
        else:
            self._fault("trigger-type", "type", f"A trigger of type `{declared}` has no times.", _TYPE_FIX)

    def _fault(self, code: str, path: str, message: str, fix: str) -> None:
        self.faults.append(InvalidTrigger(code, path, message, fix))

    def _read(self, declared: str) -> None:
        written = self.given.get("time_zone", "")
        zone_name = "UTC" if written == "" else str(written)
        zone = zones.zone_of(zone_name)
        if zone is None:
            message = f"The time zone `{zone_name}` is unknown."
            self._fault("schedule-time-zone", "time_zone", message, "Use a Windows name, or UTC.")
            zone = ZoneInfo("UTC")
        start, end = self._time("start_time", zone), self._time("end_time", zone)
        if start and end and end <= start:
            message = "The schedule ends before it starts."
            self._fault("schedule-end-before-start", "end_time", message, "Set end_time after start_time.")
        common = {"zone": zone, "zone_name": zone_name, "start": start, "end": end}
        trigger = self._cron(common) if declared == "cron" else self._recurrence(common)
        self.trigger = None if self.faults else trigger

    def _time(self, key: str, zone: ZoneInfo) -> datetime | None:
        text = self.given.get(key)
        if text is None:
            return None
        try:
            time = datetime.fromisoformat(str(text).strip())
            return time if time.tzinfo is None else time.astimezone(zone).replace(tzinfo=None)
        except (ValueError, OverflowError):
            message = f"`{text}` is not a date and time."
            self._fault(
                "schedule-time", key, message, 'Write it as "<year>-<month>-<day>T06:00:00", in the zone of time_zone.'
            )
            return None

    def _cron(self, common: Mapping[str, Any]) -> Trigger:
        expression = self.given.get("expression")
        text = expression if isinstance(expression, str) else ""
        for fault in cron.faults(text):
            self._fault("schedule-cron", "expression", fault.message, fault.fix)
        return Trigger(type="cron", expression=" ".join(text.split()), **common)

    def _recurrence(self, common: Mapping[str, Any]) -> Trigger:
        frequency = str(self.given.get("frequency", "")).lower()
        if frequency not in FREQUENCIES:
            message = f"`{self.given.get('frequency', '')}` is not a frequency."
            fix = _FREQUENCY_FIX.get(frequency.rstrip("s"), f"Use one of {', '.join(FREQUENCIES)}.")
            self._fault("schedule-frequency", "frequency", message, fix)
        interval = _whole(self.given.get("interval"))
        if interval is None or not 1 <= interval <= MAX_INTERVAL:
            message = f"The interval is `{self.given.get('interval', 'missing')}`."
            self._fault("schedule-interval", "interval", message, f"Use a whole number from 1 to {MAX_INTERVAL}.")
        pattern = self._pattern(self.given.get("schedule"))
        return Trigger(type="recurrence", frequency=frequency, interval=interval or 1, pattern=pattern, **common)

    def _pattern(self, schedule: Any) -> Pattern | None:
        if schedule is None:
            return None
        if not isinstance(schedule, Mapping):
            self._fault("schedule-pattern", "schedule", "`schedule` holds no hours and minutes.", _PATTERN_FIX)
            return None
        for key, other in (("hours", "minutes"), ("minutes", "hours")):
            if key not in schedule:
                message = f"`schedule` has {other} but no {key}." if other in schedule else f"`schedule` has no {key}."
                self._fault("schedule-hours-minutes", f"schedule.{key}", message, _PATTERN_FIX)
        return Pattern(
            hours=tuple(self._numbers(schedule, "hours", 0, 23)),
            minutes=tuple(self._numbers(schedule, "minutes", 0, 59)),
            week_days=tuple(self._week_days(schedule)),
            month_days=tuple(self._numbers(schedule, "month_days", 1, 31)),
        )

    def _numbers(self, schedule: Mapping[str, Any], key: str, low: int, high: int) -> Iterator[int]:
        for item in sorted({_whole(item) for item in _as_list(schedule.get(key))}, key=lambda n: (n is None, n)):
            if item is None or not low <= item <= high:
                message = f"`{key}` holds something that is not a whole number from {low} to {high}."
                self._fault("schedule-pattern", f"schedule.{key}", message, f"Use numbers from {low} to {high}.")
            else:
                yield item

    def _week_days(self, schedule: Mapping[str, Any]) -> Iterator[int]:
        for item in sorted({str(item).lower() for item in _as_list(schedule.get("week_days"))}, key=_week_day_order):
            if item in WEEK_DAYS:
                yield WEEK_DAYS.index(item)
            else:
                message = f"`{item}` is not a day of the week."
                self._fault("schedule-pattern", "schedule.week_days", message, f"Use {', '.join(WEEK_DAYS)}.")


_TYPE_FIX = "Use `recurrence` or `cron`."
_PATTERN_FIX = "Give both hours and minutes, for example `hours: [2]` and `minutes: [0]`."
_FREQUENCY_FIX = {
    "minute": "Write `minute`.",
    "hour": "Write `hour`.",
    "hourly": "Write `hour`.",
    "day": "Write `day`.",
    "daily": "Write `day`.",
    "week": "Write `week`.",
    "weekly": "Write `week`.",
    "month": "Write `month`.",
    "monthly": "Write `month`.",
    "year": "Azure ML has no yearly schedule: use `month` with `interval: 12`.",
    "yearly": "Azure ML has no yearly schedule: use `month` with `interval: 12`.",
}


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    items = list(value) if isinstance(value, list | tuple) else [value]
    return [item if isinstance(item, str | int | float) else repr(item) for item in items]


def _week_day_order(name: str) -> tuple[int, str]:
    return (WEEK_DAYS.index(name), name) if name in WEEK_DAYS else (len(WEEK_DAYS), name)


def utc(time: datetime) -> datetime:
    """Return an aware time in UTC; a naive one is taken for UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
