"""A pipeline version as a job, and documents that become more than one request."""

from __future__ import annotations

from mlopsportal.changes.composing import Pipeline, job_of, missing_inputs
from mlopsportal.changes.states import State
from mlopsportal.specs.interface import interface_of
from mlopsportal.specs.ref import Ref
from registry.models import Asset
from scheduling.models import Schedule
from tests.changes.building import Team, applied, component_text, guide_documents, opened, plan_of, schedule_text
from tests.sandbox_server import RunningSandbox

PORTS = {"inputs": {"raw": {"type": "uri_folder"}, "rate": {"type": "number", "default": 0.1}}, "outputs": {}}


def pipeline(**defaults: object) -> Pipeline:
    return Pipeline(Ref("component", "train", "3"), defaults, interface_of(PORTS))


def test_defaults_are_used_and_what_is_asked_for_outweighs_them() -> None:
    version = pipeline(inputs={"raw": {"type": "uri_folder", "path": "azureml:raw:1"}}, compute="big")
    job = job_of(version, {"inputs": {"rate": 0.2}}, default_compute="serverless")
    assert job["settings"] == {"default_compute": "azureml:big"}
    assert job["inputs"] == {"raw": {"type": "uri_folder", "path": "azureml:raw:1"}, "rate": 0.2}
    assert job["jobs"]["main"] == {
        "type": "pipeline",
        "component": "azureml:train:3",
        "inputs": {"raw": "${{parent.inputs.raw}}", "rate": "${{parent.inputs.rate}}"},
    }
    asked = {"inputs": {"raw": "azureml:raw:2"}, "compute": "small", "experiment_name": "e", "force_rerun": True}
    job = job_of(version, asked, default_compute="serverless")
    assert job["inputs"]["raw"] == {"type": "uri_folder", "path": "azureml:raw:2"}
    assert job["settings"] == {"default_compute": "azureml:small", "force_rerun": True}
    assert job["experiment_name"] == "e"


def test_an_input_without_a_value_and_a_default_is_missing() -> None:
    assert missing_inputs(pipeline(), job_of(pipeline(), {}, default_compute="c")) == ["raw"]


def test_a_run_that_lacks_an_input_is_a_problem(team: Team) -> None:
    text = """
type: pipeline
name: bare
version: "1"
inputs:
  data: {type: uri_folder}
jobs:
  train:
    type: command
    component: azureml:model_training:1
    inputs:
      training_data: ${{parent.inputs.data}}
"""
    assert applied(team, [("p.yml", text)]).state == State.APPLIED
    change = opened(team, [("run.yml", 'action: run\ntarget: "component:bare:1"\n')])
    assert change.state == State.PLAN_FAILED
    assert [problem["code"] for problem in plan_of(change).problems] == ["input-missing"]
    run = 'action: run\ntarget: "component:bare:1"\ninputs:\n  data: azureml:raw-data:1\n'
    assert applied(team, [("run.yml", run)]).state == State.APPLIED


def test_an_environment_inside_a_component_is_a_step_of_its_own(team: Team, sandbox: RunningSandbox) -> None:
    inline = component_text().replace("environment: azureml:data-prep-env:1", "environment: {image: 'python:3.11'}")
    both = [("a.yml", inline), ("b.yml", inline.replace("name: prepare", "name: prepare_again"))]
    change = applied(team, both)
    assert (change.state, change.reason) == (State.APPLIED, "")
    kinds = [step.ref.partition(":")[0] for step in plan_of(change).steps.all()]
    assert kinds == ["environment", "component", "component"]
    assert Asset.objects.filter(name="prepare_again").exists()
    assert opened(team, both).state == State.NO_CHANGE


def test_a_schedule_in_the_one_node_form_of_the_forms_is_applied(team: Team) -> None:
    assert applied(team, guide_documents()).state == State.APPLIED
    job = """create_job:
  type: pipeline
  settings: {default_compute: azureml:cpu-cluster}
  inputs:
    raw_data: {type: uri_folder, path: azureml:raw-data:1}
    test_data: {type: uri_folder, path: azureml:test-data:1}
  jobs:
    main:
      type: pipeline
      component: azureml:training_pipeline:1
      inputs: {raw_data: "${{parent.inputs.raw_data}}", test_data: "${{parent.inputs.test_data}}"}
"""
    text = schedule_text().replace("create_job: azureml:training_pipeline:1\n", job)
    change = applied(team, [("s.yml", text)])
    assert (change.state, change.reason) == (State.APPLIED, ""), plan_of(change).problems
    assert Schedule.objects.get(name="nightly").pipeline_ref == "component:training_pipeline:1"
