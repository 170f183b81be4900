"""Tokens, addresses, pages, the journal, faults, out-of-band edits, restarts."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.sandbox.conftest import stock
from tests.sandbox.doors import Raw, data, environment, mint, node, pipeline, schedule
from tests.sandbox_server import RunningSandbox, running_sandbox


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer nonsense", "Basic abc"],
)
def test_a_request_without_a_token_is_refused(sandbox: RunningSandbox, header: str) -> None:
    answer = requests.get(f"{sandbox.url}{sandbox.base}/components", headers={"Authorization": header}, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] in ("AuthenticationFailed", "InvalidAuthenticationToken")


def test_an_expired_or_foreign_token_is_refused(raw: Raw) -> None:
    for token in (mint(raw.sandbox.url, lives_seconds=-5), mint("https://graph.microsoft.com")):
        assert raw("GET", "components", headers={"Authorization": f"Bearer {token}"}).status == 401


@pytest.mark.parametrize("audience", ["https://ml.azure.com", "https://management.azure.com/"])
def test_tokens_for_azure_are_taken(raw: Raw, audience: str) -> None:
    assert raw("GET", "components", headers={"Authorization": f"Bearer {mint(audience)}"}).status == 200


def test_addresses_ignore_the_case_of_fixed_words(raw: Raw) -> None:
    path = raw.sandbox.base.replace("resourceGroups", "resourcegroups").replace("Microsoft", "microsoft")
    assert raw("GET", path).body["name"] == raw.sandbox.workspace


@pytest.mark.parametrize("path", ["components/nope", "nope", "jobs/nope", "schedules/nope", "data/raw/versions/9"])
def test_what_is_not_there_is_404(raw: Raw, path: str) -> None:
    assert (raw("GET", path).status, raw("GET", path).error["code"]) == (404, "ResourceNotFound")


def test_another_workspace_or_subscription_is_404(raw: Raw) -> None:
    assert raw("GET", raw.sandbox.base.replace("/workspaces/demo", "/workspaces/other")).status == 404
    assert raw("GET", raw.sandbox.base.replace(raw.sandbox.subscription_id, "0")).status == 404


def test_a_wrong_method_is_405(raw: Raw) -> None:
    assert raw("DELETE", "components/prep/versions/1").status == 405


def test_every_listing_comes_in_pages() -> None:
    with running_sandbox(page_size=2) as sandbox:
        stock(sandbox)
        raw = Raw(sandbox)
        base = sandbox.base
        jobs = {"only": node(base, "prep", inputs={"raw": "azureml:raw:1"})}
        trigger = {"triggerType": "Cron", "expression": "0 0 * * *", "timeZone": "UTC"}
        for number in range(5):
            for path, body in (
                (f"environments/e{number}/versions/1", environment()),
                (f"data/many/versions/{number}", data(f"p{number}")),
                (f"jobs/j{number}", pipeline(base, jobs | {f"n{i}": jobs["only"] for i in range(4)})),
                (f"schedules/s{number}", schedule(base, trigger, jobs)),
            ):
                assert raw("PUT", path, body).status == 201
        assert len(raw.all("environments")) == 6
        assert [item["name"] for item in raw.all("data/many/versions")] == ["4", "3", "2", "1", "0"]
        assert [item["name"] for item in raw.all("jobs")] == ["j4", "j3", "j2", "j1", "j0"]
        assert len(raw.all("schedules?listViewType=All")) == 5
        assert len(raw.all("components")) == 3
        assert len(raw.all("computes")) == 2
        assert len(raw.all(f"/history/v1.0{base}/runs/j0/children")) == 5
        top = raw("GET", "data/many/versions?$orderBy=createdtime desc&$top=1").body
        assert [item["name"] for item in top["value"]] == ["4"]
        assert "nextLink" not in top
        raw.close()


def test_a_made_up_page_token_is_refused(raw: Raw) -> None:
    for token in ("abc", "c2FuZGJveDtub3BlIQ=="):
        assert raw("GET", f"components?$skip={token}").status == 400


def token_of(place: str) -> str:
    return base64.b64encode(f"sandbox;{place}".encode()).decode()


NO_NUMBERS = ("²", "-1", "9" * 19, "9" * 5000)


@pytest.mark.parametrize("place", NO_NUMBERS)
def test_a_page_token_that_holds_no_number_is_refused_everywhere(raw: Raw, place: str) -> None:
    raw(
        "PUT",
        "jobs/paged",
        pipeline(raw.sandbox.base, {"only": node(raw.sandbox.base, "prep", inputs={"raw": "azureml:raw:1"})}),
    )
    token = token_of(place)
    for path in ("components", "data/raw/versions", "jobs", "schedules", "computes", "datastores"):
        assert raw("GET", f"{path}?$skip={token}").status == 400, path
    children = f"/history/v1.0{raw.sandbox.base}/runs/paged/children"
    assert raw("GET", f"{children}?$continuationtoken={token}").status == 400


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_size_or_version_that_is_no_number_breaks_nothing(raw: Raw, text: str) -> None:
    written = quote(text)
    raw(
        "PUT",
        "jobs/sized",
        pipeline(raw.sandbox.base, {"only": node(raw.sandbox.base, "prep", inputs={"raw": "azureml:raw:1"})}),
    )
    assert raw("GET", f"components?$top={written}").status == 400
    assert raw("GET", f"/history/v1.0{raw.sandbox.base}/runs/sized/children?$top={written}").status == 200
    assert raw("GET", f"datastores?count={written}").status == 200
    assert requests.get(f"{raw.sandbox.url}/sandbox/journal?after={written}", timeout=5).status_code == 200


def test_versions_say_who_and_when_and_archived(raw: Raw) -> None:
    body = raw("GET", "data/raw/versions/1").body
    assert body["properties"]["isArchived"] is False
    assert body["systemData"]["createdBy"] == "contract-test"
    body["properties"]["isArchived"] = True
    raw("PUT", "data/raw/versions/1", body)
    found = raw("GET", "data/raw/versions/1").body
    assert found["properties"]["isArchived"] is True
    assert found["systemData"]["createdAt"] == body["systemData"]["createdAt"]
    assert found["systemData"]["lastModifiedAt"] > body["systemData"]["lastModifiedAt"]
    assert raw.all("data/raw/versions") == []
    assert len(raw.all("data/raw/versions?listViewType=All")) == 1


def test_containers_say_latest_and_next_version(raw: Raw) -> None:
    found = raw("GET", "components/prep").body["properties"]
    assert (found["latestVersion"], found["nextVersion"]) == ("1", "2")


def test_the_journal_holds_every_byte(raw: Raw) -> None:
    before = raw.sandbox.journal()[-1]["id"]
    body = environment("journal:1")
    raw("PUT", "environments/j/versions/1?api-version=x", body, headers={"x-ms-client-request-id": "mine"})
    raw("GET", "environments/j")
    put, get = raw.sandbox.journal(before)
    sent = json.dumps(body)
    assert (put["method"], put["status"], put["body"], put["query"]) == ("PUT", 201, sent, "api-version=x")
    assert put["body_sha256"] == hashlib.sha256(sent.encode()).hexdigest()
    assert put["path"] == f"{raw.sandbox.base}/environments/j/versions/1"
    assert (put["client_request_id"], put["actor"]) == ("mine", "contract-test")
    assert (get["method"], get["status"]) == ("GET", 200)
    assert [entry["id"] for entry in raw.sandbox.writes(before)] == [put["id"]]


def test_refused_requests_are_in_the_journal(raw: Raw) -> None:
    before = raw.sandbox.journal()[-1]["id"]
    raw("GET", "components", headers={"Authorization": "none"})
    assert [entry["status"] for entry in raw.sandbox.journal(before)] == [401]


def test_throttling_on_demand(raw: Raw) -> None:
    raw.sandbox.fault(method="GET", path="/components", nth=2, count=2, status=429, retry_after=7)
    answers = [raw("GET", "components") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].error["code"] == "TooManyRequests"


def test_a_connection_dropped_before_has_no_effect(raw: Raw) -> None:
    raw.sandbox.fault(method="PUT", path="/environments/x", drop_before=True)
    with pytest.raises(requests.ConnectionError):
        raw("PUT", "environments/x/versions/1", environment())
    assert raw("GET", "environments/x/versions/1").status == 404
    entry = raw.sandbox.journal(method="PUT", path="/environments/x")[-1]
    assert (entry["status"], entry["fault"]) == (None, "drop_before")


def test_a_connection_dropped_after_has_its_effect(raw: Raw) -> None:
    raw.sandbox.fault(method="PUT", path="/environments/x", drop_after=True)
    with pytest.raises(requests.ConnectionError):
        raw("PUT", "environments/x/versions/1", environment())
    assert raw("GET", "environments/x/versions/1").status == 200
    assert raw.sandbox.journal(method="PUT", path="/environments/x")[-1]["fault"] == "drop_after"


def test_slow_wrong_and_cut_answers(raw: Raw) -> None:
    raw.sandbox.fault(path="/computes", delay=0.3)
    begun = time.monotonic()
    assert raw("GET", "computes").status == 200
    assert time.monotonic() - begun >= 0.3
    raw.sandbox.fault(path="/computes", body="<html>")
    with pytest.raises(requests.JSONDecodeError):
        raw("GET", "computes")
    raw.sandbox.fault(path="/computes", truncate=10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        raw("GET", "computes")


def test_a_write_can_be_visible_later(raw: Raw) -> None:
    raw.sandbox.fault(method="PUT", hide_for=60)
    assert raw("PUT", "environments/late/versions/1", environment()).status == 201
    assert raw("GET", "environments/late/versions/1").status == 404
    assert all(item["name"] != "late" for item in raw.all("environments"))
    raw.sandbox.advance(61)
    assert raw("GET", "environments/late/versions/1").status == 200


def test_an_edit_can_be_visible_later(raw: Raw) -> None:
    body = raw("GET", "data/raw/versions/1").body
    body["properties"]["description"] = "after"
    raw.sandbox.fault(method="PUT", hide_for=60)
    raw("PUT", "data/raw/versions/1", body)
    assert "description" not in raw("GET", "data/raw/versions/1").body["properties"]
    raw.sandbox.advance(61)
    assert raw("GET", "data/raw/versions/1").body["properties"]["description"] == "after"


def test_somebody_else_can_edit_between_two_requests(raw: Raw) -> None:
    edit = {"kind": "data", "name": "raw", "version": "1", "properties": {"tags": {"by": "them"}}}
    raw.sandbox.fault(method="GET", path="/data/raw/versions/1", edit_after=edit)
    assert raw("GET", "data/raw/versions/1").body["properties"]["tags"] == {}
    found = raw("GET", "data/raw/versions/1").body
    assert found["properties"]["tags"] == {"by": "them"}
    assert found["systemData"]["lastModifiedBy"] == "somebody-else"


def test_out_of_band_edits_know_no_rules(raw: Raw) -> None:
    raw.sandbox.edit("components", "prep", "1", properties={"componentSpec": {"command": "python changed.py"}})
    found = raw("GET", "components/prep/versions/1").body["properties"]["componentSpec"]
    assert (found["command"], found["type"]) == ("python changed.py", "command")
    raw.sandbox.edit("components", "prep", "1", delete=True)
    assert raw("GET", "components/prep/versions/1").status == 404


def test_a_browser_page_cannot_reach_the_controls(sandbox: RunningSandbox) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/reset", headers={"Origin": "http://elsewhere"}, timeout=5)
    assert answer.status_code == 403


def test_an_unknown_fault_is_refused(sandbox: RunningSandbox) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/faults", json={"explode": True}, timeout=5)
    assert answer.status_code == 400


def test_state_survives_a_restart(tmp_path: Path, chain: Any, raw_input: Any) -> None:
    with running_sandbox(data=tmp_path) as sandbox:
        stock(sandbox)
        raw = Raw(sandbox)
        assert raw("PUT", "jobs/r", pipeline(sandbox.base, chain, inputs=raw_input)).status == 201
        sandbox.advance(120)
        raw.close()
    with running_sandbox(data=tmp_path) as sandbox:
        raw = Raw(sandbox)
        assert raw("GET", "jobs/r").body["properties"]["status"] == "Running"
        sandbox.advance(7200)
        assert raw("GET", "jobs/r").body["properties"]["status"] == "Completed"
        assert len(sandbox.journal(method="PUT")) == 6
        raw.close()


def test_writers_at_once_lose_nothing(sandbox: RunningSandbox) -> None:
    def write(writer: int) -> None:
        raw = Raw(sandbox)
        for number in range(20):
            assert raw("PUT", f"data/w{writer}/versions/{number}", data()).status == 201
        raw.close()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    raw = Raw(sandbox)
    assert sum(len(raw.all(f"data/w{writer}/versions")) for writer in range(8)) == 160
    raw.close()


def test_one_connection_serves_many_requests(raw: Raw) -> None:
    raw("GET", "components")
    opened = set(raw.sandbox.sandbox.server.connections)
    raw("GET", "components")
    raw("GET", "nope")
    assert raw.sandbox.sandbox.server.connections <= opened


def test_reset_begins_anew(raw: Raw) -> None:
    raw.sandbox.advance(60)
    raw.sandbox.reset()
    assert raw.all("components") == []
    assert raw("GET", "computes/serverless").status == 200
    assert raw.sandbox.control("GET", "clock")["offset_seconds"] == 0
