from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mlopsportal import azureml
from mlopsportal.azureml.writer import SEND_CAP
from mlopsportal.specs.ref import Ref
from tests.azureml.places import connected, plant, put_version, run, schedule
from tests.sandbox_server import RunningSandbox, running_sandbox

SHORT = timedelta(seconds=1)


@pytest.fixture
def planted(sandbox: RunningSandbox) -> RunningSandbox:
    return plant(sandbox)


def is_there(connection: azureml.Connection, request: azureml.Request) -> bool:
    return connection.reader.get(request.arm_id) is not None


def test_the_bytes_sent_are_the_bytes_approved(planted: RunningSandbox, connection: azureml.Connection) -> None:
    request = put_version(connection)
    response = connection.send(request)
    (entry,) = planted.writes()
    assert entry["body"].encode() == request.payload
    assert entry["body_sha256"] == request.sha256
    assert (entry["path"], entry["query"]) == (request.arm_id, f"api-version={request.api_version}")
    assert (response.status, response.request_id) == (entry["status"], entry["request_id"])
    assert response.body is not None
    assert response.body["id"] == request.arm_id


def test_a_stored_request_sends_the_same_bytes(planted: RunningSandbox, connection: azureml.Connection) -> None:
    request = put_version(connection)
    stored = request.as_json()
    reordered = {**stored, "body": {"properties": dict(reversed(stored["body"]["properties"].items()))}}
    connection.send(azureml.Request.from_json(reordered))
    assert planted.writes()[0]["body_sha256"] == request.sha256


def test_a_run_is_sent_with_a_token_of_its_own(planted: RunningSandbox, connection: azureml.Connection) -> None:
    (request,) = connection.compile([run()])
    assert "token" not in request.payload.decode().lower()
    assert connection.send(request).status == 201  # the sandbox refuses a run without x-azureml-token


@pytest.mark.parametrize(
    ("fault", "error", "happened"),
    [
        ({"drop_before": True}, azureml.UnknownOutcome, False),
        ({"drop_after": True}, azureml.UnknownOutcome, True),
        ({"status": 500}, azureml.UnknownOutcome, False),
        ({"status": 503, "retry_after": 1}, azureml.UnknownOutcome, False),
        ({"status": 408}, azureml.UnknownOutcome, False),
        ({"truncate": 10}, azureml.UnknownOutcome, True),
        ({"body": "<html>a proxy</html>"}, azureml.UnknownOutcome, True),
        ({"body": "[]"}, azureml.UnknownOutcome, True),
        ({"delay": 1.5}, azureml.UnknownOutcome, True),
        ({"status": 307}, azureml.UnknownOutcome, False),
        ({"status": 429, "retry_after": 7}, azureml.Throttled, False),
        ({"status": 401}, azureml.Unauthorized, False),
        ({"status": 403}, azureml.Forbidden, False),
        ({"status": 404}, azureml.NotFound, False),
        ({"status": 409}, azureml.Conflict, False),
        ({"status": 412}, azureml.Refused, False),
    ],
)
def test_each_fault_has_its_error_and_is_sent_once(
    planted: RunningSandbox,
    connection: azureml.Connection,
    fault: dict[str, Any],
    error: type[azureml.AzureError],
    happened: bool,
) -> None:
    request = put_version(connection)
    planted.fault(method="PUT", count=0, **fault)
    with pytest.raises(error) as caught:
        connection.send(request, timeout=SHORT if "delay" in fault else SEND_CAP)
    if "delay" in fault:
        time.sleep(fault["delay"])
    assert type(caught.value) is error
    assert len(planted.writes()) == 1
    assert is_there(connection, request) is happened


def test_an_unknown_outcome_is_read_back(planted: RunningSandbox, connection: azureml.Connection) -> None:
    planted.fault(method="PUT", drop_after=True)
    with pytest.raises(azureml.UnknownOutcome) as caught:
        connection.send(put_version(connection))
    assert caught.value.retry is azureml.Retry.READ_BACK


