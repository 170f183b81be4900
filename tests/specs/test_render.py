from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.parse import parse
from mlopsportal.specs.render import yaml_of
from tests.specs.building import guide

tricky = st.sampled_from(
    [
        *["", " ", "~", "null", "yes", "No", "on", "true", "1", "1.10", "1_000", "0x1F", "0o17", "017", "1e5", "1:30"],
        *[
            "2026-01-31",
            ".5",
            "-",
            "- a",
            "a: b",
            "# a",
            "a #b",
            "*a",
            "&a",
            "!a",
            "<<",
            "=",
            "@a",
            "`a",
            "%a",
            "'",
            '"',
        ],
        *["a\nb", "a\n", "\na", " a\n b", "a \nb", "a\n\n", "\n", "\t", "a\tb", "${{parent.inputs.x}}", "$[[ a ]]"],
        *[
            "\u202e",
            "\u00a0",
            "\u2028",
            "\x85",
            "é",
            "🙂",
            "a" * 300,
            "word " * 60,
            "9" * 400,
            "{a}",
            "[a]",
            "a,b",
            "---",
        ],
    ]
)
visible = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=12)
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | tricky | visible
keys = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=8) | tricky.filter(
    lambda key: key.isprintable()
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))


@given(st.dictionaries(keys, values, max_size=4))
def test_a_document_comes_back_from_its_text(document: dict[str, Any]) -> None:
    text = yaml_of(document)
    assert parse(text).value == document
    assert yaml_of(parse(text).value) == text


@pytest.mark.parametrize("item", guide(), ids=lambda item: item.path)
def test_the_guide_comes_back_from_its_text(item: Any) -> None:
    assert parse(yaml_of(item.value)).value == item.value


def test_texts_are_written_as_a_person_would() -> None:
    text = yaml_of({"name": "train", "version": "1", "command": "a\nb\n", "tags": {"hidden": "x\u202ey"}})
    assert text == "name: train\nversion: '1'\ncommand: |\n  a\n  b\ntags:\n  hidden: \"x\\u202Ey\"\n"


def test_nothing_is_written_by_reference() -> None:
    shared = {"a": [1]}
    assert "&" not in yaml_of({"x": shared, "y": shared})
