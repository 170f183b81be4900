"""What does not fit in a pipeline is told by the check with a code, a place and a fix, as the comparison judges it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.edges import UNKNOWN_RULE, judge_edges
from mlopsportal.specs.problems import Problem
from tests.specs.building import problems

OPTIONAL = {"type": "integer", "optional": True}


def component(**inputs: Any) -> dict[str, Any]:
    head = {"type": "command", "name": "c", "version": "1", "command": "x", "environment": "azureml:e:1"}
    return head | {"inputs": inputs, "outputs": {"out": {"type": "uri_folder"}}}


def pipeline(inputs: dict[str, Any], jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "pipeline", "name": "p", "version": "1", "inputs": inputs, "jobs": jobs} | more


def step(wanted: dict[str, Any], given: Any) -> dict[str, Any]:
    return {"a": {"type": "command", "component": component(n=wanted), "inputs": {"n": given}}}


def told(value: dict[str, Any]) -> list[Problem]:
    return problems(json.dumps(value))


def faults(value: dict[str, Any]) -> list[Problem]:
    """What is wrong at a place of its own; the component of these tests runs no more than `x`."""
    return [problem for problem in told(value) if problem.path and problem.code != "input-unused"]


BOUND = "${{parent.inputs.n}}"


@pytest.mark.parametrize(
    ("declared", "wanted", "fits"),
    [
        (OPTIONAL, {"type": "integer"}, False),
        (OPTIONAL, {"type": "integer", "default": 3}, False),
        (OPTIONAL | {"default": 4}, {"type": "integer"}, False),
        (OPTIONAL, OPTIONAL, True),
        (OPTIONAL, OPTIONAL | {"default": 3}, True),
        ({"type": "integer", "default": 3}, {"type": "integer"}, True),
    ],
)
def test_an_input_that_may_be_left_out_feeds_only_such_as_the_sdk_has_it(
    declared: dict[str, Any], wanted: dict[str, Any], fits: bool
) -> None:
    found = [problem for problem in told(pipeline({"n": declared}, step(wanted, BOUND))) if problem.is_error]
    assert [(problem.code, problem.path) for problem in found] == (
        [] if fits else [("input-optional", "jobs.a.inputs.n")]
    )
    assert all("optional: true" in problem.fix for problem in found)


@pytest.mark.parametrize(
    ("wanted", "given", "code", "is_error"),
    [
        ({"type": "integer", "max": 9}, 12, "value-refused", False),
        ({"type": "string", "enum": ["a", "b"]}, "c", "value-refused", False),
        ({"type": "integer"}, "many", "edge-type", True),
        ({"type": "uri_folder"}, 3, "edge-type", True),
        ({"type": "uri_folder"}, {"type": "uri_file", "path": "azureml:x:1"}, "edge-type-near", False),
        ({"type": "integer"}, {"path": "azureml:x:1"}, "edge-type", True),
        ({"type": "integer", "optional": True}, None, "value-type", True),
    ],
)
def test_a_value_that_does_not_fit_is_told_in_its_place(
    wanted: dict[str, Any], given: Any, code: str, is_error: bool
) -> None:
    found = [problem for problem in told(pipeline({}, step(wanted, given))) if problem.path == "jobs.a.inputs.n"]
    assert [(problem.code, problem.is_error) for problem in found] == [(code, is_error)]
    assert found[0].line
    assert found[0].fix


@pytest.mark.parametrize("given", [True, "true", "True"])
def test_a_boolean_is_among_its_values_however_it_is_written(given: Any) -> None:
    assert not faults(pipeline({}, step({"type": "boolean", "enum": ["True"]}, given)))


def test_a_number_is_among_its_values_however_it_is_written() -> None:
    wanted = {"type": "number", "enum": [0.1, 1]}
    assert not faults(pipeline({}, step(wanted, "0.10")))


def test_a_command_written_inline_has_the_outputs_it_names() -> None:
    made = {"type": "command", "command": "x", "environment": "azureml:e:1", "outputs": {"out": {"type": "uri_file"}}}
    for port, codes in (("out", ["edge-type-near"]), ("uot", ["binding-unknown-port"])):
        fed = step({"type": "uri_folder"}, f"${{{{parent.jobs.m.outputs.{port}}}}}")
        assert [item.code for item in faults(pipeline({}, {"m": made} | fed))] == codes


def test_an_output_of_another_type_than_the_pipelines_is_told() -> None:
    made = {"a": {"type": "command", "component": component(), "outputs": {"out": "${{parent.outputs.o}}"}}}
    for kind, codes in (("uri_folder", []), ("uri_file", ["edge-type-near"])):
        found = told(pipeline({}, made, outputs={"o": {"type": kind}}))
        assert [item.code for item in found if item.path] == codes


def test_pipelines_written_inline_are_looked_into() -> None:
    inner = pipeline({"n": {"type": "string"}}, step({"type": "integer"}, BOUND))
    found = told(pipeline({}, {"b": {"type": "pipeline", "component": inner, "inputs": {"n": "x"}}}))
    assert [(item.code, item.path) for item in found if item.path] == [
        ("edge-type-near", "jobs.b.component.jobs.a.inputs.n")
    ]


types = st.sampled_from(["number", "integer", "string", "boolean", "uri_folder", "uri_file", "mlflow_model"])
ports = st.dictionaries(
    st.sampled_from("xyz"),
    st.fixed_dictionaries(
        {"type": types}, optional={"optional": st.booleans(), "default": st.just(1), "max": st.integers(0, 2)}
    ),
)
bound = st.sampled_from(
    [
        *(f"${{{{parent.inputs.{p}}}}}" for p in "xyz"),
        *(f"${{{{parent.jobs.{s}.outputs.{p}}}}}" for s in "ab" for p in "xo"),
    ]
)
given_values = st.dictionaries(
    st.sampled_from("xyz"), st.integers(0, 3) | st.booleans() | st.sampled_from(["a", None]) | bound, max_size=3
)


@st.composite
def pipelines(draw: st.DrawFn) -> dict[str, Any]:
    jobs = {
        name: {
            "type": "command",
            "component": component(**draw(ports)) | {"outputs": {"o": {"type": draw(types)}}},
            "inputs": draw(given_values),
            "outputs": draw(st.dictionaries(st.sampled_from("ox"), st.just("${{parent.outputs.o}}"), max_size=1)),
        }
        for name in "ab"
    }
    return pipeline(draw(ports), jobs, outputs={"o": {"type": draw(types)}})


@given(pipelines())
def test_all_that_the_comparison_finds_the_check_finds(value: dict[str, Any]) -> None:
    found = told(value)
    for fault in judge_edges(value, {}, as_written=True):
        if fault.rule != UNKNOWN_RULE:
            near = [item for item in found if fault.path.startswith(item.path) and item.path.startswith("jobs.")]
            assert near, fault
            assert all(item.line for item in near)
