from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.interface import Interface, Verdict, compare, compare_components, interface_of, type_fits

NUMBER: dict[str, Any] = {"type": "number"}
INTEGER: dict[str, Any] = {"type": "integer"}
STRING: dict[str, Any] = {"type": "string"}
FOLDER: dict[str, Any] = {"type": "uri_folder"}

INPUT_PAIRS: list[tuple[dict[str, Any] | None, dict[str, Any] | None, str, str]] = [
    (NUMBER, None, "breaking", "input-removed"),
    (None, NUMBER, "breaking", "required-input-added"),
    (None, {**NUMBER, "default": 1}, "minor", "optional-input-added"),
    (None, {**NUMBER, "optional": True}, "minor", "optional-input-added"),
    ({**NUMBER, "optional": True}, NUMBER, "breaking", "input-made-required"),
    ({**NUMBER, "optional": "True"}, NUMBER, "breaking", "input-made-required"),
    ({**NUMBER, "default": 1}, NUMBER, "breaking", "input-made-required"),
    (NUMBER, {**NUMBER, "optional": True}, "minor", "input-made-optional"),
    (NUMBER, {**NUMBER, "default": 0}, "minor", "input-made-optional"),
    ({**NUMBER, "default": 1}, {**NUMBER, "default": 2}, "minor", "default-changed"),
    (NUMBER, INTEGER, "breaking", "input-type-changed"),
    (INTEGER, NUMBER, "minor", "input-widened"),
    (INTEGER, STRING, "breaking", "input-type-changed"),
    (STRING, INTEGER, "breaking", "input-type-changed"),
    (FOLDER, {"type": "uri_file"}, "breaking", "input-type-changed"),
    (FOLDER, STRING, "breaking", "input-type-changed"),
    ({**STRING, "enum": ["a", "b"]}, {**STRING, "enum": ["a"]}, "breaking", "input-narrowed"),
    ({**STRING, "enum": ["a"]}, {**STRING, "enum": ["b"]}, "breaking", "input-narrowed"),
    (STRING, {**STRING, "enum": ["a"]}, "breaking", "input-narrowed"),
    ({**STRING, "enum": ["a"]}, {**STRING, "enum": ["a", "b"]}, "minor", "input-widened"),
    ({**STRING, "enum": ["a"]}, STRING, "minor", "input-widened"),
    ({**NUMBER, "min": 0}, {**NUMBER, "min": 1}, "breaking", "input-narrowed"),
    ({**NUMBER, "min": 1}, {**NUMBER, "min": 0}, "minor", "input-widened"),
    ({**NUMBER, "max": 9}, {**NUMBER, "max": 8}, "breaking", "input-narrowed"),
    ({**NUMBER, "max": 8}, {**NUMBER, "max": 9}, "minor", "input-widened"),
    (NUMBER, {**NUMBER, "min": 0}, "breaking", "input-narrowed"),
    (NUMBER, {**NUMBER, "max": 0}, "breaking", "input-narrowed"),
    ({**NUMBER, "max": 0}, NUMBER, "minor", "input-widened"),
    ({**NUMBER, "min": 0}, {**NUMBER, "min": "x"}, "unknown", "input-range-unknown"),
    ({}, NUMBER, "unknown", "input-type-unknown"),
]


@pytest.mark.parametrize(("before", "after", "verdict", "rule"), INPUT_PAIRS)
def test_inputs_change_by_the_rules(
    before: dict[str, Any] | None, after: dict[str, Any] | None, verdict: str, rule: str
) -> None:
    left, right = (interface_of({"inputs": {"x": port} if port is not None else {}}) for port in (before, after))
    comparison = compare(left, right)
    assert (str(comparison.verdict), comparison.reasons[0].rule) == (verdict, rule)
    assert comparison.reasons[0].path == "inputs.x"


