"""Schedules over ARM, and when they fire next; what they start is a run like any other."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from tzlocal.windows_tz import win_tz

from mlopsportal.sandbox import runs
from mlopsportal.sandbox.arm import Json, Reply, as_object, decode_token, not_found, page, properties_of, user_error
from mlopsportal.sandbox.clock import compact
from mlopsportal.sandbox.jobs import from_source
from mlopsportal.sandbox.operations import accepted, async_header
from mlopsportal.sandbox.recurrence import next_fire
from mlopsportal.sandbox.store import Resource
from mlopsportal.sandbox.world import Call, render

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$")
_FREQUENCIES = ("minute", "hour", "day", "week", "month")
_VIEWS = {"EnabledOnly": True, "DisabledOnly": False, "All": None}
KIND = "schedules"


def schedule_body(call: Call, item: Resource) -> Json:
    creating = call.switches.operations == "creating"
    slow = creating and call.now < item.modified_at + call.switches.operation_seconds
    state = {"provisioningState": "Creating" if slow else "Succeeded"}
    return render(call.place, item, item.properties | state)


def list_schedules(call: Call) -> Reply:
    """Newest first; enabled ones only unless asked otherwise."""
    view = call.query.get("listViewType", "EnabledOnly")
    if view not in _VIEWS:
        raise user_error(f"listViewType {view} is not known.", "listViewType")
    token = call.query.get("$skip", "")
    before = int(decode_token(token)) if token else None
    # A disabled schedule is stored as archived: the same index serves the same question.
    enabled = _VIEWS[view]
    items, next_key = call.store.page(
        KIND,
        now=call.now,
        archived=None if enabled is None else not enabled,
        before=before,
        limit=call.switches.page_size,
    )
    return page(call.url, call.query, [schedule_body(call, item) for item in items], next_key)


def get_schedule(call: Call, name: str) -> Reply:
    item = call.store.get(KIND, name, now=call.now)
    if item is None:
        raise not_found(f"schedules/{name}")
    return Reply(200, schedule_body(call, item))


def put_schedule(call: Call, name: str) -> Reply:
    """Create or replace a whole schedule; one that does not say `isEnabled` is enabled."""
    given = properties_of(call.body)
    if not _NAME.match(name):
        raise user_error(f"The schedule name '{name}' may hold letters, digits, '.', '_' and '-' only.", "name")
    given.pop("provisioningState", None)
    enabled = given.get("isEnabled")
    properties = given | {"isEnabled": True if enabled is None else bool(enabled)}
    check_trigger(as_object(properties.get("trigger"), "trigger"))
    _check_action(call, as_object(properties.get("action"), "action"))
    new = write(call, name, properties)
    item = call.store.get(KIND, name)
    assert item is not None, "written in this transaction"
    headers = async_header(call) if call.switches.operations == "header" else {}
    return Reply(201 if new else 200, schedule_body(call, item), headers)


def write(call: Call, name: str, properties: Json) -> bool:
    """Store a schedule and when it fires next; True when it is new."""
    stored = properties | {"isArchived": not properties["isEnabled"]}
    new = call.store.put(KIND, name, "", stored, now=call.now, actor=call.actor, hide_for=call.hide_for)
    plan(call, name, properties, after=call.now)
    return new


def plan(call: Call, name: str, properties: Json, *, after: float) -> None:
    """Remember the next fire strictly after a time, or forget it when there is none."""
    call.store.execute("DELETE FROM fire WHERE schedule = ?", (name,))
    item = call.store.get(KIND, name)
    anchor = item.created_at if item else after
    if properties["isEnabled"]:
        at = next_fire(properties["trigger"], after=after, anchor=anchor)
        if at is not None:
            call.store.execute("INSERT INTO fire VALUES (?, ?)", (name, at))


def check_trigger(trigger: Json) -> None:
    """Raise the service's refusal for a trigger that cannot fire as written."""
    kind = trigger.get("triggerType")
    if kind == "Cron":
        _check_cron(trigger.get("expression"))
    elif kind == "Recurrence":
        _check_recurrence(trigger)
    else:
        raise user_error(f"Trigger type '{kind}' is not known: use Recurrence or Cron.", "trigger.triggerType")
    zone = trigger.get("timeZone") or "UTC"
    if zone not in win_tz and zone != "UTC":
        hint = " Use its Windows name." if zone in available_timezones() else ""
        raise user_error(f"The time zone '{zone}' is not known.{hint}", "trigger.timeZone")
    for key in ("startTime", "endTime"):
        if trigger.get(key):
            _check_time(str(trigger[key]), key)


