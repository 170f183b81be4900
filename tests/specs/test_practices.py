from __future__ import annotations

import pytest

from mlopsportal.specs.checks.context import Surroundings
from mlopsportal.specs.codes import CODES
from mlopsportal.specs.documents import of_value
from mlopsportal.specs.practices import CONSEQUENCES, DEFAULTS, LEVELS, PRACTICES, Level, follow, score, told
from mlopsportal.specs.validate import check
from tests.specs.building import document, guide

COMPONENT = """
type: command
name: train_model
version: 3
description: Trains the churn model.
is_deterministic: true
tags: {owner: churn-team, commit: 4f1c2aa}
command: python train.py
environment: azureml:train-env:7
inputs: {data: {type: uri_folder, description: Sales of one month}}
"""
PIPELINE = """
type: pipeline
name: training
version: 1.2.0
description: Trains the churn model every week.
is_deterministic: false
tags: {team: churn, repository: churn}
inputs: {data: {type: uri_folder, description: Sales of one month}}
jobs:
  train:
    type: command
    component: azureml:train_model:3
    limits: {timeout: 3600}
    inputs: {data: "${{parent.inputs.data}}", rate: 0.1}
  score: {type: parallel, component: azureml:score:2, retry_settings: {max_retries: 2}}
"""
SETTINGS = "component: azureml:score:2, retry_settings: {max_retries: 2}"
JOB = "type: pipeline\nname: training\nsettings: {default_compute: azureml:serverless}\njobs:\n  a: "
STEP = "{type: command, component: 'azureml:c:1', limits: {timeout: 60}"
SCHEDULE = """
name: weekly-training
trigger: {type: cron, expression: "0 6 * * 1", start_time: "2027-01-31T06:00:00"}
create_job: azureml:training:1
"""


def unfollowed(text: str) -> list[str]:
    return [code for code, problems in follow(document(text)).items() if problems]


@pytest.mark.parametrize("text", [COMPONENT, PIPELINE, SCHEDULE])
def test_what_follows_every_practice_is_left_alone(text: str) -> None:
    assert unfollowed(text) == []


@pytest.mark.parametrize(
    ("text", "before", "after", "code", "path"),
    [
        (COMPONENT, "train.py", "train.py --key AccountKey=abcdefghijklmnop==", "no-secrets", "command"),
        (COMPONENT, "azureml:train-env:7", "azureml:train-env@latest", "pinned-environments", "environment"),
        (COMPONENT, "azureml:train-env:7", "azureml:train-env", "pinned-environments", "environment"),
        (COMPONENT, "azureml:train-env:7", "{image: python}", "pinned-environments", "environment.image"),
        (COMPONENT, "azureml:train-env:7", "{image: 'python:latest'}", "pinned-environments", "environment.image"),
        (COMPONENT, "description: Trains", "display_name: Trains", "described", "description"),
        (COMPONENT, ", description: Sales of one month", "", "described-ports", "inputs.data"),
        (COMPONENT, "owner: churn-team, ", "", "owned", "tags"),
        (COMPONENT, ", commit: 4f1c2aa", "", "under-version-control", "tags"),
        (COMPONENT, "is_deterministic: true\n", "", "deterministic-said", "is_deterministic"),
        (COMPONENT, "train_model", "train_model_v2", "name-convention", "name"),
        (COMPONENT, "train_model", "train_model_final", "name-convention", "name"),
        (COMPONENT, "train_model", "t", "name-convention", "name"),
        (COMPONENT, "version: 3", "version: friday", "version-convention", "version"),
        (PIPELINE, "azureml:train_model:3", "azureml:train_model@latest", "pinned-references", "jobs.train.component"),
        (PIPELINE, "azureml:train_model:3", "azureml:train_model", "pinned-references", "jobs.train.component"),
        (
            PIPELINE,
            "azureml:train_model:3",
            "azureml://registries/r/components/c/labels/latest",
            "pinned-references",
            "jobs.train.component",
        ),
        (PIPELINE, "component: azureml:train_model:3", "command: python x.py", "modular", "jobs.train.command"),
        (PIPELINE, "azureml:train_model:3", "{command: x, type: command}", "modular", "jobs.train.component"),
        (
            PIPELINE,
            '"${{parent.inputs.data}}"',
            "{type: uri_folder, path: 'azureml:sales:3'}",
            "parameterised",
            "jobs.train.inputs.data.path",
        ),
        (PIPELINE, '"${{parent.inputs.data}}"', "azureml:sales:3", "parameterised", "jobs.train.inputs.data"),
        (PIPELINE, '"${{parent.inputs.data}}"', "https://x.org/a", "parameterised", "jobs.train.inputs.data"),
        (PIPELINE, "    limits: {timeout: 3600}\n", "", "timeout-set", "jobs.train.limits"),
        (PIPELINE, SETTINGS, "task: {}", "retry-set", "jobs.score.retry_settings"),
        (JOB + STEP + "}", "settings: {default_compute: azureml:serverless}\n", "", "compute-set", "jobs"),
        (SCHEDULE, ', start_time: "2027-01-31T06:00:00"', "", "start-time-set", "trigger"),
        (SCHEDULE, "training:1", "training@latest", "pinned-references", "create_job"),
        (SCHEDULE, "azureml:training:1", "{type: pipeline, jobs: {main: {}}}", "compute-set", "create_job"),
    ],
)
def test_what_does_not_follow_a_practice_is_found_in_its_place(
    text: str, before: str, after: str, code: str, path: str
) -> None:
    assert before in text
    found = {name: problems for name, problems in follow(document(text.replace(before, after))).items() if problems}
    assert found[code][0].path == path
    assert all(not problem.is_error and problem.fix for problems in found.values() for problem in problems)


