from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from mlopsportal import azureml
from mlopsportal.specs.ref import Ref
from tests.azureml.places import component, connected, plant, run, schedule
from tests.sandbox_server import RunningSandbox, running_sandbox


def plant_versions(sandbox: RunningSandbox, name: str, count: int) -> None:
    for version in range(1, count + 1):
        sandbox.edit("components", name, str(version), replace={"componentSpec": {"name": name}, "isArchived": False})


def names_of(pages: Any) -> list[str]:
    return [item["name"] for page in pages for item in page.items]


def test_a_missing_object_is_none(connection: azureml.Connection) -> None:
    assert connection.reader.get(f"{connection.base}/components/none/versions/1") is None


def test_an_object_is_read_as_the_service_tells_it(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    sandbox.edit("components", "train", "1", replace={"componentSpec": {"name": "train"}, "unheard": {"of": [1, None]}})
    found = connection.reader.get(f"{connection.base}/components/train/versions/1")
    assert found is not None
    assert found["properties"]["unheard"] == {"of": [1, None]}
    assert found["systemData"]["lastModifiedAt"]


def test_a_reference_leads_to_the_live_object(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    plant_versions(sandbox, "train", 1)
    source = connection.reader.fingerprint_source
    version, container = source(Ref("component", "train", "1")), source(Ref("component", "train"))
    assert version is not None
    assert container is not None
    assert (version["name"], container["name"]) == ("1", "train")
    assert source(Ref("schedule", "weekly")) is None


def test_a_listing_goes_on_after_a_cursor() -> None:
    with running_sandbox(page_size=2) as small, connected(small) as paged:
        plant_versions(small, "train", 5)
        first, *rest = paged.reader.pages("component", name="train")
        assert [len(page.items) for page in (first, *rest)] == [2, 2, 1]
        assert rest[-1].next_cursor is None
        assert "127.0.0.1" not in str(first.next_cursor)
        assert list(paged.reader.pages("component", name="train", cursor=first.next_cursor)) == rest


def test_archived_assets_are_listed_too(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    plant_versions(sandbox, "train", 2)
    sandbox.edit("components", "train", "1", properties={"isArchived": True})
    sandbox.edit("components", "train", properties={"isArchived": True})
    assert names_of(connection.reader.pages("component")) == ["train"]
    assert sorted(names_of(connection.reader.pages("component", name="train"))) == ["1", "2"]


@pytest.mark.parametrize("kind", ["data", "model", "environment", "compute", "datastore", "schedule", "run"])
def test_every_kind_has_a_listing(connection: azureml.Connection, kind: str) -> None:
    pages = list(connection.reader.pages(kind))
    expected = {"compute": 2, "datastore": 1}.get(kind, 0)
    assert sum(len(page.items) for page in pages) == expected


def test_a_disabled_schedule_is_listed_too() -> None:
    with running_sandbox() as empty, connected(empty) as connection:
        plant(empty)
        before = set(names_of(connection.reader.pages("schedule")))
        for request in connection.compile([schedule("paused", is_enabled=False)]):
            connection.send(request)
        assert set(names_of(connection.reader.pages("schedule"))) - before == {"paused"}


@pytest.mark.parametrize(
    "answer",
    [
        '{"value": [], "nextLink": "http://example.com/subscriptions/x"}',
        '{"value": [], "nextLink": "https://127.0.0.1/subscriptions/x"}',
        '{"value": [], "nextLink": "http://[broken"}',
        '{"value": [], "nextLink": 5}',
        '{"value": {}}',
        '{"value": ["text"]}',
        '{"error": "none"}',
        "[]",
        "<html>",
        "",
    ],
)
def test_an_answer_that_is_no_listing_is_bad(
    sandbox: RunningSandbox, connection: azureml.Connection, answer: str
) -> None:
    sandbox.fault(path="/components", body=answer, count=0)
    with pytest.raises(azureml.BadResponse):
        list(connection.reader.pages("component"))


def test_a_listing_in_a_circle_ends(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    link = f"{sandbox.url}{connection.base}/components?page=2"
    sandbox.fault(path="/components", body=f'{{"value": [], "nextLink": "{link}"}}', count=0)
    with pytest.raises(azureml.BadResponse, match="circle"):
        list(itertools.islice(connection.reader.pages("component"), 10))


def test_a_page_that_fails_does_not_end_the_listing_quietly() -> None:
    with running_sandbox(page_size=2) as small, connected(small) as paged:
        plant_versions(small, "train", 5)
        small.fault(path="/versions", nth=2, count=0, status=403)
        pages = paged.reader.pages("component", name="train")
        assert len(next(pages).items) == 2
        with pytest.raises(azureml.Forbidden):
            next(pages)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 503, "retry_after": 0.01}, {"drop_before": True}])
def test_a_read_is_tried_three_times(
    sandbox: RunningSandbox, connection: azureml.Connection, fault: dict[str, Any]
) -> None:
    plant_versions(sandbox, "train", 1)
    sandbox.fault(path="/components", count=2, **fault)
    assert names_of(connection.reader.pages("component")) == ["train"]
    assert len(sandbox.journal(method="GET", path="/components")) == 3


def test_a_server_that_keeps_failing_gives_a_bad_response(
    sandbox: RunningSandbox, connection: azureml.Connection
) -> None:
    sandbox.fault(path="/components", status=502, count=0)
    with pytest.raises(azureml.BadResponse) as caught:
        list(connection.reader.pages("component"))
    assert (caught.value.status, caught.value.retry) == (502, azureml.Retry.LATER)


def test_a_half_answer_is_unreachable_not_empty(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    sandbox.fault(path="/components", truncate=5, count=0)
    with pytest.raises(azureml.Unreachable):
        list(connection.reader.pages("component"))


def test_a_long_delay_is_the_callers_to_plan_with(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    sandbox.fault(path="/components", status=429, retry_after=42, count=0)
    with pytest.raises(azureml.Throttled) as caught:
        list(connection.reader.pages("component"))
    assert caught.value.retry_after == timedelta(seconds=42)
    assert caught.value.retry is azureml.Retry.AFTER_DELAY
    assert len(sandbox.journal(method="GET", path="/components")) == 1


def test_a_short_delay_is_sat_out(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    sandbox.fault(path="/components", status=429, retry_after=0.05)
    assert names_of(connection.reader.pages("component")) == []


@pytest.mark.parametrize(("status", "error"), [(401, azureml.Unauthorized), (403, azureml.Forbidden)])
def test_a_refused_read_is_not_tried_again(
    sandbox: RunningSandbox, connection: azureml.Connection, status: int, error: type[azureml.Refused]
) -> None:
    sandbox.fault(path="/components", status=status, count=0)
    with pytest.raises(error) as caught:
        list(connection.reader.pages("component"))
    assert (caught.value.status, caught.value.retry) == (status, azureml.Retry.LATER)
    assert len(sandbox.journal(method="GET", path="/components")) == 1


def test_an_error_tells_the_request_id(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    sandbox.fault(path="/components", status=403)
    with pytest.raises(azureml.Forbidden) as caught:
        list(connection.reader.pages("component"))
    assert caught.value.request_id == sandbox.journal(path="/components")[0]["request_id"]


@pytest.fixture(scope="module")
def finished() -> Any:
    """A workspace with one pipeline run that is over."""
    with running_sandbox() as planted, connected(planted) as connection:
        plant(planted)
        for request in connection.compile([run("run_1")]):
            connection.send(request)
        planted.advance(24 * 3600)
        yield planted, connection


def test_a_run_has_steps_with_times(finished: Any) -> None:
    _, connection = finished
    whole = connection.reader.run("run_1")
    steps = [step for page in connection.reader.children("run_1") for step in page.items]
    assert whole["status"] == "Completed"
    assert [step["displayName"] for step in steps] == ["main"]
    assert steps[0]["startTimeUtc"] <= steps[0]["endTimeUtc"]
    assert connection.reader.run("nobody") is None


def test_a_step_has_logs_and_metrics(finished: Any) -> None:
    _, connection = finished
    step = next(connection.reader.children("run_1")).items[0]["runId"]
    logs = connection.reader.logs(step)
    text = connection.reader.log_text(next(iter(logs.values())))
    metrics = connection.reader.metrics(step)
    assert text
    assert metrics
    assert all(values for values in metrics.values())
    assert connection.reader.log_text(next(iter(logs.values())), max_bytes=5) == text[:5]


@pytest.mark.parametrize("url", ["http://example.com/log.txt", "file:///etc/passwd", "http://127.0.0.1:1/x", ""])
def test_a_log_is_read_only_where_the_service_keeps_it(finished: Any, url: str) -> None:
    _, connection = finished
    connection.reader.logs("run_1")
    with pytest.raises(ValueError, match="comes from the service"):
        connection.reader.log_text(url)


def test_logs_are_fetched_without_a_token(finished: Any) -> None:
    sandbox, connection = finished
    step = next(connection.reader.children("run_1")).items[0]["runId"]
    connection.reader.log_text(next(iter(connection.reader.logs(step).values())))
    assert sandbox.journal(path="/st1/")[-1]["actor"] == ""


def test_run_history_elsewhere_gets_no_token(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    sandbox.fault(path="/discovery", body='{"api": "https://history.example.com"}')
    with pytest.raises(azureml.BadResponse, match="run history"):
        connection.reader.run("run_1")


def test_what_was_sent_can_be_read_back() -> None:
    with running_sandbox() as empty, connected(empty) as connection:
        plant(empty)
        (request,) = connection.compile([component("fresh", "7")])
        connection.send(request)
        found = connection.reader.get(request.arm_id)
        assert found is not None
        assert found["properties"]["componentSpec"]["command"] == "python train.py"