def _check_time(text: str, key: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise user_error(f"{key} '{text}' is not a time.", f"trigger.{key}") from error


def _check_cron(expression: Any) -> None:
    text = str(expression or "")
    if len(text.split()) != 5:
        raise user_error(f"The cron expression '{text}' needs five fields.", "trigger.expression")
    try:
        CronSim(text, datetime.now(UTC))
    except CronSimError as error:
        raise user_error(f"The cron expression '{text}' is not valid: {error}.", "trigger.expression") from error


def _check_recurrence(trigger: Json) -> None:
    frequency = str(trigger.get("frequency", "")).lower()
    if frequency not in _FREQUENCIES:
        raise user_error(f"The frequency '{frequency}' is not known.", "trigger.frequency")
    interval = trigger.get("interval")
    if not isinstance(interval, int) or isinstance(interval, bool) or interval < 1:
        raise user_error("The interval must be a whole number of at least 1.", "trigger.interval")
    pattern = trigger.get("schedule") or {}
    limits = {"hours": range(24), "minutes": range(60), "monthDays": range(1, 32)}
    for key, allowed in limits.items():
        for value in pattern.get(key) or []:
            if value not in allowed:
                raise user_error(f"{value} is outside the range of {key}.", f"trigger.schedule.{key}")


def _check_action(call: Call, action: Json) -> None:
    if action.get("actionType") != "CreateJob":
        raise user_error(f"Action type '{action.get('actionType')}' is not known.", "action.actionType")
    runs.check(call, definition(call, action))


def definition(call: Call, action: Json) -> Json:
    """The job definition an action starts, with `sourceJobId` resolved."""
    spec = as_object(action.get("jobDefinition"), "action.jobDefinition")
    if spec.get("sourceJobId"):
        spec = from_source(call, spec)
    if spec.get("jobType") != "Pipeline":
        raise user_error("A schedule starts pipeline jobs only.", "action.jobDefinition.jobType")
    return spec | {"experimentName": spec.get("experimentName") or "Default"}


def delete_schedule(call: Call, name: str) -> Reply:
    item = call.store.get(KIND, name)
    if item is None:
        return Reply(204)
    if item.properties["isEnabled"] and not call.switches.delete_enabled_schedules:
        raise user_error(f"The schedule {name} is enabled: disable it before deleting it.", "isEnabled")
    call.store.delete(KIND, name)
    call.store.execute("DELETE FROM fire WHERE schedule = ?", (name,))
    return accepted(call, Reply(200))


def trigger_schedule(call: Call, name: str) -> Reply:
    """Start the schedule's run once, now."""
    item = call.store.get(KIND, name)
    if item is None:
        raise not_found(f"schedules/{name}")
    return Reply(200, {"scheduleActionType": "CreateJob", "submissionId": fire(call, item)})


def fire(call: Call, item: Resource) -> str:
    """Start a run from the schedule's definition as it is now; return the run's name, `NAME-YYYYMMDDThhmmssZ`."""
    job_name = f"{item.name}-{compact(call.now)}"
    if runs.get(call.store, job_name) is None:
        spec = definition(call, item.properties["action"])
        own = {"azureml.scheduleId": call.place.id_of(KIND, item.name), "azureml.runsource": "azureml.ScheduleRun"}
        spec["properties"] = {**(spec.get("properties") or {}), **own}
        runs.start(call, job_name, spec, schedule=item.name)
    return job_name
