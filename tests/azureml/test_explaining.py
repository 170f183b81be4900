"""What the SDK or the workspace says when something cannot be compiled, told with its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mlopsportal import azureml
from mlopsportal.specs.ref import Ref
from tests.azureml.places import (
    STEP,
    actions,
    component,
    connected,
    plant,
    run,
    schedule,
)
from tests.sandbox_server import RunningSandbox, running_sandbox


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, azureml.Unauthorized), (403, azureml.Forbidden), (429, azureml.Throttled), (500, azureml.BadResponse)],
)
def test_a_failing_read_keeps_its_error(
    demo: RunningSandbox, portal: azureml.Connection, status: int, error: type[azureml.AzureError]
) -> None:
    demo.fault(path="/components/model_training", status=status, retry_after=30)
    with pytest.raises(error):
        portal.compile(actions()[:1])
    demo.clear_faults()


def test_a_workspace_that_does_not_answer_is_unreachable() -> None:
    with running_sandbox() as gone, connected(gone) as connection:
        plant(gone)
        assert connection.compile(actions()[:1])
    with connected(gone) as connection, pytest.raises(azureml.Unreachable):
        connection.compile(actions()[:1])


ROOT_FORM = {"type": "pipeline", "component": "azureml:model_training:1"}


@pytest.mark.parametrize(
    ("document", "path", "said"),
    [
        (run(settings={}), "jobs.main.compute", "ompute"),
        (
            run(settings={}, jobs={"main": {"type": "pipeline", "component": "azureml:p:1"}}),
            "jobs.main.compute",
            "no c",
        ),
        (run(jobs={}), "jobs", "without steps"),
        (replace(run(), value=ROOT_FORM), "componentId", "not a full reference"),
        (run(jobs={"a": {**STEP, "inputs": {"x": "${{jobs.b.outputs.o}}"}}}), "", "parent.jobs.b"),
        (run(jobs={"a": {**STEP, "inputs": {"x": "${{parent.jobs.b.outputs.o}}"}}}), "jobs.a.inputs.x.value", "'b'"),
        (run(jobs={"a": {**STEP, "type": "banana"}}), "jobs.a.type", "banana"),
        (run(jobs={"a": {**STEP, "component": "azureml:model_training"}}), "", "ersion"),
        (run(jobs={"a": None}), "", "cannot read"),
        (run(jobs=[1]), "", "cannot read"),
        (run(bogus=1), "bogus", "Unknown field"),
        (run(display_name=5), "display_name", "valid string"),
        (component("data-prep"), "name", "lower letter"),
        (component(environment=None), "environment", ""),
        (component(command="python ${{inputs.nope}}"), "command", "inputs.nope"),
        (component(inputs={"a": {"type": "banana"}}), "inputs.a", "banana"),
        (component(inputs=[1]), "inputs", "mapping"),
        (component(type="banana"), "", "banana"),
        (replace(component(), ref=Ref("component", "train")), "version", "needed"),
        (replace(component(), kind="poem"), "", "poem"),
        (schedule(trigger=None), "trigger", "needed"),
        (schedule(trigger={"type": "data"}), "trigger.type", "data"),
        (schedule(trigger={"type": "cron"}), "trigger.expression", "text"),
        (schedule(trigger={"type": "cron", "expression": "* * * * *", "every": 1}), "trigger.every", "field"),
        (schedule(trigger={"type": "recurrence", "frequency": "year", "interval": 1}), "trigger.frequency", "month"),
        (schedule(trigger={"type": "recurrence", "frequency": "day"}), "trigger", "interval"),
        (
            schedule(
                trigger={"type": "recurrence", "frequency": "day", "interval": 1, "schedule": {"time_zone": "UTC"}}
            ),
            "trigger.schedule.time_zone",
            "field",
        ),
        (schedule(create_job=None), "create_job", "needed"),
        (schedule(job="azureml:run_1"), "job", "field"),
        (azureml.CompileInput(Ref("compute", "cpu"), "archive"), "target", "archived"),
        (azureml.CompileInput(Ref("component", "train", "1"), "delete"), "target", "archived"),
    ],
)
def test_what_cannot_run_is_told_with_its_place(
    portal: azureml.Connection, document: azureml.CompileInput, path: str, said: str
) -> None:
    with pytest.raises(azureml.CompileError) as caught:
        portal.compile([document])
    assert caught.value.path == path
    assert said in caught.value.message
    assert caught.value.ref == str(document.ref)


def test_a_value_that_holds_itself_is_told(portal: azureml.Connection) -> None:
    tags: dict[str, Any] = {}
    tags["tags"] = tags
    with pytest.raises(azureml.CompileError):
        portal.compile([component(tags=tags)])
