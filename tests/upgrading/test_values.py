"""What an input takes, in words, and what was typed for it."""

from __future__ import annotations

from typing import Any

import pytest

from mlopsportal.specs.interface import Port
from mlopsportal.upgrading.values import expected, value_for


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "0.5", 0.5),
        ("number", "1e3", 1000.0),
        ("integer", " 7 ", 7),
        ("integer", "-7", -7),
        ("boolean", "True", True),
        ("string", "a b", "a b"),
        ("integer", "${{parent.inputs.x}}", "${{parent.inputs.x}}"),
        ("uri_folder", "azureml:raw:1", {"type": "uri_folder", "path": "azureml:raw:1"}),
    ],
)
def test_what_is_typed_becomes_a_value_of_the_port(kind: str, text: str, value: object) -> None:
    found = value_for(Port("x", kind), text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("number", "much", "needs a number, such as 0.5"),
        ("number", "nan", "needs a number, such as 0.5"),
        ("number", "1e999", "needs a number, such as 0.5"),
        ("integer", "abc", "needs a whole number, such as 12"),
        ("integer", "1.5", "needs a whole number, such as 12"),
        ("integer", "9" * 500, "needs a whole number, such as 12"),
        ("boolean", "maybe", "needs true or false"),
        ("string", " ", "needs a value"),
    ],
)
def test_what_is_no_value_of_the_port_is_refused_in_words(kind: str, text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        value_for(Port("x", kind), text)
    assert str(caught.value) == words


LIMITED: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "integer", "minimum": 1, "maximum": 9}, "10", "needs a whole number, at least 1 and at most 9"),
    ({"type": "integer", "minimum": "1"}, "0", "needs a whole number, at least 1"),
    ({"type": "integer", "minimum": 1.0}, "0", "needs a whole number, at least 1"),
    ({"type": "number", "maximum": 0.5}, "0.6", "needs a number, at most 0.5"),
    ({"type": "string", "enum": ("fast", "slow")}, "quick", "needs one of fast, slow"),
]


@pytest.mark.parametrize(("facts", "text", "words"), LIMITED)
def test_what_is_beyond_the_limits_of_the_port_is_refused_with_them(
    facts: dict[str, Any], text: str, words: str
) -> None:
    with pytest.raises(ValueError) as caught:
        value_for(Port("x", **facts), text)
    assert str(caught.value) == words


def test_limits_that_are_none_limit_nothing() -> None:
    assert value_for(Port("x", "integer", minimum="few", maximum=None), "7") == 7


def test_a_port_says_what_it_takes() -> None:
    assert expected(Port("x", "uri_folder")) == "uri_folder"
    assert expected(Port("x", "integer", minimum=1, maximum=9)) == "integer, at least 1, at most 9"
    assert expected(Port("x", "string", enum=("fast", "slow"))) == "string, one of fast, slow"
