from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from mlopsportal import azureml
from mlopsportal.specs.ref import Ref
from tests.azureml.places import component, connected, guide, plant, run, schedule, target_of
from tests.sandbox_server import RunningSandbox, running_sandbox

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


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningSandbox]:
    with running_sandbox("demo") as running:
        yield running


@pytest.fixture(scope="module")
def portal(demo: RunningSandbox) -> Iterator[azureml.Connection]:
    with connected(demo) as connection:
        yield connection


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


def test_nothing_compiles_to_nothing(portal: azureml.Connection) -> None:
    assert portal.compile([]) == []


def test_compiling_writes_nothing(demo: RunningSandbox, portal: azureml.Connection) -> None:
    before = len(demo.writes())
    portal.compile([*the_guide(), *actions()])
    assert len(demo.writes()) == before


def test_the_guide_compiles_to_one_write_a_document(portal: azureml.Connection) -> None:
    plan = portal.compile(the_guide())
    assert [(request.method, request.arm_id.removeprefix(portal.base)) for request in plan] == [
        ("PUT", "/components/data_preparation/versions/1"),
        ("PUT", "/components/training_pipeline/versions/1"),
        ("PUT", "/jobs/first_run"),
        ("PUT", "/schedules/weekly_training"),
    ]
    assert [request.api_version for request in plan] == [
        "2024-01-01-preview", "2024-01-01-preview", "2024-01-01-preview", "2023-06-01-preview",
    ]  # fmt: skip


def test_references_become_full_ids(portal: azureml.Connection) -> None:
    prepare, fit, start, weekly = portal.compile(the_guide())
    base = portal.base
    assert body_of(prepare)["componentSpec"]["environment"] == f"azureml:{base}/environments/data-prep-env/versions/1"
    jobs = body_of(fit)["componentSpec"]["jobs"]
    assert jobs["prepare"]["componentId"] == f"{base}/components/data_preparation/versions/1"
    main = body_of(start)["jobs"]["main"]
    assert main["componentId"] == f"{base}/components/training_pipeline/versions/1"
    assert main["inputs"]["raw_data"]["uri"] == f"{base}/data/raw-data/versions/1"
    assert body_of(start)["settings"]["default_compute"] == f"{base}/computes/serverless"
    assert body_of(weekly)["action"]["jobDefinition"]["jobs"]["main"]["componentId"] == main["componentId"]


def test_run_defaults_travel_in_the_properties(portal: azureml.Connection) -> None:
    (request,) = portal.compile([pipeline()])
    assert body_of(request)["properties"]["mlopsportal.run_defaults"] == '{"compute":"serverless"}'


def test_a_schedule_says_whether_it_is_enabled(portal: azureml.Connection) -> None:
    on, off = portal.compile([schedule(), schedule("paused", is_enabled=False)])
    assert body_of(on)["isEnabled"] is True
    assert body_of(off)["isEnabled"] is False
    assert body_of(on)["trigger"] == {
        "triggerType": "Recurrence",
        "frequency": "week",
        "interval": 1,
        "timeZone": "UTC",
        "startTime": "2030-01-07T02:00:00",
        "schedule": {"hours": [2], "minutes": [0], "weekDays": ["monday"]},
    }


def test_a_cron_schedule_of_an_existing_run(portal: azureml.Connection) -> None:
    trigger = {"type": "cron", "expression": "0 2 * * 1", "time_zone": "W. Europe Standard Time"}
    (request,) = portal.compile([schedule(trigger=trigger, create_job="azureml:run_1")])
    assert body_of(request)["trigger"]["expression"] == "0 2 * * 1"
    assert body_of(request)["action"]["jobDefinition"]["sourceJobId"].endswith(f"{portal.base}/jobs/run_1")


def test_an_inline_step_brings_its_environment_and_component(portal: azureml.Connection) -> None:
    step = {"type": "command", "command": "echo hi", "environment": {"image": "ubuntu"}}
    plan = portal.compile([run(jobs={"greet": step})])
    assert [request.arm_id.removeprefix(portal.base).split("/")[1:3] for request in plan] == [
        ["environments", "CliV2AnonymousEnvironment"], ["components", "azureml_anonymous"], ["jobs", "run_1"],
    ]  # fmt: skip


