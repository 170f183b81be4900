"""The forecast as pages show it."""

from __future__ import annotations

from datetime import UTC, datetime

from scheduling.forecast import forecast, next_fire

AFTER = datetime(2026, 11, 23, tzinfo=UTC)
DAILY = {"triggerType": "Cron", "expression": "0 5 * * *", "timeZone": "W. Europe Standard Time"}


def test_fires_are_told_on_both_clocks() -> None:
    found = forecast(DAILY, after=AFTER, count=2)
    assert [fire.utc for fire in found.fires] == [
        datetime(2026, 11, 23, 4, tzinfo=UTC),
        datetime(2026, 11, 24, 4, tzinfo=UTC),
    ]
    assert [fire.local_text for fire in found.fires] == ["Mon 2026-11-23 05:00", "Tue 2026-11-24 05:00"]


def test_a_trigger_that_cannot_be_read_says_why() -> None:
    found = forecast({"triggerType": "Cron", "expression": "banana"}, after=AFTER)
    assert (found.fires, bool(found.error)) == ((), True)


def test_a_disabled_schedule_never_fires() -> None:
    assert next_fire(DAILY, is_enabled=False, after=AFTER) is None
    assert next_fire(DAILY, is_enabled=True, after=AFTER) == datetime(2026, 11, 23, 4, tzinfo=UTC)
