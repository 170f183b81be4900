"""Schedules fire on wall time in their zone, and are edited, paused and deleted like Azure's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sandbox.conftest import stock
from tests.sandbox.doors import Raw, node, schedule, sdk
from tests.sandbox_server import running_sandbox

DAY = 86400


def make(raw: Raw, trigger: dict[str, Any], **more: Any) -> None:
    jobs = {"only": node(raw.sandbox.base, "prep", inputs={"raw": "azureml:raw:1"})}
    answer = raw("PUT", "schedules/s", schedule(raw.sandbox.base, trigger, jobs, **more))
    assert answer.status in (200, 201), answer.body


def started(raw: Raw) -> list[str]:
    return [job["name"] for job in raw.all("jobs?scheduled=true&scheduleId=s")]


def hourly() -> dict[str, Any]:
    return {"triggerType": "Cron", "expression": "0 * * * *", "timeZone": "UTC"}


def test_a_cron_schedule_fires_once_an_hour(raw: Raw) -> None:
    make(raw, hourly())
    raw.sandbox.advance(3 * 3600)
    names = started(raw)
    assert len(names) == 3
    assert all(name.startswith("s-20") and name.endswith("0000Z") for name in names)
    first = raw("GET", f"jobs/{names[-1]}").body["properties"]
    assert first["status"] == "Completed"
    assert first["properties"]["azureml.scheduleId"] == f"{raw.sandbox.base}/schedules/s"


def test_a_schedule_fires_by_the_wall_clock_of_its_zone(raw: Raw) -> None:
    make(raw, {"triggerType": "Cron", "expression": "30 14 * * *", "timeZone": "India Standard Time"})
    raw.sandbox.advance(DAY)
    assert [name[-8:] for name in started(raw)] == ["T090000Z"]


def test_a_recurrence_fires_by_its_pattern(raw: Raw) -> None:
    pattern = {"hours": [2, 14], "minutes": [30]}
    trigger = {"triggerType": "Recurrence", "frequency": "day", "interval": 1, "timeZone": "UTC", "schedule": pattern}
    make(raw, trigger)
    raw.sandbox.advance(2 * DAY)
    assert sorted({name[-7:] for name in started(raw)}) == ["023000Z", "143000Z"]
    assert len(started(raw)) == 4


def test_a_recurrence_counts_from_its_start(raw: Raw) -> None:
    begin = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0, tzinfo=None)
    trigger = {"triggerType": "Recurrence", "frequency": "hour", "interval": 2, "startTime": begin.isoformat()}
    make(raw, trigger)
    raw.sandbox.advance(3600 * 6 - 60)
    times = [datetime.strptime(name[2:], "%Y%m%dT%H%M%SZ").replace(tzinfo=None) for name in reversed(started(raw))]  # noqa: DTZ007
    assert times == [begin + timedelta(hours=2 * step) for step in range(3)]


def test_a_paused_schedule_does_not_fire(raw: Raw) -> None:
    make(raw, hourly(), isEnabled=False)
    raw.sandbox.advance(DAY)
    assert started(raw) == []
    assert raw.all("schedules") == []
    assert [item["name"] for item in raw.all("schedules?listViewType=DisabledOnly")] == ["s"]


def test_an_ended_schedule_does_not_fire(raw: Raw) -> None:
    end = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    make(raw, hourly() | {"endTime": end})
    raw.sandbox.advance(DAY)
    assert started(raw) == []


def test_an_enabled_schedule_cannot_be_deleted(raw: Raw) -> None:
    make(raw, hourly())
    answer = raw("DELETE", "schedules/s")
    assert (answer.status, answer.error["code"]) == (400, "UserError")
    make(raw, hourly(), isEnabled=False)
    assert raw("DELETE", "schedules/s").status == 200
    assert raw("GET", "schedules/s").status == 404
    assert raw("DELETE", "schedules/s").status == 204


def test_triggering_starts_a_run_now(raw: Raw) -> None:
    make(raw, hourly(), isEnabled=False)
    answer = raw("POST", "schedules/s/trigger", {"scheduleTime": "2026-01-01T00:00:00Z"})
    assert answer.status == 200
    assert answer.body["scheduleActionType"] == "CreateJob"
    assert started(raw) == [answer.body["submissionId"]]


def test_a_schedule_of_an_earlier_run_starts_its_definition(raw: Raw) -> None:
    make(raw, hourly())
    source = raw("POST", "schedules/s/trigger", {}).body["submissionId"]
    definition = {"sourceJobId": f"{raw.sandbox.base}/jobs/{source}", "jobType": "Pipeline"}
    body = {"trigger": hourly(), "action": {"actionType": "CreateJob", "jobDefinition": definition}}
    assert raw("PUT", "schedules/t", {"properties": body}).status == 201
    found = raw("POST", "schedules/t/trigger", {}).body["submissionId"]
    assert set(raw("GET", f"jobs/{found}").body["properties"]["jobs"]) == {"only"}


def test_writes_can_be_answered_slowly() -> None:
    for form in ("creating", "header"):
        with running_sandbox(operations=form, operation_seconds=0.1) as sandbox:
            stock(sandbox)
            raw, ml = Raw(sandbox), sdk(sandbox)
            jobs = {"only": node(sandbox.base, "prep", inputs={"raw": "azureml:raw:1"})}
            answer = raw("PUT", "schedules/s", schedule(sandbox.base, hourly(), jobs))
            state = answer.body["properties"]["provisioningState"]
            assert (state == "Creating") == (form == "creating")
            assert ("Azure-AsyncOperation" in answer.headers) == (form == "header")
            assert ml.schedules.begin_disable("s").result().is_enabled is False
            ml.schedules.begin_delete("s").result()
            assert raw("GET", "schedules/s").status == 404
            raw.close()
