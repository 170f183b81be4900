from __future__ import annotations

from typing import Any

from mlopsportal.specs.diff import diff
from mlopsportal.specs.digest import ABSENT, definition_digest, fingerprint
from mlopsportal.specs.normalize import (
    definition_of_run,
    definition_of_schedule,
    definition_of_value,
    definition_of_version,
    executed_part,
    normalized,
    unwrap_main,
)

WS = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
COMPONENT: dict[str, Any] = {
    "properties": {
        "componentSpec": {
            "name": "prep",
            "version": "1",
            "type": "command",
            "command": "python x ${{inputs.raw}}",
            "environment": f"azureml:{WS}/environments/e/versions/1",
            "inputs": {"raw": {"type": "uri_folder"}, "n": {"type": "integer", "default": "3"}},
            "is_deterministic": True,
            "_source": "YAML.COMPONENT",
        },
        "isAnonymous": False,
        "isArchived": False,
        "properties": {"client_component_hash": "x"},
        "tags": {},
    }
}
ANSWER: dict[str, Any] = {
    "id": f"{WS}/components/prep/versions/1",
    "name": "1",
    "type": "Microsoft.MachineLearningServices/workspaces/components/versions",
    "systemData": {"createdAt": "2026-01-01"},
    "properties": {
        "description": None,
        "tags": {},
        "properties": {},
        "isArchived": False,
        "isAnonymous": False,
        "provisioningState": "Succeeded",
        "componentSpec": {
            "is_deterministic": "True",
            "resources": {"instance_count": "1"},
            "inputs": {
                "n": {"type": "integer", "optional": "False", "default": "3"},
                "raw": {"optional": "False", "type": "uri_folder"},
            },
            "environment": f"azureml:{WS.lower()}/environments/e/versions/1",
            "command": "python x ${{inputs.raw}}",
            "type": "command",
            "version": "1",
            "name": "prep",
        },
    },
}


def test_what_was_sent_and_what_is_there_are_equal() -> None:
    assert diff(normalized("component", COMPONENT), normalized("component", ANSWER)) == []
    assert fingerprint("component", COMPONENT) == fingerprint("component", ANSWER)
    assert fingerprint("component", None) == ABSENT


def test_a_changed_word_changes_the_fingerprint() -> None:
    changed = {"properties": {**COMPONENT["properties"], "description": "Prepares"}}
    assert fingerprint("component", changed) != fingerprint("component", COMPONENT)
    archived = {"properties": {**COMPONENT["properties"], "isArchived": True}}
    assert fingerprint("component", archived) != fingerprint("component", COMPONENT)


def test_a_definition_has_no_names_and_no_texts() -> None:
    definition = definition_of_version(ANSWER)
    assert set(definition) == {"type", "command", "environment", "inputs", "resources"} - {"resources"}
    assert definition["environment"] == "environment:e:1"


def test_a_yaml_has_the_definition_of_the_version_it_makes() -> None:
    value = {
        "$schema": "x",
        "name": "prep",
        "type": "command",
        "command": "python x ${{inputs.raw}}",
        "environment": "azureml:e:1",
        "inputs": {"raw": {"type": "uri_folder", "description": "d"}, "n": {"type": "integer", "default": 3}},
    }
    assert definition_digest(definition_of_value(value)) == definition_digest(definition_of_version(ANSWER))


PIPELINE = {
    "type": "pipeline",
    "inputs": {"raw": {"type": "uri_folder"}},
    "jobs": {
        "prep": {
            "type": "command",
            "component": "azureml:prep:1",
            "inputs": {"raw": "${{parent.inputs.raw}}", "n": 3},
            "outputs": {"out": {"mode": "rw_mount"}},
        }
    },
}
RUN: dict[str, Any] = {
    "properties": {
        "jobType": "Pipeline",
        "inputs": {"raw": {"uri": f"{WS}/data/raw/versions/1", "jobInputType": "uri_folder", "mode": "ReadOnlyMount"}},
        "outputs": {},
        "settings": {"default_compute": f"{WS}/computes/cpu", "_source": "YAML.JOB"},
        "jobs": {
            "prep": {
                "name": "prep",
                "type": "command",
                "componentId": f"{WS}/components/prep/versions/1",
                "_source": "REMOTE.WORKSPACE.COMPONENT",
                "inputs": {
                    "raw": {"value": "${{parent.inputs.raw}}", "job_input_type": "literal"},
                    "n": {"value": "3", "job_input_type": "literal"},
                },
                "outputs": {"out": {"mode": "ReadWriteMount", "job_output_type": "uri_folder"}},
            }
        },
    }
}


