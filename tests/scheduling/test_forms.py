"""The schedule form: it yields the YAML of a schedule, and says at the right field what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mlopsportal.specs import documents, validate
from scheduling.forms import ScheduleForm, TriggerForm

WEEKLY: dict[str, Any] = {
    "trigger_type": "recurrence",
    "frequency": "week",
    "interval": "1",
    "week_days": ["monday"],
    "hours": "2, 14",
    "minutes": "0",
    "expression": "",
    "time_zone": "W. Europe Standard Time",
    "start_time": "2027-01-01T06:00",
}
SCHEDULE: dict[str, Any] = WEEKLY | {"name": "weekly", "pipeline": "churn_training:6", "compute": "cpu-cluster"}


def test_a_recurrence_becomes_a_trigger_in_yaml_form() -> None:
    form = TriggerForm(WEEKLY)
    assert form.is_valid(), form.errors
    assert form.trigger() == {
        "type": "recurrence",
        "frequency": "week",
        "interval": 1,
        "schedule": {"hours": [2, 14], "minutes": [0], "week_days": ["monday"]},
        "time_zone": "W. Europe Standard Time",
        "start_time": "2027-01-01T06:00:00",
    }


def test_a_cron_expression_needs_nothing_of_the_recurrence() -> None:
    form = TriggerForm(
        {"trigger_type": "cron", "expression": " 0  6 * * 1 ", "time_zone": "UTC", "hours": "", "minutes": ""}
    )
    assert form.is_valid(), form.errors
    assert form.trigger() == {"type": "cron", "expression": "0 6 * * 1", "time_zone": "UTC"}


def test_minutes_and_hours_take_no_pattern() -> None:
    form = TriggerForm(WEEKLY | {"frequency": "hour", "interval": "3"})
    assert form.is_valid(), form.errors
    assert "schedule" not in form.trigger()


def test_a_mirrored_trigger_goes_through_the_form_unchanged() -> None:
    form = TriggerForm(WEEKLY)
    assert form.is_valid()
    again = TriggerForm(TriggerForm.initial_of(form.trigger()))
    assert again.is_valid(), again.errors
    assert again.trigger() == form.trigger()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hours": "25"}, "hours"),
        ({"minutes": "x"}, "minutes"),
        ({"interval": "0"}, "interval"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"trigger_type": "cron", "expression": "banana"}, "expression"),
        ({"trigger_type": "cron", "expression": "0 0 6 * * 1"}, "expression"),
        ({"end_time": "2026-12-01T00:00"}, "end_time"),
        ({"start_time": "tomorrow"}, "start_time"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(change: dict[str, Any], field: str) -> None:
    form = TriggerForm(WEEKLY | change)
    assert not form.is_valid()
    assert field in form.errors


@pytest.mark.parametrize("pipeline", ["", "churn_training", "data:x:1", ":6"])
def test_a_pipeline_is_named_with_its_version(pipeline: str) -> None:
    form = ScheduleForm(SCHEDULE | {"pipeline": pipeline})
    assert "pipeline" in form.errors


def test_the_form_yields_a_document_the_checker_accepts() -> None:
    form = ScheduleForm(SCHEDULE)
    assert form.is_valid(), form.errors
    path, text = form.document({"data": {"type": "uri_folder", "path": "azureml:raw:1"}})
    document = documents.read(path, text)
    errors = [problem for problem in validate.check([document])[path] if problem.is_error]
    assert (path, errors) == ("weekly.yml", [])
    assert document.value["create_job"]["job"] == "azureml:churn_training:6"


def test_what_the_form_does_not_ask_for_stays() -> None:
    form = ScheduleForm(SCHEDULE)
    assert form.is_valid()
    outputs = {"model": {"type": "custom_model", "name": "churn"}}
    _, text = form.document({}, tags={"team": "x"}, outputs=outputs, is_enabled=False)
    value = yaml.safe_load(text)
    assert (value["tags"], value["create_job"]["outputs"], value["is_enabled"]) == ({"team": "x"}, outputs, False)
