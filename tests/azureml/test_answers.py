from __future__ import annotations

import email.utils
from datetime import UTC, datetime, timedelta

import pytest

from mlopsportal import azureml
from mlopsportal.azureml.answers import delay_of, refusal
from mlopsportal.azureml.exchange import Answer


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "999999999"}, 3600),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_a_delay_is_read_and_bounded(headers: dict[str, str], seconds: float | None) -> None:
    assert delay_of(Answer(429, headers, b"")) == (None if seconds is None else timedelta(seconds=seconds))


def test_a_delay_may_be_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=60)
    delay = delay_of(Answer(429, {"retry-after": email.utils.format_datetime(moment, usegmt=False)}, b""))
    assert delay is not None
    assert timedelta(seconds=55) < delay <= timedelta(seconds=60)


def test_throttling_without_a_delay_gets_one() -> None:
    error = refusal(Answer(429, {}, b""))
    assert isinstance(error, azureml.Throttled)
    assert error.retry_after == timedelta(seconds=30)


def test_a_refusal_keeps_what_the_service_said() -> None:
    body = b"""{"error": {"code": "UserError", "message": "No.", "target": "environment",
        "details": [{"code": "NotFound", "target": "e", "message": "e:1"}, "noise"]}}"""
    error = refusal(Answer(400, {"x-ms-request-id": "r"}, body))
    assert isinstance(error, azureml.Refused)
    assert (error.status, error.code, error.message, error.target, error.request_id) == (
        400, "UserError", "No.", "environment", "r",
    )  # fmt: skip
    assert error.details == ("NotFound: e: e:1",)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 5}', b'{"error": {"message": null}}', b"\xff"])
def test_a_refusal_needs_no_body_to_be_one(body: bytes) -> None:
    assert str(refusal(Answer(400, {}, body))) == "HTTP 400 without a message"