def test_retries_may_be_set_in_the_component() -> None:
    text = JOB + "{type: parallel, component: ./s.yml}\n"
    bare = "type: parallel\nname: s\nversion: 1\n"
    pipeline = document(text)
    for component, found in ((bare, 1), (bare + "retry_settings: {max_retries: 1}\n", 0)):
        around = Surroundings({"a.yml": pipeline, "s.yml": document(component, "s.yml")})
        assert len(follow(pipeline, around)["retry-set"]) == found
    assert follow(pipeline)["retry-set"] == []  # nothing is known of the component


def test_a_practice_without_anything_to_judge_does_not_count() -> None:
    assert "retry-set" not in follow(document(JOB + STEP + "}"))
    assert "modular" not in follow(document(COMPONENT))
    assert follow(document("a: 1\n")) == {}


def test_the_score_says_what_would_raise_it() -> None:
    whole = score(document(COMPONENT))
    assert (whole.points, whole.missing, whole.percent) == (whole.out_of, (), 100)
    worse = score(document(COMPONENT.replace("azureml:train-env:7", "azureml:e@latest").replace("owner:", "who:")))
    assert [(item.code, item.points) for item in worse.missing] == [("pinned-environments", 2), ("owned", 1)]
    assert worse.points == worse.out_of - 3
    assert worse.missing[0].line == 9
    assert score(document(SCHEDULE)).out_of == 0


def test_values_without_a_text_are_scored_too() -> None:
    assert score(of_value("train_model:3", document(COMPONENT).value)).percent == 100


def test_the_guide_scores_something_but_not_everything() -> None:
    for item in guide():
        result = score(item)
        assert result.out_of == 0 or 0 < result.percent < 100


def test_every_practice_has_a_known_level_and_a_help_page() -> None:
    assert {practice.level for practice in PRACTICES.values()} <= set(LEVELS)
    assert all(code == practice.code and code in CODES for code, practice in PRACTICES.items())


def test_a_practice_that_is_off_is_not_looked_at() -> None:
    item = document(COMPONENT.replace("owner:", "who:"))
    levels: dict[str, Level] = {"owned": "off"}
    assert follow(item)["owned"]
    assert "owned" not in follow(item, levels=levels)
    assert follow(item, levels=levels).keys() == follow(item).keys() - {"owned"}


