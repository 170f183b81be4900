"""Schedules: made, switched, fired, deleted."""

from __future__ import annotations

from typing import Any

import pytest
from azure.ai.ml.entities import (
    CronTrigger,
    JobSchedule,
    RecurrencePattern,
    RecurrenceTrigger,
)
from azure.core.exceptions import ResourceNotFoundError

from tests.sandbox.contract.subject import (
    Contract,
    pipeline_job,
)


def cron(contract: Contract, name: str) -> Any:
    trigger = CronTrigger(expression="0 2 * * 1", time_zone="W. Europe Standard Time", start_time="2030-01-01T00:00:00")
    return JobSchedule(name=name, trigger=trigger, create_job=pipeline_job(contract))


def drop(contract: Contract, name: str) -> None:
    contract.ml.schedules.begin_disable(name).result()
    contract.ml.schedules.begin_delete(name).result()


def schedules_create_cron(contract: Contract) -> None:
    name = contract.name("cron")
    made = contract.ml.schedules.begin_create_or_update(cron(contract, name)).result()
    assert (made.name, made.is_enabled, made.provisioning_state) == (name, True, "Succeeded")
    found = contract.ml.schedules.get(name)
    assert (found.trigger.expression, found.trigger.time_zone) == ("0 2 * * 1", "W. Europe Standard Time")
    drop(contract, name)


def schedules_create_recurrence(contract: Contract) -> None:
    name = contract.name("weekly")
    pattern = RecurrencePattern(hours=[2], minutes=[0], week_days=["monday", "friday"])
    trigger = RecurrenceTrigger(frequency="week", interval=2, schedule=pattern, start_time="2030-01-01T00:00:00")
    schedule = JobSchedule(name=name, trigger=trigger, create_job=pipeline_job(contract))
    contract.ml.schedules.begin_create_or_update(schedule).result()
    found = contract.ml.schedules.get(name)
    assert (found.trigger.frequency, found.trigger.interval) == ("week", 2)
    assert [day.lower() for day in found.trigger.schedule.week_days] == ["monday", "friday"]
    drop(contract, name)


def schedules_views(contract: Contract) -> None:
    name = contract.name("paused")
    contract.ml.schedules.begin_create_or_update(cron(contract, name)).result()
    contract.ml.schedules.begin_disable(name).result()
    listed = {
        view: name in [item.name for item in contract.ml.schedules.list(list_view_type=view)]
        for view in ("EnabledOnly", "DisabledOnly", "All")
    }
    assert listed == {"EnabledOnly": False, "DisabledOnly": True, "All": True}
    contract.ml.schedules.begin_enable(name).result()
    assert name in [item.name for item in contract.ml.schedules.list()]
    drop(contract, name)


def schedules_trigger(contract: Contract) -> None:
    name = contract.name("now")
    contract.ml.schedules.begin_create_or_update(cron(contract, name)).result()
    job_name = contract.ml.schedules.trigger(name).job_name
    assert job_name
    assert contract.ml.jobs.get(job_name).name == job_name
    started = contract.ml.jobs.list(schedule_defined=True, scheduled_job_name=name)
    assert [item.name for item in started] == [job_name]
    contract.ml.jobs.begin_cancel(job_name).result()
    drop(contract, name)


def schedules_delete(contract: Contract) -> None:
    name = contract.name("gone")
    contract.ml.schedules.begin_create_or_update(cron(contract, name)).result()
    drop(contract, name)
    with pytest.raises(ResourceNotFoundError):
        contract.ml.schedules.get(name)


CALLS = (
    schedules_create_cron,
    schedules_create_recurrence,
    schedules_views,
    schedules_trigger,
    schedules_delete,
)