def test_a_run_with_the_graph_of_a_version_matches_it() -> None:
    assert executed_part(definition_of_run(RUN)) == executed_part(definition_of_value(PIPELINE))


def test_anonymous_components_are_put_inline() -> None:
    ref = "component:azureml_anonymous:9"
    run = {"properties": {"jobs": {"a": {"componentId": f"{WS}/components/azureml_anonymous/versions/9"}}}}
    inlined = definition_of_run(run, anonymous={ref: COMPONENT})
    assert inlined["jobs"]["a"]["component"] == definition_of_version(COMPONENT)
    assert definition_of_run(run)["jobs"]["a"]["component"] == ref


ONE_NODE = {"main": {"type": "pipeline", "componentId": f"{WS}/components/p/versions/3", "inputs": {}}}


def test_the_one_node_form_is_the_version_it_runs() -> None:
    assert definition_of_run({"properties": {"jobs": ONE_NODE}}) == {"type": "pipeline", "component": "component:p:3"}


def test_only_the_one_node_form_is_unwrapped() -> None:
    assert unwrap_main(ONE_NODE) == ONE_NODE["main"]
    assert unwrap_main({"main": {"type": "command", "component": "azureml:c:1"}}) is None
    assert unwrap_main({**ONE_NODE, "b": {}}) is None
    assert unwrap_main({"main": {"type": "pipeline", "component": {"jobs": {}}}}) is None
    assert unwrap_main(None) is None


SCHEDULE: dict[str, Any] = {
    "properties": {
        "displayName": "Weekly",
        "trigger": {
            "triggerType": "Recurrence",
            "frequency": "week",
            "interval": 1,
            "timeZone": "UTC",
            "startTime": "2026-12-01 10:00:00",
            "schedule": {"hours": [2], "minutes": [0], "weekDays": ["friday", "monday"]},
        },
        "action": {"actionType": "CreateJob", "jobDefinition": {"jobType": "Pipeline", "jobs": ONE_NODE}},
    }
}


def test_a_schedule_answered_by_azure_equals_what_was_sent() -> None:
    trigger = {
        **SCHEDULE["properties"]["trigger"],
        "frequency": "Week",
        "timeZone": "utc",
        "startTime": "2026-12-01T10:00:00",
        "endTime": None,
        "schedule": {"hours": [2], "minutes": [0], "weekDays": ["Monday", "Friday"], "monthDays": None},
    }
    job = {
        "jobType": "Pipeline",
        "jobs": ONE_NODE,
        "status": "NotStarted",
        "experimentName": "Default",
        "services": None,
    }
    answer = {
        "id": "x",
        "properties": {
            "displayName": "Weekly",
            "isEnabled": True,
            "provisioningState": "Succeeded",
            "trigger": trigger,
            "action": {"actionType": "CreateJob", "jobDefinition": job},
        },
    }
    assert diff(normalized("schedule", SCHEDULE), normalized("schedule", answer)) == []
    assert definition_of_schedule(SCHEDULE) == definition_of_schedule(answer)


def test_disabling_changes_what_a_schedule_does_and_its_display_name_does_not() -> None:
    disabled = {"properties": {**SCHEDULE["properties"], "isEnabled": False}}
    renamed = {"properties": {**SCHEDULE["properties"], "displayName": "X"}}
    assert definition_of_schedule(disabled) != definition_of_schedule(SCHEDULE)
    assert definition_of_schedule(renamed) == definition_of_schedule(SCHEDULE)
    assert normalized("schedule", renamed) != normalized("schedule", SCHEDULE)
    assert definition_of_schedule(SCHEDULE)["job"] == {"type": "pipeline", "component": "component:p:3"}


def test_a_conda_file_counts_by_what_it_says() -> None:
    left = {"properties": {"image": "i", "condaFile": "dependencies:\n- python=3.11\n"}}
    right = {"properties": {"image": "i", "condaFile": '{"dependencies": ["python=3.11"]}', "osType": "Linux"}}
    assert normalized("environment", left) == normalized("environment", right)
