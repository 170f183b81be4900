"""Checks of schedules: when they fire, and what they start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mlopsportal.specs import recurrence, zones
from mlopsportal.specs.bindings import binding_of
from mlopsportal.specs.checks.context import Report, Suggestion, joined, runnable_of, suggestion
from mlopsportal.specs.checks.fits import check_given_inputs
from mlopsportal.specs.checks.references import check_compute, check_datastore, check_reference
from mlopsportal.specs.checks.shape import (
    FLAGS,
    check_asset_name,
    check_flags,
    check_keys,
    check_text_mapping,
    check_texts,
)
from mlopsportal.specs.normalize import unwrap_main
from mlopsportal.specs.paths import is_absolute, is_local
from mlopsportal.specs.ref import Ref, parse_azure_reference
from mlopsportal.specs.triggers import Reading, Trigger, utc

_KEYS = frozenset(
    {"$schema", "name", "display_name", "description", "tags", "properties", "trigger", "create_job", "is_enabled"}
)
_TIMES = frozenset({"type", "start_time", "end_time", "time_zone"})
_TRIGGER_KEYS = {
    "recurrence": _TIMES | {"frequency", "interval", "schedule"},
    "cron": _TIMES | {"expression"},
    "data": frozenset({"type", "data_inputs"}),
}
_HOISTED = frozenset({"frequency", "interval", "schedule", "expression", "time_zone", "start_time", "end_time"})
_PATTERN_KEYS = frozenset({"hours", "minutes", "week_days", "month_days"})
_JOB_KEYS = frozenset(
    {
        "type",
        "job",
        "inputs",
        "outputs",
        "settings",
        "experiment_name",
        "display_name",
        "description",
        "tags",
        "properties",
        "compute",
        "name",
        "services",
        "identity",
        "environment",
        "resources",
        "limits",
        "conf",
        "distribution",
        "environment_variables",
        "jobs",
    }
)
_DATA_KEYS = frozenset({"data_input_type", "path_on_datastore", "datastore"})


def check_schedule(value: Mapping[str, Any], report: Report) -> None:
    """Check a schedule document with a recurrence, a cron or our data trigger."""
    if not value.get("name"):
        report.add("name-missing", "name", "The schedule has no name.", "Add `name:`.")
    check_asset_name(value, report, "schedule")
    check_texts(value, ("display_name", "description"), "", report)
    check_text_mapping(value, "tags", report, loose=True, empty=True)
    check_text_mapping(value, "properties", report, empty=True)
    _check_top_keys(value, report)
    _check_trigger(value.get("trigger"), report)
    _check_job(value, report)


def _check_top_keys(value: Mapping[str, Any], report: Report) -> None:
    rest = {key: item for key, item in value.items() if key not in ("job", "type") or key in _KEYS}
    for key in sorted(_HOISTED & rest.keys()):
        report.add("key-unknown", key, f"`{key}` stands outside the trigger.", f"Move `{key}` below `trigger:`.")
    if "time_zone" in rest:
        _check_moved_zone(rest["time_zone"], "time_zone", report)
    check_keys({key: rest[key] for key in rest if key not in _HOISTED}, "", _KEYS, report, "key-unknown")
    if "is_enabled" in value:
        _check_enabled(value["is_enabled"], report)


def _check_enabled(enabled: Any, report: Report) -> None:
    """A change of the portal honours `is_enabled`; the CLI and the SDK read the file and ignore it."""
    if not isinstance(enabled, bool):
        report.add("value-type", "is_enabled", "`is_enabled` is true or false.", "Write true or false.")
    elif report.surroundings.mirror is None:
        message = "The Azure ML CLI and SDK ignore `is_enabled` in a file; only a change of this portal honours it."
        fix = "Remove it, and disable the schedule with `{action: disable, target: ...}`."
        report.add("schedule-enabled-ignored", "is_enabled", message, fix)


def _check_trigger(trigger: Any, report: Report) -> None:
    if not isinstance(trigger, Mapping):
        message = "The schedule has no trigger: it would never fire."
        report.add("schedule-trigger-missing", "trigger", message, "Add `trigger:` with `type: recurrence` below it.")
        return
    declared = trigger.get("type")
    word = declared.lower() if isinstance(declared, str) else ""
    if word not in _TRIGGER_KEYS:
        guess = "cron" if "expression" in trigger else "recurrence"
        message = f"`{declared}` is not a type of trigger." if declared is not None else "The trigger has no type."
        report.add("trigger-type", "trigger.type", message, f"Write `type: {guess}`.")
        return
    check_keys(trigger, "trigger", _TRIGGER_KEYS[word], report, "key-unknown")
    if word == "data":
        _check_data_trigger(trigger, report)
    else:
        _check_times(trigger, report)


def _check_times(trigger: Mapping[str, Any], report: Report) -> None:
    pattern = trigger.get("schedule")
    if isinstance(pattern, Mapping):
        _check_pattern_keys(pattern, report)
    reading = Reading(trigger)
    for fault in reading.faults:
        fix: str | Suggestion = fault.fix
        if fault.code == "schedule-time-zone":
            fix = suggestion(str(trigger.get("time_zone")), zones.windows_names())
        report.add(fault.code, f"trigger.{fault.path}", fault.message, fix)
    _check_zone(trigger.get("time_zone"), "trigger.time_zone", report)
    if reading.trigger is not None:
        _check_moments(reading.trigger.start, reading.trigger.end, reading.trigger.zone, report)
        _check_days(reading.trigger, report)
        for warning in recurrence.warnings(trigger):
            report.add(warning.code, _WARNING_PATHS.get(warning.code, "trigger"), warning.message, _fix(warning.code))


_WARNING_PATHS = {
    "schedule-cron-ignored": "trigger.expression",
    "schedule-short-months": "trigger.schedule",
    "schedule-pattern-ignored": "trigger.schedule",
}


def _fix(code: str) -> str:
    return {
        "schedule-no-start-time": 'Add `start_time: "<first day>T06:00:00"`, in the zone of time_zone.',
        "schedule-cron-ignored": "Write `*` there; for days of the month use a recurrence with `month_days`.",
        "schedule-short-months": "Use day 28 or earlier, or live with the gap.",
        "schedule-pattern-ignored": "Remove it, or choose the frequency it belongs to.",
    }[code]


def _check_pattern_keys(pattern: Mapping[str, Any], report: Report) -> None:
    if "time_zone" in pattern:
        message = "`time_zone` stands inside `schedule`; Azure ML refuses it there."
        report.add(
            "schedule-time-zone-place",
            "trigger.schedule.time_zone",
            message,
            f"Move it up: `trigger.time_zone: {pattern['time_zone']}`.",
        )
        _check_moved_zone(pattern["time_zone"], "trigger.schedule.time_zone", report)
    rest = {key: item for key, item in pattern.items() if key != "time_zone"}
    check_keys(rest, "trigger.schedule", _PATTERN_KEYS, report, "key-unknown")


def _check_zone(name: Any, path: str, report: Report) -> None:
    """An IANA name is understood here, but not by Azure ML. Unknown names are the reading's to report."""
    if not isinstance(name, str) or zones.iana_of(name) is None or zones.is_windows(name):
        return
    windows = zones.windows_of(name)
    fix = f"Write `{windows}`." if windows else "Use the Windows name of the zone, or UTC."
    report.add("schedule-time-zone", path, f"`{name}` is an IANA name; Azure ML takes Windows names.", fix)


