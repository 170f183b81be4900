from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.diff import Change, apply, diff

keys = st.sampled_from(["a", "b", "c.d", "name", "[0]"])
scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["x", "y", ""])
named = st.builds(lambda name, item: {"name": name, "v": item}, st.sampled_from("pqrst"), scalars)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.lists(named, max_size=5) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=25,
)


def text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(values)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert diff(value, json.loads(text(value))) == []


@given(values, values)
def test_the_changes_lead_from_one_value_to_the_other(a: Any, b: Any) -> None:
    before = text(a)
    assert text(apply(diff(a, b), a)) == text(b)
    assert text(a) == before


def kinds(a: Any, b: Any) -> list[tuple[str, str]]:
    return [(change.path, change.kind) for change in diff(a, b)]


def test_changes_have_paths_and_values() -> None:
    a = {"name": "t", "inputs": {"x": {"type": "number"}}, "old": 1}
    b = {"inputs": {"x": {"type": "integer"}}, "name": "t", "new": [1]}
    assert [change.as_json() for change in diff(a, b)] == [
        {"path": "inputs.x.type", "kind": "changed", "before": "number", "after": "integer"},
        {"path": "new", "kind": "added", "before": None, "after": [1]},
        {"path": "old", "kind": "removed", "before": 1, "after": None},
    ]


def test_items_of_a_list_are_known_by_their_names() -> None:
    a = [{"name": "a", "v": 1}, {"name": "b", "v": 2}]
    b = [{"name": "new", "v": 0}, {"name": "a", "v": 1}, {"name": "b", "v": 3}]
    assert kinds(a, b) == [("[0]", "added"), ("[2].v", "changed")]


def test_what_only_changed_its_place_has_moved() -> None:
    assert diff(["a", "b", "c"], ["b", "c", "a"]) == [Change("[2]", "moved", 0, 2, (2,))]


@pytest.mark.parametrize(
    ("a", "b", "changes"),
    [
        (["a", "b", "c"], ["a", "x", "c"], [("[1]", "changed")]),
        (["a"], ["x"], [("[0]", "changed")]),
        ([1, 2, 3], [1, 5, 3], [("[1]", "changed")]),
        ([2, 14], [2, 15], [("[1]", "changed")]),
        (["a", "b", "c", "d"], ["a", "x", "y", "d"], [("[1]", "changed"), ("[2]", "changed")]),
        (["a", "a", "c"], ["a", "x", "c"], [("[1]", "changed")]),
        (["a", "b", "c"], ["b", "c", "d"], [("[0]", "removed"), ("[2]", "added")]),
        (["a", "b", "c"], ["a", "c"], [("[1]", "removed")]),
        (["a", "b"], ["a", "x", "y"], [("[1]", "removed"), ("[1]", "added"), ("[2]", "added")]),
        (["a", "b", "c"], ["c", "x", "a"], [("[1]", "removed"), ("[1]", "added"), ("[0]", "moved")]),
        (["a", "b", "c", "d"], ["d", "a", "x", "c"], [("[0]", "moved"), ("[2]", "changed")]),
        ([True, 2], [1, 2], [("[0]", "changed")]),
        (["a", {"x": 1}], ["b", {"x": 1}], [("[0]", "changed")]),
        ([{"name": "a"}], [{"name": "b"}], [("[0]", "removed"), ("[0]", "added")]),
        ([], ["a"], [("[0]", "added")]),
    ],
)
def test_a_value_in_anothers_place_has_changed(a: list[Any], b: list[Any], changes: list[tuple[str, str]]) -> None:
    assert kinds(a, b) == changes
    assert text(apply(diff(a, b), a)) == text(b)


uniques = st.lists(st.integers(0, 9), unique=True, max_size=9)


@given(uniques, uniques)
def test_lists_of_unique_values_are_led_over_with_few_changes(a: list[int], b: list[int]) -> None:
    changes = diff(a, b)
    assert apply(changes, a) == b
    assert len([change for change in changes if change.kind != "moved"]) <= len(set(a) ^ set(b))


def test_true_is_not_one() -> None:
    assert kinds({"a": True}, {"a": 1}) == [("a", "changed")]