def test_everything_compiled_for_the_guide_is_accepted() -> None:
    with running_sandbox("demo") as fresh, connected(fresh) as connection:
        plan = connection.compile(the_guide())
        for request in plan:
            connection.send(request)
        assert [entry["body_sha256"] for entry in fresh.writes()] == [request.sha256 for request in plan]
        assert all(connection.reader.get(request.arm_id) for request in plan)


def test_archiving_and_restoring_changes_the_flag_and_nothing_else() -> None:
    with running_sandbox() as fresh, connected(fresh) as connection:
        plant(fresh)
        before = connection.reader.get(f"{connection.base}/components/model_training/versions/1")
        archive = connection.compile(actions()[:1])[0]
        connection.send(archive)
        archived = connection.reader.get(archive.arm_id)
        (restore,) = connection.compile([replace(actions()[0], kind="restore")])
        connection.send(restore)
        after = connection.reader.get(archive.arm_id)
        assert before is not None
        assert archived is not None
        assert after is not None
        assert archived["properties"] == {**before["properties"], "isArchived": True}
        assert after["properties"] == before["properties"]


def test_a_schedule_is_disabled_enabled_and_deleted() -> None:
    with running_sandbox() as fresh, connected(fresh) as connection:
        plant(fresh)

        def do(kind: str) -> Any:
            (request,) = connection.compile([azureml.CompileInput(Ref("schedule", "weekly"), kind)])
            connection.send(request)
            found = connection.reader.get(request.arm_id)
            return found and {**found["properties"], "isArchived": None}

        (create,) = connection.compile([schedule()])
        connection.send(create)
        created = connection.reader.get(create.arm_id)
        assert created is not None
        enabled = {**created["properties"], "isArchived": None}
        assert do("disable") == {**enabled, "isEnabled": False}
        assert do("enable") == enabled
        do("disable")
        assert do("delete") is None


def test_a_schedule_made_in_the_same_plan_can_be_paused_in_it(portal: azureml.Connection) -> None:
    plan = portal.compile([schedule("new_one"), azureml.CompileInput(Ref("schedule", "new_one"), "disable")])
    assert [body_of(request)["isEnabled"] for request in plan] == [True, False]
    assert body_of(plan[0])["trigger"] == body_of(plan[1])["trigger"]


def test_an_action_on_what_is_not_there_is_not_found(portal: azureml.Connection) -> None:
    with pytest.raises(azureml.NotFound):
        portal.compile([azureml.CompileInput(Ref("schedule", "nobody"), "disable")])


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
STEP = {"type": "command", "component": "azureml:model_training:1"}


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


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (component(code="./src"), "code"),
        (component(code="/etc"), "code"),
        (component(environment="file:/etc/passwd"), "environment"),
        (component(environment={"image": "x", "conda_file": "/etc/passwd"}), "environment.conda_file"),
        (component(additional_includes=["../x"]), "additional_includes[0]"),
        (run(jobs={"a": {**STEP, "component": "/etc/passwd"}}), "jobs.a.component"),
        (run(jobs={"a": {**STEP, "component": "file:../x.yml"}}), "jobs.a.component"),
        (run(jobs={"tags": {**STEP, "component": "file:x"}}), "jobs.tags.component"),
        (run(jobs={"command": {**STEP, "component": "file:x"}}), "jobs.command.component"),
        (run(jobs={"a": "file:/etc/passwd"}), "jobs.a"),
        (
            run(jobs={"a": {**STEP, "inputs": {"tags": {"type": "uri_folder", "path": "/etc"}}}}),
            "jobs.a.inputs.tags.path",
        ),
        (run(inputs={"x": {"type": "uri_file", "path": "/etc/passwd"}}), "inputs.x.path"),
        (run(settings={"default_compute": "/etc/passwd"}), "settings.default_compute"),
        (schedule(create_job={"type": "pipeline", "job": "./job.yml"}), "create_job.job"),
        (schedule(create_job="file:/etc/passwd"), "create_job"),
    ],
)
def test_no_file_of_this_machine_is_opened(
    portal: azureml.Connection, document: azureml.CompileInput, path: str
) -> None:
    with pytest.raises(azureml.CompileError) as caught:
        portal.compile([document])
    assert caught.value.path == path


