from __future__ import annotations

import re

import pytest

from mlopsportal.specs.practices import DEFAULTS
from mlopsportal.specs.validate import check
from tests.specs.building import advice, demo, document, errors, problems

NAME = "name: weekly\n"
JOB = "create_job: azureml:p:1\n"
PIPELINE = document("type: pipeline\ncompute: azureml:c\njobs: {a: {type: command, component: 'azureml:c:1'}}", "p.yml")


def recurrence(extra: str = "", frequency: str = "week", interval: str = "1") -> str:
    start = 'start_time: "2027-01-01T00:00:00"'
    return f"trigger: {{type: recurrence, frequency: {frequency}, interval: {interval}, {start}{extra}}}\n"


def cron(expression: str) -> str:
    return f'trigger: {{type: cron, expression: "{expression}", start_time: "2027-01-01T00:00:00"}}\n'


def test_plain_schedules_are_right() -> None:
    assert problems(NAME + recurrence(", time_zone: UTC") + JOB) == []
    assert problems(NAME + recurrence(", schedule: {hours: 2, minutes: 0, week_days: monday}") + JOB) == []
    assert problems(NAME + recurrence(", schedule: {hours: 2, minutes: 0, month_days: 1}", "month") + JOB) == []
    assert problems(NAME + recurrence(", schedule: {hours: 2, minutes: 0}", "day") + JOB) == []
    assert problems(NAME + cron("15 10 * * 1-5") + JOB) == []
    assert problems(NAME + cron("0 6 * * MON") + "create_job: ./p.yml\n", PIPELINE) == []


@pytest.mark.parametrize(
    ("trigger", "code", "path", "fix"),
    [
        ("", "schedule-trigger-missing", "trigger", "trigger"),
        ("trigger: {frequency: week, interval: 1}\n", "trigger-type", "trigger.type", "recurrence"),
        ("trigger: {type: event}\n", "trigger-type", "trigger.type", "recurrence"),
        (recurrence(frequency="weekly"), "schedule-frequency", "trigger.frequency", "`week`"),
        (recurrence(frequency="year"), "schedule-frequency", "trigger.frequency", "interval: 12"),
        (recurrence(interval="0"), "schedule-interval", "trigger.interval", "1"),
        (recurrence(interval="-3"), "schedule-interval", "trigger.interval", "1"),
        (recurrence(interval="1.5"), "schedule-interval", "trigger.interval", "whole"),
        (recurrence(", schedule: {hours: 2}"), "schedule-hours-minutes", "trigger.schedule.minutes", "minutes"),
        (recurrence(", schedule: {minutes: 2}"), "schedule-hours-minutes", "trigger.schedule.hours", "hours"),
        (recurrence(", schedule: {hours: 24, minutes: 0}"), "schedule-pattern", "trigger.schedule.hours", "23"),
        (
            recurrence(", schedule: {hours: 2, minutes: 0, week_days: [mo]}"),
            "schedule-pattern",
            "trigger.schedule.week_days",
            "monday",
        ),
        (
            recurrence(", schedule: {hours: 2, minutes: 0, time_zone: UTC}"),
            "schedule-time-zone-place",
            "trigger.schedule.time_zone",
            "trigger.time_zone",
        ),
        (
            recurrence(", time_zone: Europe/Berlin"),
            "schedule-time-zone",
            "trigger.time_zone",
            "W. Europe Standard Time",
        ),
        (recurrence(", time_zone: W. Europe Standart Time"), "schedule-time-zone", "trigger.time_zone", "Standard"),
        (recurrence(', end_time: "2026-01-01T00:00:00"'), "schedule-end-before-start", "trigger.end_time", "after"),
        (recurrence(', end_time: "soon"'), "schedule-time", "trigger.end_time", "<year>"),
        (recurrence(", intervall: 1"), "key-unknown", "trigger.intervall", "interval"),
        (cron("banana"), "schedule-cron", "trigger.expression", "Monday at 06:00"),
        (cron("0 0 6 * * 1"), "schedule-cron", "trigger.expression", "minute, hour"),
        (cron("60 6 * * 1"), "schedule-cron", "trigger.expression", "0 to 59"),
        (cron("0 6 * * 7"), "schedule-cron", "trigger.expression", "Sunday is 0"),
        (cron("0 6 * * 1#2"), "schedule-cron", "trigger.expression", "0 to 6"),
        (cron("5-1 6 * * *"), "schedule-cron", "trigger.expression", "0 to 59"),
        (cron("*/0 6 * * *"), "schedule-cron", "trigger.expression", "0 to 59"),
        ("trigger: {type: data}\n", "trigger-data-inputs", "trigger.data_inputs", "datastore"),
    ],
)
def test_wrong_triggers_are_errors_with_a_fix(trigger: str, code: str, path: str, fix: str) -> None:
    found = errors(NAME + trigger + JOB)
    assert code in found
    assert found[code].path == path
    assert fix in found[code].fix


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ("", "schedule-job-missing"),
        ("create_job:\n", "schedule-job-missing"),
        ("create_job: {type: pipeline}\n", "schedule-job-missing"),
        ("job: {path: p.yml, type: pipeline}\n", "schedule-job-form"),
        ("create_job: ./nope.yml\n", "file-missing"),
        ("create_job: {type: pipeline, jobs: {a: {component: 'azureml:c:1'}}}\n", "schedule-job-inline"),
        ("create_job: {job: {file: ./p.yml}}\n", "schedule-job-inline"),
        ("create_job: {job: 'azureml:p:1', inputs: {a: 1}}\n", "schedule-job-type"),
        ("create_job: '${{x}}'\n", "reference-form"),
        ("create_job: /etc/passwd\n", "path-outside"),
    ],
)
def test_schedules_that_start_nothing_are_errors(job: str, code: str) -> None:
    assert code in errors(NAME + recurrence() + job, PIPELINE)


