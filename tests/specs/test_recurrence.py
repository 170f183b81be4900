from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.recurrence import describe, fires, warnings
from mlopsportal.specs.triggers import WEEK_DAYS, InvalidTrigger

MONDAY = datetime(2026, 11, 23, 3, tzinfo=UTC)
BERLIN = "W. Europe Standard Time"


def recurrence(frequency: str = "week", interval: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "recurrence", "frequency": frequency, "interval": interval, **more}


def cron(expression: str, **more: Any) -> dict[str, Any]:
    return {"type": "cron", "expression": expression, **more}


def shown(trigger: dict[str, Any], after: datetime = MONDAY, count: int = 3) -> list[str]:
    return [f"{fire:%Y-%m-%d %H:%M}" for fire in fires(trigger, after, count)]


def at(hours: Any, minutes: Any = 0, **more: Any) -> dict[str, Any]:
    return {"hours": hours, "minutes": minutes, **more}


def test_the_guides_schedule_fires_weekly_at_two() -> None:
    assert shown(recurrence(schedule=at(2))) == ["2026-11-30 02:00", "2026-12-07 02:00", "2026-12-14 02:00"]


def test_the_form_of_arm_gives_the_same_fires() -> None:
    arm = {
        "triggerType": "Recurrence",
        "frequency": "Week",
        "interval": 2,
        "timeZone": BERLIN,
        "startTime": "2026-11-02 10:15:00",
        "endTime": None,
        "schedule": {"hours": [10], "minutes": [15], "weekDays": ["Monday", "Friday"], "monthDays": None},
    }
    yaml = recurrence(
        interval=2,
        time_zone=BERLIN,
        start_time="2026-11-02T10:15:00",
        schedule=at([10], [15], week_days=["friday", "monday"]),
    )
    assert shown(arm) == shown(yaml) == ["2026-11-30 09:15", "2026-12-04 09:15", "2026-12-14 09:15"]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (recurrence("minute", 15), ["2026-11-23 03:15", "2026-11-23 03:30", "2026-11-23 03:45"]),
        (
            recurrence("hour", 5, start_time="2026-11-23T01:30:00"),
            ["2026-11-23 06:30", "2026-11-23 11:30", "2026-11-23 16:30"],
        ),
        (
            recurrence("day", start_time="2026-11-01T10:00:00"),
            ["2026-11-23 10:00", "2026-11-24 10:00", "2026-11-25 10:00"],
        ),
        (
            recurrence("day", 10, start_time="2026-11-01T10:00:00"),
            ["2026-12-01 10:00", "2026-12-11 10:00", "2026-12-21 10:00"],
        ),
        (
            recurrence("day", schedule=at([6, 18], [0, 30])),
            ["2026-11-23 06:00", "2026-11-23 06:30", "2026-11-23 18:00"],
        ),
        (
            recurrence("month", schedule=at(0, month_days=[31, 1])),
            ["2026-12-01 00:00", "2026-12-31 00:00", "2027-01-01 00:00"],
        ),
        (
            recurrence("month", start_time="2026-01-30T00:00:00"),
            ["2026-11-30 00:00", "2026-12-30 00:00", "2027-01-30 00:00"],
        ),
        (
            recurrence("month", 12, start_time="2024-02-29T00:00:00"),
            ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"],
        ),
        (
            recurrence("day", start_time="2027-05-01T00:00:00"),
            ["2027-05-01 00:00", "2027-05-02 00:00", "2027-05-03 00:00"],
        ),
        (
            recurrence("hour", start_time="2026-11-23T05:00:00+02:00"),
            ["2026-11-23 04:00", "2026-11-23 05:00", "2026-11-23 06:00"],
        ),
        (cron("0 6 * * 1"), ["2026-11-23 06:00", "2026-11-30 06:00", "2026-12-07 06:00"]),
        (cron("*/20 4 * * MON-TUE"), ["2026-11-23 04:00", "2026-11-23 04:20", "2026-11-23 04:40"]),
        (cron("0 0 * * 0", time_zone="UTC"), ["2026-11-29 00:00", "2026-12-06 00:00", "2026-12-13 00:00"]),
        (
            cron("0 6 * * *", time_zone="Pacific Standard Time"),
            ["2026-11-23 14:00", "2026-11-24 14:00", "2026-11-25 14:00"],
        ),
    ],
)
def test_fires_in_every_frequency(trigger: dict[str, Any], expected: list[str]) -> None:
    assert shown(trigger) == expected


def test_azure_ignores_the_day_and_the_month_of_a_cron() -> None:
    assert shown(cron("0 6 1 3 *")) == shown(cron("0 6 * * *"))
    assert [found.code for found in warnings(cron("0 6 1 3 *", start_time="2027-01-01"))] == ["schedule-cron-ignored"]


def test_fires_lie_strictly_after_the_time_and_end_with_the_schedule() -> None:
    six = MONDAY.replace(hour=6)
    assert shown(cron("0 6 * * *"), six, 1) == ["2026-11-24 06:00"]
    ended = cron("0 6 * * *", end_time="2026-11-24T06:00:00")
    assert shown(ended, six, 9) == ["2026-11-24 06:00"]
    assert shown(recurrence("day", end_time="2020-01-01T00:00:00")) == []


def test_a_time_in_the_spring_gap_fires_at_the_first_instant_after_it() -> None:
    daily = recurrence("day", time_zone=BERLIN, start_time="2027-03-01T02:30:00")
    after = datetime(2027, 3, 27, 12, tzinfo=UTC)
    assert shown(daily, after, 2) == ["2027-03-28 01:00", "2027-03-29 00:30"]
    quarter = cron("*/15 2 * * *", time_zone=BERLIN)
    assert shown(quarter, after, 2) == ["2027-03-28 01:00", "2027-03-29 00:00"]


