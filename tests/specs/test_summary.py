from __future__ import annotations

from typing import Any

import pytest

from mlopsportal.specs.diff import diff
from mlopsportal.specs.interface import compare_components
from mlopsportal.specs.summary import sentences_of

STEP = {"component": "component:train_churn_model:5", "inputs": {"lr": "${{parent.inputs.lr}}"}}


def said(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    return [item.words for item in sentences_of(left, right, diff(left, right), compare_components(left, right))]


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        (
            {"jobs": {"train": STEP}},
            {"jobs": {"train": STEP | {"component": "component:train_churn_model:6"}}},
            "The step train now runs train_churn_model 6 instead of 5.",
        ),
        (
            {"jobs": {"train": STEP}},
            {"jobs": {"train": STEP | {"component": "component:fit:1"}}},
            "The step train now runs fit:1 instead of train_churn_model:5.",
        ),
        (
            {},
            {"inputs": {"lr": {"type": "number", "default": 0.1}}},
            "The input lr is new: number, with default 0.1.",
        ),
        ({}, {"inputs": {"lr": {"type": "number"}}}, "The input lr is new: number, required."),
        ({}, {"inputs": {"x": {"type": "uri_file", "optional": "True"}}}, "The input x is new: uri_file, optional."),
        ({}, {"outputs": {"model": {"type": "mlflow_model"}}}, "The output model is new: mlflow_model."),
        ({"inputs": {"x": {"type": "number"}}}, {}, "The input x was removed."),
        ({"jobs": {}}, {"jobs": {"train": STEP}}, "The step train was added, running train_churn_model:5."),
        ({"jobs": {"train": STEP}}, {"jobs": {}}, "The step train was removed, which ran train_churn_model:5."),
        (
            {"jobs": {"train": STEP}},
            {"jobs": {"train": STEP | {"inputs": {"lr": 0.2}}}},
            "The step train: its input lr is 0.2 instead of the pipeline's input lr.",
        ),
        ({"command": "a"}, {"command": "b"}, "The command is another one."),
        (
            {"environment": "environment:e:1"},
            {"environment": "environment:e:2"},
            "It runs in e:2 instead of e:1.",
        ),
        (
            {"jobs": {"train": STEP}},
            {"jobs": {"train": STEP | {"inputs": {"lr": "${{parent.jobs.tune.outputs.best}}"}}}},
            "The step train: its input lr is tune.best instead of the pipeline's input lr.",
        ),
        (
            {"jobs": {"train": STEP}},
            {"jobs": {"train": STEP | {"environment_variables": {"MODE": "fast"}}}},
            "The step train: `environment_variables` was added: MODE = fast.",
        ),
        ({"enabled": True}, {"enabled": False}, "The schedule is disabled."),
    ],
)
def test_a_change_is_one_sentence(left: dict[str, Any], right: dict[str, Any], sentence: str) -> None:
    assert said(left, right) == [sentence]


def test_the_most_important_change_comes_first() -> None:
    left = {"inputs": {"x": {"type": "number"}}, "jobs": {"a": STEP}, "description": "a", "command": "x"}
    right = {"inputs": {}, "jobs": {"a": STEP, "b": STEP}, "description": "b", "command": "y"}
    assert [sentence.split()[1] for sentence in said(left, right)] == ["input", "step", "command", "description"]


def test_nothing_changed_needs_no_words() -> None:
    assert said({"jobs": {"a": STEP}}, {"jobs": {"a": STEP}}) == []
