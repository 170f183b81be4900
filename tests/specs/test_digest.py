from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.digest import (
    NotCanonical,
    canonical,
    definition_digest,
    fingerprint,
    leaf_hash,
    plan_digest,
    revision_digest,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def turned(value: Any) -> Any:
    """The same value with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(item) for key, item in reversed(value.items())}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(texts, values, max_size=5))
def test_digests_do_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    assert canonical(value) == canonical(turned(value))
    assert definition_digest(value) == definition_digest(turned(value))
    assert fingerprint("data", {"properties": value}) == fingerprint("data", {"properties": turned(value)})


@given(values)
def test_canonical_json_is_json_of_the_same_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


def test_canonical_json_is_that_of_rfc_8785() -> None:
    assert (
        canonical({"b": 1.0, "a": "é\n", "€": [True, None, 1e21]})
        == '{"a":"é\\n","b":1,"€":[true,null,1e+21]}'.encode()
    )


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {1, 2}}, float("nan"), "\ud800", object()])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_a_revision_is_its_paths_and_texts() -> None:
    documents = [("a.yml", "x: 1\n"), ("b.yml", "y: 2\n")]
    assert revision_digest(documents) == revision_digest(documents[::-1])
    assert revision_digest(documents) != revision_digest([("a.yml", "x: 1\n"), ("b.yml", "y: 2")])
    assert revision_digest([("a", "bc")]) != revision_digest([("ab", "c")])


def test_a_plan_depends_on_its_order_and_its_target() -> None:
    steps = [{"ref": "a"}, {"ref": "b"}]
    digest = plan_digest(target={"ws": 1}, steps=steps, requests=[])
    assert digest != plan_digest(target={"ws": 1}, steps=steps[::-1], requests=[])
    assert digest != plan_digest(target={"ws": 2}, steps=steps, requests=[])


def test_digests_of_different_things_never_agree() -> None:
    assert definition_digest({}) != revision_digest([])
    assert len(leaf_hash(b"x")) == 64
    assert leaf_hash(b"") == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