def test_a_time_that_occurs_twice_fires_once() -> None:
    daily = recurrence("day", time_zone=BERLIN, schedule=at(2, 30))
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert shown(daily, after, 2) == ["2026-10-25 00:30", "2026-10-26 01:30"]


def test_hours_pass_by_the_clock_of_physics() -> None:
    hourly = recurrence("hour", time_zone=BERLIN, start_time="2026-10-25T00:00:00")
    assert shown(hourly, datetime(2026, 10, 24, 22, tzinfo=UTC), 4) == [
        "2026-10-24 23:00",
        "2026-10-25 00:00",
        "2026-10-25 01:00",
        "2026-10-25 02:00",
    ]


def test_days_that_never_come_end_the_search() -> None:
    never = recurrence("month", 12, start_time="2026-02-01T00:00:00", schedule=at(0, month_days=[30]))
    assert shown(never) == []
    assert fires(recurrence("day", start_time="9999-12-30T00:00:00"), MONDAY, 9) != []


def test_data_triggers_have_no_times() -> None:
    assert fires({"type": "data"}, MONDAY, 3) == []
    assert [found.code for found in warnings({"type": "data"})] == ["trigger-data"]


@pytest.mark.parametrize(
    ("trigger", "code"),
    [
        ({}, "trigger-type"),
        (recurrence("year"), "schedule-frequency"),
        (recurrence(interval=0), "schedule-interval"),
        (recurrence(interval=10**9), "schedule-interval"),
        (recurrence(schedule={"hours": 2}), "schedule-hours-minutes"),
        (recurrence(schedule=at("late")), "schedule-pattern"),
        (recurrence(schedule=[1]), "schedule-pattern"),
        (recurrence(time_zone="Utopia"), "schedule-time-zone"),
        (recurrence(start_time="soon"), "schedule-time"),
        (cron(""), "schedule-cron"),
        (cron("0 6 * *"), "schedule-cron"),
        (cron("0 6 * * 8"), "schedule-cron"),
        (cron("0 6 L * *"), "schedule-cron"),
        ({"type": "cron", "expression": 5}, "schedule-cron"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_a_code(trigger: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidTrigger) as refusal:
        fires(trigger, MONDAY, 1)
    assert refusal.value.code == code
    assert "not a valid trigger" in describe(trigger)


FIRST, LAST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2031-01-01")
zones = st.sampled_from(["UTC", BERLIN, "Pacific Standard Time", "Lord Howe Standard Time", "Australia/Sydney"])
patterns = st.fixed_dictionaries(
    {
        "hours": st.lists(st.integers(0, 23), min_size=1, max_size=3),
        "minutes": st.lists(st.integers(0, 59), min_size=1, max_size=3),
    },
    optional={
        "week_days": st.lists(st.sampled_from(WEEK_DAYS), max_size=3),
        "month_days": st.lists(st.integers(1, 31), max_size=3),
    },
)
triggers = st.one_of(
    st.builds(
        lambda frequency, interval, zone, start, pattern: recurrence(
            frequency, interval, time_zone=zone, start_time=start and start.isoformat(), schedule=pattern
        ),
        st.sampled_from(["minute", "hour", "day", "week", "month"]),
        st.integers(1, 400),
        zones,
        st.none() | st.datetimes(FIRST, LAST),
        st.none() | patterns,
    ),
    st.builds(
        lambda minute, hour, day, zone: cron(f"{minute} {hour} * * {day}", time_zone=zone),
        st.sampled_from(["*", "*/7", "0,30", "59"]),
        st.sampled_from(["*", "2", "1-3", "*/6"]),
        st.sampled_from(["*", "0", "1-5"]),
        zones,
    ),
)


@given(triggers, st.datetimes(FIRST, LAST))
def test_fires_ascend_strictly_and_go_on_where_they_stopped(trigger: dict[str, Any], after: datetime) -> None:
    moment = after.replace(tzinfo=UTC)
    found = fires(trigger, moment, 12)
    assert all(fire.utcoffset() == timedelta(0) for fire in found)
    assert all(earlier < later for earlier, later in zip([moment, *found], found, strict=False))
    if trigger.get("start_time") and len(found) > 6:
        assert fires(trigger, found[5], 6) == found[6:12]


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (recurrence(schedule=at(2, week_days=["monday", "friday"])), "every week on Monday and Friday at 02:00 (UTC)"),
        (recurrence("day", 3, start_time="2027-01-01T06:00:00"), "every 3 days at 06:00 (UTC), from 2027-01-01 06:00"),
        (recurrence("month", schedule=at(0, month_days=1)), "every month on day 1 at 00:00 (UTC)"),
        (recurrence("minute", 15), "every 15 minutes (UTC)"),
        (cron("0 6 * * 1,0"), "on Sunday and Monday at 06:00 (UTC)"),
        (cron("5 * * * *"), "every day, every hour at minute 5 (UTC)"),
        (cron("1-5 6 * * *"), "every day, by cron `1-5 6 * * *` (UTC)"),
        ({"type": "data"}, "when new data arrives"),
    ],
)
def test_triggers_in_words(trigger: dict[str, Any], words: str) -> None:
    assert describe(trigger) == words


def test_what_a_person_should_know() -> None:
    assert [found.code for found in warnings(recurrence("month", schedule=at(0, month_days=[31])))] == [
        "schedule-no-start-time",
        "schedule-short-months",
    ]
    assert (
        "week_days"
        in warnings(recurrence("day", start_time="2027-01-01", schedule=at(0, week_days="monday")))[0].message
    )
