from __future__ import annotations

import json
from typing import Any

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


def test_true_is_not_one() -> None:
    assert kinds({"a": True}, {"a": 1}) == [("a", "changed")]
