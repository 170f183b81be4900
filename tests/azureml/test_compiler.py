from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mlopsportal import azureml
from mlopsportal.specs.ref import Ref
from tests.azureml.places import (
    actions,
    body_of,
    connected,
    pipeline,
    plant,
    run,
    schedule,
    the_guide,
)
from tests.sandbox_server import RunningSandbox, running_sandbox


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


def test_a_value_shared_by_two_steps_is_read_as_two(portal: azureml.Connection) -> None:
    shared = {"type": "command", "command": "echo hi", "environment": {"image": "ubuntu"}, "tags": {"a": "b"}}
    apart = portal.compile([run(jobs={"a": json.loads(json.dumps(shared)), "b": json.loads(json.dumps(shared))})])
    together = portal.compile([run(jobs={"a": shared, "b": shared})])
    assert [request.payload for request in together] == [request.payload for request in apart]
