from __future__ import annotations

import pytest

from tests.specs.building import advice, errors, problems

STEP = "type: pipeline\ncompute: azureml:c\njobs:\n  a:\n    type: command\n    component: azureml:c:1\n"
WRITTEN_OUT = STEP.replace("component: azureml:c:1", "command: x\n    environment: azureml:e:1")
SETTINGS = STEP + "settings:\n  continue_on_step_failure: "


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("depends_on: [b]", "order in which data flows"),
        ("input: {x: 1}", "`inputs`"),
        ("output: {x: 1}", "`outputs`"),
        ("enviroment: azureml:e:1", "`environment`"),
        ("componet: azureml:c:1", "`component`"),
        ("something_else: 1", "Remove it"),
    ],
)
def test_a_step_with_a_key_that_azure_ignores_is_pointed_at(key: str, fix: str) -> None:
    (found,) = problems(f"{STEP}    {key}\n")
    assert (found.code, found.path, found.is_error) == ("key-ignored", f"jobs.a.{key.partition(':')[0]}", False)
    assert fix in found.fix


def test_a_step_whose_command_is_written_out_may_have_no_other_key() -> None:
    assert errors(f"{WRITTEN_OUT}    depends_on: [b]\n")["key-unknown"].path == "jobs.a.depends_on"
    assert problems(WRITTEN_OUT + "    limits: {timeout: 60}\n") == []


def test_a_misspelt_component_is_found_where_there_is_none() -> None:
    text = STEP.replace("component:", "componet:")
    assert "node-component-missing" in errors(text)
    assert advice(text)["key-ignored"].fix == "Did you mean `component`?"


@pytest.mark.parametrize("word", ["flase", "2", "", "'${{parent.inputs.x}}'", "[true]"])
def test_a_setting_that_is_true_or_false_is_nothing_else(word: str) -> None:
    assert errors(SETTINGS + word + "\n")["value-type"].path == "settings.continue_on_step_failure"


@pytest.mark.parametrize("word", ["true", "false", "yes", "'False'", "1", "'on'"])
def test_a_setting_is_true_or_false_in_any_word_that_the_sdk_takes(word: str) -> None:
    assert errors(SETTINGS + word + "\n") == {}


def test_a_schedule_sets_no_such_setting_wrongly_either() -> None:
    text = "name: s\ntrigger: {type: cron, expression: 0 6 * * 1}\ncreate_job:\n  type: pipeline\n"
    found = errors(text + "  job: azureml:p:1\n  settings: {force_rerun: flase}\n")
    assert found["value-type"].path == "create_job.settings.force_rerun"
