"""When schedules will fire: the pure forecast of `specs.recurrence` put to rows and to form input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mlopsportal.specs import recurrence, zones
from mlopsportal.specs.triggers import InvalidTrigger


@dataclass(frozen=True)
class Fire:
    """One forecast start: the instant in UTC and the wall clock in the schedule's own zone."""

    utc: datetime
    local: datetime

    @property
    def utc_text(self) -> str:
        return f"{self.utc:%Y-%m-%d %H:%M}"

    @property
    def local_text(self) -> str:
        """The wall clock with its week day; a template's own filter would turn an aware time back into UTC."""
        return f"{self.local:%a %Y-%m-%d %H:%M}"


@dataclass(frozen=True)
class Forecast:
    """What a page shows of a trigger: its words, its next fires, and what a reader must know before saving."""

    words: str
    zone: str
    fires: tuple[Fire, ...]
    warnings: tuple[recurrence.TriggerWarning, ...]
    error: str = ""


def forecast(trigger: Mapping[str, Any], *, after: datetime, count: int = 10) -> Forecast:
    """Return the next `count` fires of a trigger in Azure's or YAML form, strictly after `after`.

    A trigger that cannot be forecast comes back with `error` set and no fires; nothing is raised, since a
    mirrored schedule may hold anything.
    """
    zone = str(trigger.get("timeZone") or trigger.get("time_zone") or "UTC")
    try:
        fires = recurrence.fires(trigger, after, count)
        words = recurrence.describe(trigger)
    except InvalidTrigger as error:
        return Forecast(words="", zone=zone, fires=(), warnings=(), error=f"{error.message} {error.fix}")
    clock = zones.zone_of(zone) or ZoneInfo("UTC")
    return Forecast(
        words=words,
        zone=zone,
        fires=tuple(Fire(fire, fire.astimezone(clock)) for fire in fires),
        warnings=tuple(recurrence.warnings(trigger)),
    )


def next_fire(trigger: Mapping[str, Any], *, is_enabled: bool, after: datetime) -> datetime | None:
    """Return the next fire of a mirrored schedule; None when it is disabled, has ended or cannot be forecast."""
    if not is_enabled:
        return None
    fires = forecast(trigger, after=after, count=1).fires
    return fires[0].utc if fires else None