def test_free_text_may_speak_of_files(portal: azureml.Connection) -> None:
    document = component(
        command="cat /etc/passwd",
        description="/etc/passwd",
        tags={"path": "/etc", "environment": "prod"},
        inputs={"folder": {"type": "string", "default": "/etc"}},
    )
    assert len(portal.compile([document, run(jobs={"a": {**STEP, "inputs": {"folder": "/etc"}}})])) == 2


def test_a_value_shared_by_two_steps_is_read_as_two(portal: azureml.Connection) -> None:
    shared = {"type": "command", "command": "echo hi", "environment": {"image": "ubuntu"}, "tags": {"a": "b"}}
    apart = portal.compile([run(jobs={"a": json.loads(json.dumps(shared)), "b": json.loads(json.dumps(shared))})])
    together = portal.compile([run(jobs={"a": shared, "b": shared})])
    assert [request.payload for request in together] == [request.payload for request in apart]


def test_a_value_that_holds_itself_is_told(portal: azureml.Connection) -> None:
    tags: dict[str, Any] = {}
    tags["tags"] = tags
    with pytest.raises(azureml.CompileError):
        portal.compile([component(tags=tags)])


def test_the_order_of_keys_changes_nothing(portal: azureml.Connection) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = random.Random(7).sample(list(value), len(value))
        return {key: shuffled(value[key]) for key in keys}

    again = [replace(document, value=shuffled(dict(document.value))) for document in the_guide()]
    assert [r.sha256 for r in portal.compile(again)] == [r.sha256 for r in portal.compile(the_guide())]


def test_compiling_leaves_the_process_as_it_was(portal: azureml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_GIT_COMMIT", "abc")
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "elsewhere")
    before = (dict(os.environ), Path.cwd())
    (request,) = portal.compile([run()])
    assert (dict(os.environ), Path.cwd()) == before
    assert "abc" not in request.payload.decode()
    assert body_of(request)["properties"] == {}


def test_a_working_directory_that_is_gone_is_no_obstacle(
    portal: azureml.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(tmp_path)
    os.chdir(gone)
    gone.rmdir()
    assert len(portal.compile([component()])) == 1
    os.chdir(tmp_path)


def test_two_sandboxes_are_not_confused(demo: RunningSandbox, portal: azureml.Connection) -> None:
    with running_sandbox() as other, connected(other) as elsewhere:
        with pytest.raises(azureml.NotFound):
            elsewhere.compile(actions()[:1])
        assert len(portal.compile(actions()[:1])) == 1
        assert other.journal(path="/components/model_training")


def test_threads_compile_one_after_the_other(portal: azureml.Connection) -> None:
    digests: list[list[str]] = []

    def work() -> None:
        digests.append([request.sha256 for request in portal.compile(the_guide())])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 3
    assert digests[0] == digests[1] == digests[2]


COMPILE = """
import json, sys
from tests.azureml.test_compiler import everything
from mlopsportal import azureml
connection = azureml.connect(azureml.Target(**json.loads(sys.argv[1])))
sys.stdout.write(json.dumps([request.as_json() for request in connection.compile(everything())]))
"""


def everything() -> list[azureml.CompileInput]:
    greet = {"type": "command", "command": "echo hi", "environment": {"image": "ubuntu"}}
    inline = run("inline", jobs={"b": greet, "a": {**greet, "command": "echo ho"}})
    return [*the_guide(), *actions(), inline]


@pytest.mark.slow
def test_another_process_compiles_the_same_bytes(demo: RunningSandbox, portal: azureml.Connection) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", COMPILE, json.dumps(asdict(target_of(demo)))],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=Path(__file__).parent,  # inside a repository, which must leave no trace
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.stderr == ""  # the SDK would speak of its experimental classes there
    there = [azureml.Request.from_json(stored) for stored in json.loads(answer.stdout)]
    here = portal.compile(everything())
    assert len(here) == 13
    assert [request.payload for request in there] == [request.payload for request in here]
    assert [request.arm_id for request in there] == [request.arm_id for request in here]