def test_throttling_tells_the_delay(planted: RunningSandbox, connection: azureml.Connection) -> None:
    planted.fault(method="PUT", status=429, retry_after=7)
    with pytest.raises(azureml.Throttled) as caught:
        connection.send(put_version(connection))
    assert caught.value.retry_after == timedelta(seconds=7)


def test_a_refusal_tells_code_message_and_request(planted: RunningSandbox, connection: azureml.Connection) -> None:
    request = put_version(connection)
    body = {"properties": {"componentSpec": {**dict(request.body or {})["properties"]["componentSpec"]}}}
    body["properties"]["componentSpec"]["environment"] = f"azureml:{connection.base}/environments/none/versions/1"
    with pytest.raises(azureml.Refused) as caught:
        connection.send(replace(request, body=body))
    (entry,) = planted.writes()
    assert (caught.value.status, caught.value.request_id) == (entry["status"], entry["request_id"])
    assert caught.value.code
    assert "none" in str(caught.value)
    assert not is_there(connection, request)


def test_nothing_is_sent_where_nobody_listens() -> None:
    with running_sandbox() as gone, connected(gone) as connection:
        request = put_version(connection)
    with connected(gone) as connection, pytest.raises(azureml.Unreachable) as caught:
        connection.send(request)
    assert caught.value.retry is azureml.Retry.LATER


@pytest.mark.parametrize(
    "arm_id", ["/subscriptions/other/x", "{base}", "{base}/../other/jobs/x", "{base}elsewhere/jobs/x", "http://x/y"]
)
def test_a_request_for_another_place_is_not_sent(
    planted: RunningSandbox, connection: azureml.Connection, arm_id: str
) -> None:
    request = replace(put_version(connection), arm_id=arm_id.format(base=connection.base))
    with pytest.raises(azureml.NotConfigured):
        connection.send(request)
    assert planted.writes() == []


def test_a_read_is_no_write(connection: azureml.Connection) -> None:
    with pytest.raises(ValueError, match="not a write"):
        connection.send(replace(put_version(connection), method="GET"))


@pytest.mark.parametrize("operations", ["creating", "header"])
def test_a_slow_schedule_is_waited_for(operations: str) -> None:
    with running_sandbox(operations=operations) as slow, connected(slow) as connection:
        plant(slow)
        (request,) = connection.compile([schedule()])
        connection.send(request)
        found = connection.reader.get(request.arm_id)
        assert found is not None
        assert found["properties"]["provisioningState"] == "Succeeded"
        assert len(slow.writes()) == 1


@pytest.mark.parametrize("operations", ["creating", "header"])
def test_an_operation_that_does_not_end_in_time_is_unknown(operations: str) -> None:
    with running_sandbox(operations=operations, operation_seconds=30.0) as slow, connected(slow) as connection:
        plant(slow)
        (request,) = connection.compile([schedule()])
        started = time.monotonic()
        with pytest.raises(azureml.UnknownOutcome, match="in time"):
            connection.send(request, timeout=SHORT)
        assert time.monotonic() - started < 25  # well before the operation's own end


@pytest.mark.parametrize("fault", [{"status": 403}, {"drop_before": True}, {"body": "no json"}])
def test_a_lost_poll_leaves_the_outcome_unknown(fault: dict[str, Any]) -> None:
    with running_sandbox(operations="header") as slow, connected(slow) as connection:
        plant(slow)
        (request,) = connection.compile([schedule()])
        slow.fault(path="mfeOperationsStatus", count=0, **fault)
        with pytest.raises(azureml.UnknownOutcome):
            connection.send(request, timeout=SHORT)


@pytest.mark.parametrize("operations", ["immediate", "header"])
def test_a_run_is_cancelled(operations: str) -> None:
    with running_sandbox(operations=operations) as place, connected(place) as connection:
        plant(place)
        (start,) = connection.compile([run("run_1")])
        connection.send(start)
        (cancel,) = connection.compile([azureml.CompileInput(Ref("run", "run_1"), "cancel")])
        connection.send(cancel)
        found = connection.reader.get(start.arm_id)
        assert found is not None
        assert found["properties"]["status"] in {"Canceled", "CancelRequested"}
        assert place.writes()[-1]["body"] == ""
