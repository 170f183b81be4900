"""Components that nobody here knows: what the older pipeline shows of them is enough for what stays as it was."""

from __future__ import annotations

from typing import Any

import pytest

from mlopsportal.specs.comparison import compare_documents
from mlopsportal.specs.documents import of_value
from mlopsportal.specs.interface import Verdict

RAW, OUT = "${{parent.inputs.raw}}", "${{parent.jobs.prep.outputs.out}}"
MODEL: dict[str, dict[str, Any]] = {"outputs": {"model": "${{parent.outputs.model}}"}}
SHOW: dict[str, Any] = {"type": "command", "command": "cat ${{inputs.a}}", "environment": "azureml:e:1"}


def step(name: str, version: str = "1", **inputs: Any) -> dict[str, Any]:
    return {"type": "command", "component": f"azureml:{name}:{version}", "inputs": inputs}


def pipeline(**changes: Any) -> dict[str, Any]:
    """Two steps of components that are not known; a change of None takes a step out."""
    steps = {
        "prep": step("prep", raw=RAW, n=3, optimiser="adam"),
        "train": step("train", data=OUT) | MODEL,
    } | changes
    return {
        "type": "pipeline",
        "name": "p",
        "version": "1",
        "inputs": {
            "raw": {"type": "uri_folder"},
            "other": {"type": "uri_folder"},
            "maybe": {"type": "uri_folder", "optional": True},
            "table": {"type": "mltable"},
        },
        "outputs": {"model": {"type": "mlflow_model"}},
        "jobs": {name: node for name, node in steps.items() if node is not None},
    }


def verdict(changes: dict[str, Any]) -> Verdict:
    return compare_documents(of_value("p.yml", pipeline()), of_value("p.yml", pipeline(**changes))).verdict


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"prep": step("prep", raw=RAW, n=3, optimiser="adam") | {"compute": "azureml:gpu", "limits": {"timeout": 60}}},
        {"prep": step("prep", raw=RAW, n=4, optimiser="sgd")},
        {"prep": step("prep", raw=RAW, n="4", optimiser="sgd")},
        {"prep": step("prep", raw="${{parent.inputs.other}}", n=3, optimiser="adam")},
        {"prep": step("prep", raw=RAW, n=3, optimiser="adam") | {"outputs": {"out": {"type": "uri_folder"}}}},
        {"again": step("prep", raw=RAW, n=5, optimiser="adam")},
        {"train": None, "fit": step("train", data=OUT) | MODEL},
        {"train": None, "show": SHOW | {"inputs": {"a": OUT}} | MODEL},
        {"show": SHOW | {"inputs": {"a": RAW}}},
    ],
)
def test_a_component_used_as_before_is_a_patch(changes: dict[str, Any]) -> None:
    assert verdict(changes) is Verdict.PATCH


@pytest.mark.parametrize(
    "changes",
    [
        {"prep": step("prep", "2", raw=RAW, n=3, optimiser="adam")},
        {"new": step("new")},
        {"prep": step("prep", raw=RAW, n=3.5, optimiser="adam")},
        {"prep": step("prep", raw=RAW, n="many", optimiser="adam")},
        {"prep": step("prep", raw=RAW, n=3)},
        {"prep": step("prep", raw=RAW, n=3, optimiser="adam", more=1)},
        {"prep": step("prep", raw="${{parent.inputs.maybe}}", n=3, optimiser="adam")},
        {"prep": step("prep", raw="${{parent.inputs.table}}", n=3, optimiser="adam")},
        {"train": step("train", data="${{parent.jobs.prep.outputs.other}}") | MODEL},
        {"train": step("train", data=OUT) | {"outputs": MODEL["outputs"] | {"other": {"type": "uri_folder"}}}},
        {"typed": {"type": "command", "inputs": {"a": OUT}, "component": {"inputs": {"a": {"type": "uri_folder"}}}}},
    ],
)
def test_what_goes_beyond_the_older_pipeline_cannot_be_told(changes: dict[str, Any]) -> None:
    assert verdict(changes) is Verdict.UNKNOWN


def test_a_command_written_inline_names_all_its_outputs() -> None:
    made = SHOW | {"outputs": {"out": {"type": "uri_file"}}}
    old = pipeline(prep=made, train=None)
    for output, expected in (("out", Verdict.PATCH), ("nope", Verdict.BREAKING)):
        new = pipeline(
            prep=made, train=None, show=SHOW | {"inputs": {"a": f"${{{{parent.jobs.prep.outputs.{output}}}}}"}}
        )
        assert compare_documents(of_value("p.yml", old), of_value("p.yml", new)).verdict is expected
