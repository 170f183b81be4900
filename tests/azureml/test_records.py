from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal import azureml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4),
    max_leaves=15,
)


def request(body: object) -> azureml.Request:
    return azureml.Request("PUT", "/subscriptions/s", "v", body)  # type: ignore[arg-type]  # any JSON will do here


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
def test_the_payload_survives_storing(body: dict[str, object]) -> None:
    stored = json.loads(json.dumps(request(body).as_json()))
    again = azureml.Request.from_json(stored)
    assert again.payload == request(body).payload
    assert json.loads(again.payload) == body


def test_the_payload_does_not_depend_on_the_order_of_keys() -> None:
    assert request({"a": 1, "b": {"c": 2, "d": 3}}).payload == request({"b": {"d": 3, "c": 2}, "a": 1}).payload


def test_the_digest_is_that_of_the_payload() -> None:
    assert request({"a": "ü"}).sha256 == hashlib.sha256(b'{"a":"\\u00fc"}').hexdigest()


def test_a_request_without_a_body_sends_nothing() -> None:
    assert request(None).payload == b""
    assert azureml.Request.from_json(request(None).as_json()) == request(None)


def test_what_is_no_json_has_no_payload() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        _ = request({"a": float("nan")}).payload


def test_host_and_headers_are_no_part_of_a_request() -> None:
    assert set(request({}).as_json()) == {"method", "arm_id", "api_version", "body"}