def _check_moved_zone(name: Any, path: str, report: Report) -> None:
    """A zone that stands in the wrong place is judged there too: moving it must be enough."""
    if not isinstance(name, str) or zones.iana_of(name) is None:
        message = f"The time zone `{name}` is unknown."
        report.add("schedule-time-zone", path, message, suggestion(str(name), zones.windows_names()))
    else:
        _check_zone(name, path, report)


def _check_days(trigger: Trigger, report: Report) -> None:
    """Without a day Azure ML takes that of the start time, and without a start time that of the moment it is saved."""
    pattern, word = trigger.pattern, {"week": "week day", "month": "day of the month"}.get(trigger.frequency)
    days = pattern.week_days if pattern and trigger.frequency == "week" else pattern.month_days if pattern else ()
    if word is None or days or (pattern is None and trigger.start is not None):
        return
    key = "week_days" if trigger.frequency == "week" else "month_days"
    if trigger.start is None:
        when = f"on the {word} on which it is saved"
    else:
        day = f"{trigger.start:%A}s" if trigger.frequency == "week" else f"day {trigger.start.day}"
        when = f"on {day}, as its start_time has it"
    example = "[monday]" if key == "week_days" else "[1]"
    message = f"No {word} is named: the schedule fires {when}."
    report.add("schedule-no-day", "trigger.schedule", message, f"Add `{key}: {example}` below `schedule:`.")