def test_the_levels_of_a_workspace_weigh_the_score() -> None:
    item = document(COMPONENT.replace("owner:", "who:"))
    usual = score(item)
    hard = score(item, levels={"owned": "hard"})
    assert [(missing.code, missing.level, missing.points) for missing in usual.missing] == [("owned", "advisory", 1)]
    assert [(missing.code, missing.level, missing.points) for missing in hard.missing] == [("owned", "hard", 3)]
    assert hard.out_of == usual.out_of + 2
    assert hard.percent < usual.percent
    off = score(item, levels={"owned": "off"})
    assert (off.missing, off.out_of, off.percent) == ((), usual.out_of - 1, 100)


def test_advice_stands_for_what_the_checker_says_of_the_same_place_and_makes_no_error() -> None:
    text = COMPONENT.replace("azureml:train-env:7", "azureml:train-env@latest").replace("owner:", "who:")
    bare = {problem.code for problem in check([document(text)])["a.yml"]}
    told = check([document(text)], levels=DEFAULTS)["a.yml"]
    assert "environment-unpinned" in bare
    assert {problem.code for problem in told} == bare - {"environment-unpinned"} | {"pinned-environments", "owned"}
    assert not any(problem.is_error for problem in told)
    off: dict[str, Level] = {**DEFAULTS, "pinned-environments": "off", "owned": "off"}
    assert {problem.code for problem in check([document(text)], levels=off)["a.yml"]} == bare - {"environment-unpinned"}


def test_where_the_checker_finds_an_error_a_practice_adds_nothing() -> None:
    job = document("type: pipeline\njobs:\n  a: {type: command, component: 'azureml:c:1'}\n")
    codes = [problem.code for problem in check([job], levels=DEFAULTS)["a.yml"]]
    assert "compute-missing" in codes
    assert "compute-set" not in codes


def test_what_is_only_advised_is_told_once_a_document_and_what_stops_place_by_place() -> None:
    ports = "inputs: {a: {type: string}, b: {type: string}, c: {type: string}}"
    text = COMPONENT.replace("inputs: {data: {type: uri_folder, description: Sales of one month}}", ports)
    found = follow(document(text))["described-ports"]
    assert [problem.message for problem in told(found, "advisory", in_workspace=True)] == [
        "Nothing says what `a` holds. The same in 2 more places."
    ]
    assert [problem.path for problem in told(found, "hard", in_workspace=True)] == ["inputs.a", "inputs.b", "inputs.c"]
    assert told(found, "hard", in_workspace=True)[0].message.endswith("In this workspace it stops the plan.")
    assert told(found, "soft", in_workspace=False) == found
    assert told([], "advisory", in_workspace=True) == []


def test_advice_does_not_repeat_a_secret() -> None:
    image = "{image: 'registry.io/env?sig=abcdefghijklmnop%3D'}"
    found = check([document(COMPONENT.replace("azureml:train-env:7", image))], levels=DEFAULTS)["a.yml"]
    assert {"no-secrets", "pinned-environments"} <= {problem.code for problem in found}
    assert "abcdefghijklmnop" not in str(found)


def test_a_run_to_repeat_does_not_move_and_a_label_does() -> None:
    for named, moves in (("azureml:some_run", False), ("azureml:training@latest", True), ("azureml:training:1", False)):
        schedule = document(SCHEDULE.replace("azureml:training:1", named))
        assert bool(follow(schedule)["pinned-references"]) is moves
    given = JOB + STEP + ", inputs: {raw: 'azureml:raw@latest', word: 'azureml:raw'}}"
    assert [problem.path for problem in follow(document(given))["pinned-references"]] == ["jobs.a.inputs.raw"]


def test_everything_that_can_be_set_has_a_default_and_a_help() -> None:
    assert DEFAULTS.keys() == PRACTICES.keys() | CONSEQUENCES.keys()
    assert set(DEFAULTS.values()) <= set(LEVELS)
    assert DEFAULTS.keys() <= CODES.keys()
