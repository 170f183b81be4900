"""Targets, documents and requests that the tests of this room start from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from mlopsportal import azureml
from mlopsportal.specs.ref import Ref
from tests.sandbox_server import RunningSandbox

GUIDE = Path(__file__).parents[1] / "guide"
PIPELINE: dict[str, Any] = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json",
    "type": "pipeline",
    "display_name": "Training Pipeline",
    "properties": {"mlopsportal.run_defaults": '{"compute":"serverless"}'},
    "inputs": {"raw_data": {"type": "uri_folder"}, "rate": {"type": "number", "default": 0.1}},
    "outputs": {"model": {"type": "uri_folder"}},
    "jobs": {
        "prepare": {
            "type": "command",
            "component": "azureml:data_preparation:1",
            "inputs": {"raw_data": "${{parent.inputs.raw_data}}"},
            "outputs": {"prepared_data": {"mode": "rw_mount"}},
        },
        "fit": {
            "type": "command",
            "component": "azureml:model_training:1",
            "inputs": {"training_data": "${{parent.jobs.prepare.outputs.prepared_data}}"},
            "outputs": {"model_output": "${{parent.outputs.model}}"},
        },
    },
}
STEP = {"type": "command", "component": "azureml:model_training:1"}


def target_of(sandbox: RunningSandbox, **change: str) -> azureml.Target:
    target = azureml.Target(
        sandbox.subscription_id, sandbox.resource_group, sandbox.workspace, cloud="sandbox", endpoint=sandbox.url
    )
    return replace(target, **change)


@contextmanager
def connected(sandbox: RunningSandbox, **change: str) -> Iterator[azureml.Connection]:
    connection = azureml.connect(target_of(sandbox, **change))
    try:
        yield connection
    finally:
        connection.close()


def plant(sandbox: RunningSandbox) -> RunningSandbox:
    """Put what the documents below refer to into an empty sandbox: quicker than the demo's whole content."""
    shown = {"isArchived": False, "isAnonymous": False, "tags": {}, "properties": {}}
    environment = f"azureml:{sandbox.base}/environments/data-prep-env/versions/1"
    spec = {
        "name": "model_training",
        "version": "1",
        "type": "command",
        "command": "python train.py",
        "environment": environment,
        "inputs": {"training_data": {"type": "uri_folder"}},
        "outputs": {"model_output": {"type": "uri_folder"}},
    }
    data = {"dataType": "uri_folder", "dataUri": "azureml://datastores/workspaceblobstore/paths/raw/"}
    for kind, name, properties in (
        ("environments", "data-prep-env", {"image": "ubuntu"}),
        ("data", "raw-data", data),
        ("components", "model_training", {"componentSpec": spec}),
    ):
        sandbox.edit(kind, name, "1", replace={**shown, **properties})
    return sandbox


def guide(name: str) -> dict[str, Any]:
    """One of the guide's files as a value."""
    value = yaml.safe_load((GUIDE / name).read_text())
    assert isinstance(value, dict)
    return value


def component(name: str = "train", version: str = "1", **change: Any) -> azureml.CompileInput:
    value = {"type": "command", "command": "python train.py", "environment": "azureml:data-prep-env:1", **change}
    return azureml.CompileInput(Ref("component", name, version), "component", value)


def run(name: str = "run_1", **change: Any) -> azureml.CompileInput:
    """A run of the demo's model_training in the one-node form."""
    data = {"type": "uri_folder", "path": "azureml:raw-data:1"}
    main = {"type": "command", "component": "azureml:model_training:1", "inputs": {"training_data": data}}
    value = {
        "type": "pipeline",
        "experiment_name": "churn",
        "settings": {"default_compute": "azureml:serverless"},
        "jobs": {"main": main},
        **change,
    }
    return azureml.CompileInput(Ref("run", name), "run", value)


def schedule(name: str = "weekly", **change: Any) -> azureml.CompileInput:
    trigger = {
        "type": "recurrence",
        "frequency": "week",
        "interval": 1,
        "time_zone": "UTC",
        "start_time": "2030-01-07T02:00:00",
        "schedule": {"hours": 2, "minutes": 0, "week_days": "monday"},
    }
    value = {"display_name": "Weekly", "trigger": trigger, "create_job": dict(run().value), **change}
    return azureml.CompileInput(Ref("schedule", name), "schedule", value)


def put_version(connection: azureml.Connection, name: str = "train", version: str = "1") -> azureml.Request:
    """A write of a component version that no reference check refuses."""
    spec = {"name": name, "version": version, "type": "command", "command": "true", "environment": None}
    spec["environment"] = f"azureml:{connection.base}/environments/data-prep-env/versions/1"
    properties = {"componentSpec": spec, "isAnonymous": False, "isArchived": False, "properties": {}, "tags": {}}
    arm_id = f"{connection.base}/components/{name}/versions/{version}"
    return azureml.Request("PUT", arm_id, "2024-01-01-preview", {"properties": properties})


def pipeline(name: str = "training_pipeline", version: str = "1", **change: Any) -> azureml.CompileInput:
    return azureml.CompileInput(Ref("component", name, version), "pipeline", {**PIPELINE, **change})


def the_guide() -> list[azureml.CompileInput]:
    """The guide's component, its pipeline lifted, a run and the weekly schedule of it: all in one change."""
    main = {
        "type": "pipeline",
        "component": "azureml:training_pipeline:1",
        "inputs": {"raw_data": {"type": "uri_folder", "path": "azureml:raw-data:1"}, "rate": 0.2},
    }
    return [
        azureml.CompileInput(Ref("component", "data_preparation", "1"), "component", guide("data-prep-component.yml")),
        pipeline(),
        run("first_run", jobs={"main": main}),
        schedule("weekly_training", create_job={**run().value, "jobs": {"main": main}}, is_enabled=False),
    ]


def actions() -> list[azureml.CompileInput]:
    return [
        azureml.CompileInput(Ref("component", "model_training", "1"), "archive"),
        azureml.CompileInput(Ref("component", "model_training"), "archive"),
        azureml.CompileInput(Ref("data", "raw-data", "1"), "archive"),
        azureml.CompileInput(Ref("environment", "data-prep-env", "1"), "archive"),
        azureml.CompileInput(Ref("component", "model_evaluation", "1"), "restore"),
    ]


def body_of(request: azureml.Request) -> Any:
    assert request.body is not None
    return request.body["properties"]


def everything() -> list[azureml.CompileInput]:
    greet = {"type": "command", "command": "echo hi", "environment": {"image": "ubuntu"}}
    inline = run("inline", jobs={"b": greet, "a": {**greet, "command": "echo ho"}})
    return [*the_guide(), *actions(), inline]
