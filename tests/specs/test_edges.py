from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.comparison import compare_documents, compare_edges
from mlopsportal.specs.documents import of_value
from mlopsportal.specs.edges import judge_edges
from mlopsportal.specs.interface import Interface, Verdict, compare, interface_of

INTERFACES = {
    "component:prep:1": interface_of(
        {
            "inputs": {"raw": {"type": "uri_folder"}, "n": {"type": "integer", "default": 1, "max": 9}},
            "outputs": {"out": {"type": "uri_folder"}},
        }
    ),
    "component:train:1": interface_of(
        {"inputs": {"data": {"type": "uri_folder"}}, "outputs": {"model": {"type": "mlflow_model"}}}
    ),
    "component:group:1": interface_of(
        {"inputs": {"g": {"type": "group", "properties": {"a": {"type": "string"}, "b": {"type": "number"}}}}}
    ),
}


def pipeline(**changes: Any) -> dict[str, Any]:
    """A pipeline that type-checks; the steps given replace or add to its own."""
    steps: dict[str, Any] = {
        "prep": {"component": "azureml:prep:1", "inputs": {"raw": "${{parent.inputs.raw}}", "n": 3}},
        "train": {
            "component": "azureml:train:1",
            "inputs": {"data": "${{parent.jobs.prep.outputs.out}}"},
            "outputs": {"model": "${{parent.outputs.model}}"},
        },
    }
    return {
        "type": "pipeline",
        "name": "p",
        "version": "1",
        "inputs": {"raw": {"type": "uri_folder"}, "maybe": {"type": "uri_folder", "optional": True}},
        "outputs": {"model": {"type": "mlflow_model"}},
        "jobs": steps | changes,
    }


def prep(**inputs: Any) -> dict[str, Any]:
    return {"component": "azureml:prep:1", "inputs": {"raw": "${{parent.inputs.raw}}"} | inputs}


def test_a_pipeline_that_fits_has_no_faults() -> None:
    assert judge_edges(pipeline(), INTERFACES) == []
    arm = {"prep": {"componentId": "component:prep:1", "inputs": {"raw": {"value": "${{parent.inputs.raw}}"}}}}
    assert judge_edges(pipeline(**arm), INTERFACES) == []
    for group in ({"g": {"a": "x", "b": 1}}, {"g.a": "x", "g.b": 1}, {"g": "${{parent.inputs.raw}}"}):
        assert judge_edges(pipeline(extra={"component": "azureml:group:1", "inputs": group}), INTERFACES) == []


@pytest.mark.parametrize(
    ("step", "rule", "path"),
    [
        (prep(raw=None), "input-missing", "jobs.x.inputs.raw"),
        (prep(m=1), "input-unknown", "jobs.x.inputs.m"),
        (prep(n=12), "value-refused", "jobs.x.inputs.n"),
        (prep(n="many"), "value-type", "jobs.x.inputs.n"),
        (prep(n={"path": "azureml:a:1"}), "value-type", "jobs.x.inputs.n"),
        (prep(n="${{parent.jobs.prep.outputs.out}}"), "edge-type", "jobs.x.inputs.n"),
        (prep(raw="${{parent.jobs.prep.outputs.nope}}"), "binding-unknown", "jobs.x.inputs.raw"),
        (prep(raw="${{parent.jobs.nope.outputs.out}}"), "binding-unknown", "jobs.x.inputs.raw"),
        (prep(raw="${{parent.inputs.nope}}"), "binding-unknown", "jobs.x.inputs.raw"),
        (prep(raw="${{parent.inputs.maybe}}"), "input-optional", "jobs.x.inputs.raw"),
        (prep(raw="${{parent.jobs.x.outputs.out}}"), "cycle", "jobs.x"),
        (prep() | {"outputs": {"nope": {}}}, "output-unknown", "jobs.x.outputs.nope"),
        (prep() | {"outputs": {"out": "${{parent.outputs.nope}}"}}, "binding-unknown", "jobs.x.outputs.out"),
        ({"component": "azureml:new:1"}, "interface-unknown", "jobs.x.component"),
        ({"component": {"inputs": {"a": {"type": "string"}}}}, "input-missing", "jobs.x.inputs.a"),
        ({"component": "azureml:group:1", "inputs": {"g": {"a": "x"}}}, "input-missing", "jobs.x.inputs.g.b"),
    ],
)
def test_what_does_not_fit_is_a_fault_in_its_place(step: dict[str, Any], rule: str, path: str) -> None:
    faults = judge_edges(pipeline(x=step), INTERFACES)
    assert [(fault.rule, fault.path) for fault in faults] == [(rule, path)]


