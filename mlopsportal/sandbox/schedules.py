"""Schedules over ARM, and when they fire next; what they start is a run like any other."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from mlopsportal.sandbox import runs
from mlopsportal.sandbox.arm import Json, Reply, as_object, not_found, page, place_of, properties_of, user_error
from mlopsportal.sandbox.clock import compact
from mlopsportal.sandbox.jobs import from_source
from mlopsportal.sandbox.operations import accepted, async_header
from mlopsportal.sandbox.store import Resource
from mlopsportal.sandbox.world import Call, render
from mlopsportal.specs import zones
from mlopsportal.specs.recurrence import fires
from mlopsportal.specs.triggers import Reading

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$")
_VIEWS = {"EnabledOnly": True, "DisabledOnly": False, "All": None}
KIND = "schedules"


def schedule_body(call: Call, item: Resource) -> Json:
    creating = call.switches.operations == "creating"
    slow = creating and call.now < item.modified_at + call.switches.operation_seconds
    state = {"provisioningState": "Creating" if slow else "Succeeded"}
    shown = {key: value for key, value in item.properties.items() if key != "isArchived"}
    return render(call.place, item, shown | state)


def list_schedules(call: Call) -> Reply:
    """Newest first; enabled ones only unless asked otherwise."""
    view = call.query.get("listViewType", "EnabledOnly")
    if view not in _VIEWS:
        raise user_error(f"listViewType {view} is not known.", "listViewType")
    before = place_of(call.query.get("$skip", ""))
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
    item = call.store.demand(KIND, name)
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
    at = next_fire(properties["trigger"], after=after, made_at=item.created_at if item else after)
    if properties["isEnabled"] and at is not None:
        call.store.execute("INSERT INTO fire VALUES (?, ?)", (name, at))


def next_fire(trigger: Json, *, after: float, made_at: float) -> float | None:
    """The first fire strictly after a time, None when the trigger has ended; seconds since the epoch.

    A recurrence without a start time counts from when the schedule was made.
    """
    if trigger.get("triggerType") == "Recurrence" and not trigger.get("startTime"):
        zone = zones.zone_of(str(trigger.get("timeZone") or "UTC"))
        begin = datetime.fromtimestamp(made_at, zone).replace(tzinfo=None, microsecond=0)
        trigger = trigger | {"startTime": begin.isoformat()}
    found = fires(trigger, datetime.fromtimestamp(after, UTC), 1)
    return found[0].timestamp() if found else None


def check_trigger(trigger: Json) -> None:
    """Raise the service's refusal for a trigger that cannot fire as written."""
    for fault in Reading(trigger).faults:
        raise user_error(f"{fault.message} {fault.fix}", f"trigger.{fault.path}")
    zone = str(trigger.get("timeZone") or "UTC")
    if not zones.is_windows(zone):
        hint = zones.windows_of(zone)
        advice = f" Use its Windows name, {hint}." if hint else ""
        raise user_error(f"The time zone '{zone}' is not known.{advice}", "trigger.timeZone")


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
