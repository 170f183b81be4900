from __future__ import annotations

import pytest

from mlopsportal.specs.interface import interface_of
from mlopsportal.specs.normalize import unwrap_main
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.running import MissingInputs, run_document, schedule_document, scheduled_pipeline
from tests.specs.building import document, guide

PIPELINE = Ref("component", "p", "3")
INTERFACE = interface_of(
    {
        "inputs": {"data": {"type": "uri_folder"}, "lr": {"type": "number", "default": 0.1}},
        "outputs": {"model": {"type": "uri_folder"}},
    }
)
DEFAULTS = {"inputs": {"data": {"type": "uri_folder", "path": "azureml:d:1"}}, "compute": "cpu", "experiment_name": "e"}


def test_a_run_has_one_node_with_everything_passed_through() -> None:
    job = run_document(PIPELINE, INTERFACE, DEFAULTS, {}, name="run-1")
    main = unwrap_main(job["jobs"])
    assert main == {
        "type": "pipeline",
        "component": "azureml:p:3",
        "inputs": {"data": "${{parent.inputs.data}}"},
        "outputs": {"model": "${{parent.outputs.model}}"},
    }
    assert job["inputs"] == {"data": {"type": "uri_folder", "path": "azureml:d:1"}}
    assert job["settings"] == {"default_compute": "azureml:cpu"}
    assert (job["name"], job["experiment_name"]) == ("run-1", "e")


def test_what_the_run_says_wins_over_the_defaults() -> None:
    overrides = {"inputs": {"data": "azureml:d:2", "lr": 0.5}, "compute": "gpu", "force_rerun": True}
    job = run_document(PIPELINE, INTERFACE, DEFAULTS, overrides, name="run-1")
    assert job["inputs"] == {"data": {"type": "uri_folder", "path": "azureml:d:2"}, "lr": 0.5}
    assert job["settings"] == {"default_compute": "azureml:gpu", "force_rerun": True}


def test_a_run_without_a_required_input_is_refused() -> None:
    with pytest.raises(MissingInputs) as refusal:
        run_document(PIPELINE, INTERFACE, {}, {}, name="run-1")
    assert refusal.value.names == ("data",)


def test_a_schedule_carries_the_job_with_its_own_overrides() -> None:
    value = {"name": "s", "trigger": {"type": "cron"}, "create_job": {"job": "azureml:p:3", "inputs": {"lr": 0.2}}}
    made = schedule_document(value, pipeline=PIPELINE, interface=INTERFACE, run_defaults=DEFAULTS)
    assert made["trigger"] == {"type": "cron"}
    assert "name" not in made["create_job"]
    assert made["create_job"]["inputs"]["lr"] == 0.2


@pytest.mark.parametrize(
    ("create_job", "found"),
    [
        ("azureml:p:3", PIPELINE),
        ("{type: pipeline, job: 'azureml:p:3'}", PIPELINE),
        ("{jobs: {main: {type: pipeline, component: 'azureml:p:3'}}}", PIPELINE),
        ("./training-pipeline.yml", Ref("component", "training_pipeline")),
        ("./nope.yml", None),
        ("azureml:some_job", None),
    ],
)
def test_a_schedule_says_which_pipeline_it_starts(create_job: str, found: Ref | None) -> None:
    schedule = document(f"name: s\ntrigger: {{type: cron}}\ncreate_job: {create_job}\n")
    assert scheduled_pipeline(schedule, {item.path: item for item in guide()}) == found