def _check_moments(start: datetime | None, end: datetime | None, zone: ZoneInfo, report: Report) -> None:
    now = report.surroundings.now
    if now is None:
        return
    today = utc(now)
    if end is not None and recurrence.instant(end, zone) <= today:
        message = "The schedule has ended already: it would never fire."
        report.add("schedule-ended", "trigger.end_time", message, "Set a later end_time, or remove it.")
    elif start is not None and recurrence.instant(start, zone) < today:
        message = "The start time is past; the schedule fires at the next time after now."
        report.add("schedule-start-past", "trigger.start_time", message, "Set the time of the first wanted fire.")


def _check_data_trigger(trigger: Mapping[str, Any], report: Report) -> None:
    message = "Azure ML has no data trigger; the portal keeps it itself, and does not fire it yet."
    report.add(
        "trigger-data", "trigger.type", message, "Nothing to do; until then run the pipeline by hand or by time."
    )
    inputs = trigger.get("data_inputs")
    if not isinstance(inputs, Mapping) or not inputs:
        message = "The trigger does not say which data it waits for."
        report.add("trigger-data-inputs", "trigger.data_inputs", message, "Add a path on a datastore below it.")
        return
    for name, item in inputs.items():
        path = joined("trigger.data_inputs", name)
        if not isinstance(item, Mapping):
            report.add("trigger-data-inputs", path, f"`{name}` names no data.", "Add `datastore:` below it.")
            continue
        check_keys(item, path, _DATA_KEYS, report, "key-unknown")
        for key in ("datastore", "path_on_datastore"):
            if not isinstance(item.get(key), str) or not item[key]:
                report.add("trigger-data-inputs", joined(path, key), f"`{name}` has no {key}.", f"Add `{key}:`.")
        check_datastore(item.get("datastore"), joined(path, "datastore"), report)


def _check_job(value: Mapping[str, Any], report: Report) -> None:
    if "create_job" in value:
        _check_create_job(value["create_job"], "create_job", report)
        return
    job = value.get("job")
    path = job.get("path") if isinstance(job, Mapping) else job
    if isinstance(path, str):
        message = "`job:` is not a key of a schedule; Azure ML refuses it."
        shown = path if path.startswith((".", "azureml:", "/")) else f"./{path}"
        report.add("schedule-job-form", "job", message, f"Write `create_job: {shown}`.")
        if path:
            _check_target(path, "job.path" if isinstance(job, Mapping) else "job", report)
    else:
        message = "The schedule does not say what to start."
        report.add("schedule-job-missing", "create_job", message, "Add `create_job:` with a pipeline.")