def test_an_edge_that_no_longer_fits_is_breaking() -> None:
    old, new = of_value("p.yml", pipeline()), of_value("p.yml", pipeline(prep=prep(n=12)))
    assert compare_documents(old, new).verdict is Verdict.PATCH  # nothing is known of the components
    found = compare_documents(old, new, interfaces=INTERFACES)
    assert found.verdict is Verdict.BREAKING
    assert [reason.rule for reason in found.reasons] == ["step-value-refused"]


def test_an_edge_that_never_fitted_is_told_and_weighs_nothing() -> None:
    broken = pipeline(prep=prep(n=12))
    found = compare_edges(broken, broken, INTERFACES)
    assert (found.verdict, found.reasons[0].rule) == (Verdict.PATCH, "still-value-refused")


def test_a_new_step_of_an_unknown_component_cannot_be_judged() -> None:
    unknown = pipeline(x={"component": "azureml:new:1"})
    assert compare_edges(pipeline(), unknown, INTERFACES).verdict is Verdict.UNKNOWN
    assert compare_edges(unknown, unknown, INTERFACES).verdict is Verdict.PATCH
    changed = pipeline(x={"component": "azureml:new:1", "inputs": {"a": 1}})
    assert compare_edges(unknown, changed, INTERFACES).verdict is Verdict.UNKNOWN


types = st.sampled_from(["number", "integer", "string", "boolean", "uri_folder", "uri_file"])
ports = st.dictionaries(
    st.sampled_from("xyz"),
    st.fixed_dictionaries(
        {"type": types},
        optional={"optional": st.booleans(), "default": st.integers(0, 2), "min": st.integers(0, 2)},
    ),
)
interfaces = st.builds(lambda i, o: interface_of({"inputs": i, "outputs": o}), ports, ports)
sources = st.sampled_from(
    [*(f"${{{{parent.inputs.{port}}}}}" for port in "xyz"), *(f"${{{{parent.jobs.a.outputs.{p}}}}}" for p in "xyz")]
)
given_inputs = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3) | st.booleans() | sources)


@st.composite
def pipelines(draw: st.DrawFn) -> dict[str, Any]:
    """Steps a, b and c, each given something; what they run is known as component:<step>:1."""
    jobs = {
        step: {
            "component": f"azureml:{step}:1",
            "inputs": draw(given_inputs),
            "outputs": draw(st.dictionaries(st.sampled_from("xyz"), st.just("${{parent.outputs.x}}"), max_size=1)),
        }
        for step in draw(st.sampled_from(["a", "ab", "abc"]))
    }
    declared = {"inputs": draw(ports), "outputs": {"x": {"type": draw(types)}}}
    return {"type": "pipeline", "name": "p", "version": "1", "jobs": jobs} | declared


def fitted(value: dict[str, Any], known: dict[str, Interface]) -> dict[str, Any]:
    """Take out of a pipeline what does not fit, until it type-checks or has no steps left."""
    while faults := judge_edges(value, known):
        jobs = {name: dict(node) for name, node in value["jobs"].items()}
        for fault in faults:
            _, step, *rest = fault.path.split(".")
            if fault.rule in ("input-missing", "cycle") or len(rest) < 2:
                jobs.pop(step, None)
            elif step in jobs:
                side = {name: item for name, item in jobs[step][rest[0]].items() if name != rest[1]}
                jobs[step] = jobs[step] | {rest[0]: side}
        value = value | {"jobs": jobs}
    return value


@given(pipelines(), interfaces, interfaces, interfaces, interfaces)
def test_what_type_checked_still_does_unless_the_component_changed_its_interface(
    drawn: dict[str, Any], a: Interface, b: Interface, c: Interface, newer: Interface
) -> None:
    known = {"component:a:1": a, "component:b:1": b, "component:c:1": c}
    value = fitted(drawn, known)
    assert judge_edges(value, known) == []
    verdict = compare(a, newer).verdict
    after = judge_edges(value, known | {"component:a:1": newer})
    if verdict in (Verdict.PATCH, Verdict.MINOR):
        assert after == []


@given(pipelines(), pipelines(), interfaces, interfaces, interfaces)
def test_a_pipeline_that_no_longer_type_checks_is_never_a_patch(
    one: dict[str, Any], other: dict[str, Any], a: Interface, b: Interface, c: Interface
) -> None:
    known = {"component:a:1": a, "component:b:1": b, "component:c:1": c}
    old = fitted(one, known)
    compared = compare_documents(of_value("p.yml", old), of_value("p.yml", other), interfaces=known)
    if judge_edges(other, known):
        assert compared.verdict is Verdict.BREAKING