@pytest.mark.parametrize(
    ("before", "after", "verdict", "rule"),
    [
        (FOLDER, None, "breaking", "output-removed"),
        (None, FOLDER, "minor", "output-added"),
        (FOLDER, {"type": "uri_file"}, "breaking", "output-type-changed"),
        (INTEGER, NUMBER, "breaking", "output-type-changed"),
    ],
)
def test_outputs_change_by_the_rules(
    before: dict[str, Any] | None, after: dict[str, Any] | None, verdict: str, rule: str
) -> None:
    left, right = (interface_of({"outputs": {"x": port} if port is not None else {}}) for port in (before, after))
    comparison = compare(left, right)
    assert (str(comparison.verdict), comparison.reasons[0].rule) == (verdict, rule)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({"command": "a"}, {"command": "b", "description": "x", "tags": {}}, "patch"),
        ({"environment": "azureml:e:1"}, {"environment": "azureml:e:2"}, "patch"),
        ({"type": "command"}, {"type": "pipeline"}, "breaking"),
        ({"is_deterministic": True}, {"is_deterministic": False}, "minor"),
        ({}, {"is_deterministic": "True"}, "patch"),
        ({"inputs": {"x": {**NUMBER, "optional": "False"}}}, {"inputs": {"x": NUMBER}}, "patch"),
        ({"inputs": {"x": {**NUMBER, "default": 0.1}}}, {"inputs": {"x": {**NUMBER, "default": "0.1"}}}, "patch"),
        ({"inputs": {"x": NUMBER, "y": NUMBER}}, {"inputs": {"y": NUMBER, "x": NUMBER}}, "patch"),
    ],
)
def test_components_change_by_the_rules(before: dict[str, Any], after: dict[str, Any], verdict: str) -> None:
    assert str(compare_components(before, after).verdict) == verdict


ports = st.dictionaries(
    st.sampled_from("xyz"),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["number", "integer", "string", "uri_folder", "uri_file"])},
        optional={"optional": st.booleans(), "default": st.integers(0, 2), "min": st.integers(0, 2)},
    ),
)
interfaces = st.builds(lambda i, o: interface_of({"inputs": i, "outputs": o}), ports, ports)


@given(interfaces)
def test_an_interface_is_a_patch_of_itself(interface: Interface) -> None:
    assert compare(interface, interface).verdict is Verdict.PATCH


@given(interfaces, interfaces)
def test_a_caller_that_fitted_still_fits_unless_the_change_is_breaking(old: Interface, new: Interface) -> None:
    """A caller that gives just what was required, and reads every output, by the old interface."""
    if compare(old, new).verdict is Verdict.BREAKING:
        return
    given = {name for name, port in old.inputs.items() if port.is_required}
    assert given <= set(new.inputs)
    assert {name for name, port in new.inputs.items() if port.is_required} <= given
    assert all(type_fits(old.inputs[name].type, new.inputs[name].type) for name in given)
    assert all(new.outputs[name].type == port.type for name, port in old.outputs.items())


def test_ports_are_read_in_every_form() -> None:
    interface = interface_of(
        {
            "inputs": {
                "a": {"type": "Number", "default": "0.5", "optional": "True", "enum": [1, 2], "min": 0},
                "b": 3,
                "g": {"type": "group", "properties": {"x": {"type": "string"}}},
            },
            "outputs": None,
        }
    )
    assert set(interface.inputs) == {"a", "b", "g.x"}
    port = interface.inputs["a"]
    assert (port.type, port.default, port.optional, port.enum, port.is_required) == (
        "number",
        "0.5",
        True,
        ("1", "2"),
        False,
    )
    assert interface.inputs["b"].type == "integer"
    assert interface_of({"inputs": "x"}) == Interface()


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [
        ("uri_folder", "uri_folder", True),
        ("uri_folder", "mltable", True),
        ("uri_file", "uri_folder", False),
        ("integer", "number", True),
        ("number", "integer", False),
        ("uri_folder", "string", False),
        ("string", "uri_file", False),
        ("mlflow_model", "uri_folder", True),
        ("unknown", "string", True),
    ],
)
def test_which_types_fit_which(given: str, wanted: str, *, fits: bool) -> None:
    assert type_fits(given, wanted) is fits