def _check_create_job(job: Any, path: str, report: Report) -> None:
    if isinstance(job, str):
        _check_target(job, path, report)
    elif not isinstance(job, Mapping):
        report.add("schedule-job-missing", path, "The schedule does not say what to start.", "Name a pipeline.")
    elif unwrap_main(job.get("jobs")) is not None:
        check_keys(job, path, _JOB_KEYS, report, "key-unknown")
        main = job["jobs"]["main"]
        check_reference(main.get("component"), "component", joined(path, "jobs.main.component"), report)
        _check_inputs(main.get("component"), main.get("inputs"), joined(path, "jobs.main.inputs"), report)
    elif "jobs" in job or isinstance(job.get("job"), Mapping):
        message = "A pipeline written out inside a schedule is not accepted by Azure ML."
        report.add("schedule-job-inline", path, message, "Put the pipeline in a file of its own and name that.")
    elif not isinstance(job.get("job"), str):
        message = "`create_job` names no job."
        report.add("schedule-job-missing", joined(path, "job"), message, "Add `job: ./pipeline.yml` below it.")
    else:
        check_keys(job, path, _JOB_KEYS, report, "key-unknown")
        _check_target(job["job"], joined(path, "job"), report)
        _check_overrides(job, path, report)


def _check_overrides(job: Mapping[str, Any], path: str, report: Report) -> None:
    remote = not is_local(job["job"])
    if remote and "type" not in job:
        message = "A job that is named by reference needs its type when something is set for it."
        report.add("schedule-job-type", joined(path, "type"), message, "Add `type: pipeline`.")
    _check_inputs(job["job"], job.get("inputs"), joined(path, "inputs"), report)
    settings = job.get("settings")
    if isinstance(settings, Mapping):
        check_flags(settings, FLAGS, joined(path, "settings"), report)
        check_compute(settings.get("default_compute"), joined(path, "settings.default_compute"), report)


def _check_inputs(target: Any, inputs: Any, path: str, report: Report) -> None:
    """What the schedule gives the pipeline is something that the pipeline takes; bindings lead to its own frame."""
    pipeline = runnable_of(target, report)
    if isinstance(inputs, Mapping):
        given = {name: value for name, value in inputs.items() if binding_of(value) is None}
        check_given_inputs(given, pipeline.interface if pipeline is not None else None, path, report)


def _check_target(text: str, path: str, report: Report) -> None:
    """What is started is a pipeline: a file beside, a version, or a run to repeat."""
    if is_local(text):
        if not is_absolute(text):
            _check_file(text, path, report)
        return
    reference = parse_azure_reference(text, "run")
    if reference is None:
        message = f"`{text}` names no pipeline."
        report.add("reference-form", path, message, "Write `./pipeline.yml` or `azureml:<pipeline>:<version>`.")
    elif reference.kind == "run" and reference.version is not None:
        _check_pipeline_version(reference.name, reference.version, path, report)
    elif reference.kind == "component" or reference.label is not None:
        check_reference(text, "component", path, report)


def _check_file(text: str, path: str, report: Report) -> None:
    beside = report.surroundings.file(report.document, text)
    if beside is None:
        message = f"There is no file `{text}` beside this one."
        report.add("file-missing", path, message, "Add the pipeline to the change, or name a version of it.")
    elif not beside.kind.is_pipeline:
        message = f"`{text}` is not a pipeline but {beside.kind.value}: a schedule starts pipelines only."
        report.add("schedule-not-pipeline", path, message, "Name a pipeline's file.")


def _check_pipeline_version(name: str, version: str, path: str, report: Report) -> None:
    ref = Ref("component", name, version)
    check_reference(f"azureml:{name}:{version}", "component", path, report)
    maker, mirror = report.surroundings.maker_of(ref, near=report.document), report.surroundings.mirror
    found = mirror.version(ref) if mirror is not None and maker is None else None
    if (maker is not None and not maker.kind.is_pipeline) or (found is not None and found.type != "pipeline"):
        message = f"{name}:{version} is not a pipeline: a schedule starts pipelines only."
        report.add("schedule-not-pipeline", path, message, "Name a pipeline version.")
