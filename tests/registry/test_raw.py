"""Raw JSON is kept in two parts and comes back exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.models import Definition, Run, Version
from registry.raw import body_of, definition_of, keep, part_of, plain_json, raw_of, split

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
objects = st.dictionaries(st.text(), values, max_size=5)


@given(rest=objects, properties=objects, shared=values, kind=st.sampled_from(["run", "component", "data"]))
@settings(max_examples=200, deadline=None)
def test_any_object_is_rebuilt_from_its_parts(rest: dict[str, Any], properties: Any, shared: Any, kind: str) -> None:
    key = {"run": "jobs", "component": "componentSpec", "data": "x"}[kind]
    raw = rest | {"properties": properties | {key: shared}}
    parts = split(kind, raw)
    row = Run(remainder=parts.remainder, part=Definition(body=parts.shared.body) if parts.shared else None)
    assert same(raw_of(row), raw)
    assert split(kind, raw_of(row)).digest == parts.digest


def same(left: Any, right: Any) -> bool:
    """Equal as JSON, 1 and 1.0 and True being three things."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(left=objects, right=objects)
@settings(max_examples=100, deadline=None)
def test_two_objects_have_one_digest_only_when_they_are_equal(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert (split("data", left).digest == split("data", right).digest) == same(left, right)


@pytest.mark.django_db
def test_a_document_is_kept_once() -> None:
    first = definition_of({"type": "command", "command": "a"})
    second = definition_of({"command": "a", "type": "command"})
    assert keep([first, second, part_of({"jobs": {}})]).keys() == {first.digest, part_of({"jobs": {}}).digest}
    assert keep([first]) == {first.digest: Definition.objects.get(digest=first.digest).pk}
    assert Definition.objects.count() == 2
    assert body_of(Definition.objects.get(digest=first.digest)) == {"type": "command", "command": "a"}


def test_a_part_and_a_definition_of_the_same_content_are_two_documents() -> None:
    assert part_of({"a": 1}).digest != definition_of({"a": 1}).digest


def test_an_object_without_properties_is_kept_whole() -> None:
    parts = split("run", {"id": "x", "properties": None})
    assert raw_of(Version(remainder=parts.remainder)) == {"id": "x", "properties": None}
    assert plain_json({"b": 1, "a": "é"}) == b'{"a":"\\u00e9","b":1}'