def test_a_schedule_starts_pipelines_only() -> None:
    component = document("type: command\nname: c\ncommand: x\nenvironment: azureml:e:1\n", "c.yml")
    assert "schedule-not-pipeline" in errors(NAME + recurrence() + "create_job: ./c.yml\n", component)
    found = errors(NAME + recurrence() + "create_job: azureml:model_training:1\n", mirror=demo())
    assert "schedule-not-pipeline" in found


def test_the_pipeline_of_a_schedule_is_looked_up() -> None:
    mirror = demo()
    mirror.add("component:p:1", "pipeline", {})
    assert errors(NAME + recurrence() + JOB, mirror=mirror) == {}
    assert "reference-unknown" in errors(NAME + recurrence() + "create_job: azureml:p:2\n", mirror=mirror)


def test_the_one_node_form_is_accepted() -> None:
    job = "create_job: {type: pipeline, jobs: {main: {type: pipeline, component: 'azureml:p:1'}}}\n"
    assert errors(NAME + recurrence() + job) == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("trigger: {type: cron, expression: '0 6 * * *'}\n", "schedule-no-start-time"),
        (cron("0 6 1 * *"), "schedule-cron-ignored"),
        (cron("0 6 * 3 *"), "schedule-cron-ignored"),
        (recurrence(", schedule: {hours: 2, minutes: 0, month_days: 31}", "month"), "schedule-short-months"),
        (recurrence(", schedule: {hours: 2, minutes: 0, week_days: monday}", "day"), "schedule-pattern-ignored"),
        (recurrence() + "is_enabled: false\n", "schedule-enabled-ignored"),
        (
            "trigger: {type: data, data_inputs: {a: {datastore: workspaceblobstore, path_on_datastore: x/}}}\n",
            "trigger-data",
        ),
    ],
)
def test_what_surprises_people_is_advice(text: str, code: str) -> None:
    assert code in advice(NAME + text + JOB)
    assert errors(NAME + text + JOB) == {}


def test_a_change_honours_is_enabled() -> None:
    mirror = demo()
    mirror.add("component:p:1", "pipeline", {})
    assert problems(NAME + recurrence() + JOB + "is_enabled: false\n", mirror=mirror) == []
    assert "value-type" in errors(NAME + recurrence() + JOB + "is_enabled: perhaps\n")


def test_keys_of_the_trigger_on_the_top_level_are_sent_where_they_belong() -> None:
    found = errors(NAME + "frequency: week\ninterval: 1\n" + recurrence() + JOB)
    assert "below `trigger:`" in found["key-unknown"].fix


def test_what_a_schedule_gives_its_pipeline_is_something_it_takes() -> None:
    mirror = demo()
    mirror.add("component:p:1", "pipeline", {"inputs": {"n": {"type": "integer"}, "raw": {"type": "uri_folder"}}})
    job = "create_job: {type: pipeline, job: 'azureml:p:1', inputs: INPUTS}\n"
    one_node = (
        "create_job: {type: pipeline, jobs: {main: {type: pipeline, component: 'azureml:p:1', inputs: INPUTS}}}\n"
    )
    for form in (job, one_node):
        text = NAME + recurrence() + form
        assert errors(text.replace("INPUTS", "{n: 3, raw: {path: 'azureml:raw-data:1'}}"), mirror=mirror) == {}
        assert "edge-type" in errors(text.replace("INPUTS", "{n: many}"), mirror=mirror)
        assert "input-unknown" in errors(text.replace("INPUTS", "{m: 3}"), mirror=mirror)
        assert "reference-unknown" in errors(text.replace("INPUTS", "{raw: 'azureml:nope:1'}"), mirror=mirror)


@pytest.mark.parametrize(
    "trigger", ["{type: Recurrence, frequency: Day, interval: 1}", "{type: CRON, expression: 0 6 * * 1}"]
)
def test_a_trigger_may_be_written_in_capitals_as_the_sdk_has_it(trigger: str) -> None:
    assert errors(f"{NAME}trigger: {trigger}\n{JOB}") == {}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "W. Europe Standart Time", "5", "[]"])
@pytest.mark.parametrize("place", ["trigger.time_zone", "trigger.schedule.time_zone", "time_zone"])
def test_an_unknown_zone_is_found_in_every_place_where_people_write_it(place: str, zone: str) -> None:
    below = {
        "trigger.time_zone": recurrence(f", time_zone: {zone}"),
        "trigger.schedule.time_zone": recurrence(f", schedule: {{hours: 2, minutes: 0, time_zone: {zone}}}"),
        "time_zone": recurrence() + f"time_zone: {zone}\n",
    }[place]
    found = errors(NAME + below + JOB)["schedule-time-zone"]
    assert found.path == place
    assert found.line
    assert "schedule-time-zone" not in errors(NAME + below.replace(zone, "UTC") + JOB)


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (recurrence(", schedule: {hours: 2, minutes: 0}"), "on Fridays, as its start_time has it"),
        (recurrence(", schedule: {hours: 2, minutes: 0}", "month"), "on day 1, as its start_time has it"),
        ("trigger: {type: recurrence, frequency: week, interval: 1}\n", "on the week day on which it is saved"),
        (
            "trigger: {type: recurrence, frequency: month, interval: 1}\n",
            "on the day of the month on which it is saved",
        ),
    ],
)
def test_a_weekly_or_monthly_schedule_without_a_day_says_when_it_fires(trigger: str, words: str) -> None:
    assert words in advice(NAME + trigger + JOB)["schedule-no-day"].message


def test_a_cron_that_means_a_day_of_the_month_is_told_to_fire_daily() -> None:
    found = advice(NAME + cron("0 6 1 * *") + JOB)["schedule-cron-ignored"]
    assert "every day at 06:00" in found.message


@pytest.mark.parametrize(
    ("job", "code", "path"),
    [
        ("create_job: azureml:p@latest\n", "reference-floats", "create_job"),
        ("create_job: {type: pipeline, job: 'azureml:p@latest'}\n", "reference-floats", "create_job.job"),
        (
            "create_job: {type: pipeline, job: 'azureml:p:1', inputs: {d: {path: 'azureml:d@latest'}}}\n",
            "reference-freezes",
            "create_job.inputs.d.path",
        ),
        (
            "create_job: {type: pipeline, job: 'azureml:p:1', inputs: {d: 'azureml:d@latest'}}\n",
            "reference-freezes",
            "create_job.inputs.d",
        ),
    ],
)
def test_labels_that_float_or_freeze_are_told_though_the_pipeline_is_not_known(job: str, code: str, path: str) -> None:
    assert advice(NAME + cron("0 6 * * 1") + job)[code].path == path


@pytest.mark.parametrize("start", ["", ", start_time: soon"])
def test_no_fix_names_a_day_that_could_be_copied(start: str) -> None:
    text = f"name: s\ntrigger: {{type: cron, expression: 0 6 * * 1{start}}}\ncreate_job: azureml:p:1\n"
    judged = check([document(text)], levels=DEFAULTS)["a.yml"]
    fixes = [problem.fix for problem in judged if "T06:00:00" in problem.fix]
    assert fixes
    assert not any(re.search(r"\d{4}-\d\d-\d\d", fix) for fix in fixes)
