"""What readers of the REST interface rely on: each address, the shape of lists, and how each refusal is told."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from mlopsportal.changes.models import ChangeRequest
from tests.rest.shapes import CHANGE, CHECKED, REFUSAL_KEYS, assert_shape
from tests.security.world import MINE, World, documents_of

BASE = "/api/v1/"
WORKSPACE = f"workspaces/{MINE}/"
LISTS = (
    *("workspaces/", "changes/", "audit/"),
    *(f"{WORKSPACE}{section}/" for section in ("components", "pipelines", "data", "models", "environments")),
    *(f"{WORKSPACE}components/{MINE}_prep/versions/", f"{WORKSPACE}runs/", f"{WORKSPACE}schedules/"),
)


def asked(client: Client, path: str, status: int = 200) -> Any:
    cache.clear()
    response = client.get(path if path.startswith("http") else f"{BASE}{path}")
    assert response.status_code == status, (path, response.content[:300])
    return response.json()


def sent(client: Client, path: str, body: Any, status: int) -> Any:
    cache.clear()
    text = body if isinstance(body, str) else json.dumps(body)
    response = client.post(f"{BASE}{path}", text, content_type="application/json")
    assert response.status_code == status, (path, response.content[:300])
    return response.json()


def opening(**more: Any) -> dict[str, Any]:
    path, content = documents_of(MINE, 7)[0]
    documents = [{"path": path, "content": content}]
    return {"workspace": MINE, "title": "New", "description": "", "documents": documents, "submit": False, **more}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_walked_by_next_and_gives_each_row_once(world: World, path: str) -> None:
    client = world.mine.browser("auditor")
    whole = asked(client, f"{path}?size=200")
    assert set(whole) == {"results", "next"}
    assert whole["next"] is None
    rows: list[Any] = []
    address = f"{path}?size=3"
    while address:
        page = asked(client, address)
        assert len(page["results"]) <= 3
        rows += page["results"]
        address = page["next"]
    assert rows == whole["results"]
    assert rows


@pytest.mark.parametrize("section", ["components", "pipelines", "data", "models", "environments"])
def test_each_kind_has_its_list_its_names_and_their_versions(world: World, section: str) -> None:
    client = world.mine.browser("viewer")
    name = asked(client, f"{WORKSPACE}{section}/")["results"][0]["name"]
    assert asked(client, f"{WORKSPACE}{section}/{name}/")["name"] == name
    version = asked(client, f"{WORKSPACE}{section}/{name}/versions/")["results"][0]["version"]
    assert asked(client, f"{WORKSPACE}{section}/{name}/versions/{version}/")["version"] == version


def test_a_comparison_has_the_shape_of_the_command_and_a_graph(world: World) -> None:
    ref = f"{MINE}/component:{MINE}_prep:1"
    found = asked(world.mine.browser("viewer"), f"compare/?left={ref}&right={ref}")
    assert {"verdict", "reasons", "changes", "graph"} <= set(found)
    assert found["changes"] == []


def test_a_new_change_is_made_whole(world: World) -> None:
    change = sent(world.mine.browser("author"), "changes/", opening(), 201)
    assert_shape(change, CHANGE)
    assert (change["state"], change["plan"], change["next"]) == ("draft", None, "the plan is being made")


@pytest.mark.parametrize("body", ["{", "[]", "3", '"x"', "null", '{"workspace": ', "\x00", '{"documents": {}}'])
def test_what_is_no_request_is_told_as_one(world: World, body: str) -> None:
    client, number = world.mine.browser("reviewer"), world.mine.named["in_review"].pk
    for path in ("changes/", "documents/check/", f"changes/{number}/reviews/", f"changes/{number}/comments/"):
        answer = sent(client, path, body, 400)
        assert set(answer) <= REFUSAL_KEYS, answer
        assert answer["detail"]


def test_another_media_type_is_refused_in_json(world: World) -> None:
    response = world.mine.browser("author").post(f"{BASE}changes/", {"title": "x"})
    assert response.status_code == 415
    assert set(response.json()) <= REFUSAL_KEYS


def test_fields_that_are_not_asked_for_change_nothing(world: World) -> None:
    """What the portal decides cannot be sent in; an unknown field is passed over, at every door alike."""
    decided = {
        "state": "applied",
        "author": "root",
        "number": 999,
        "revision": 7,
        "policy": "standing",
        "approvals": {},
    }
    change = sent(world.mine.browser("author"), "changes/", opening(**decided, whatever=1), 201)
    assert (change["state"], change["author"], change["revision"]) == ("draft", f"{MINE}-author", 1)
    row = ChangeRequest.objects.get(pk=change["number"])
    assert (row.pk, row.policy, row.origin) == (change["number"], "review", "api")
    assert row.pk != 999
    in_review = world.mine.named["in_review"]
    review = {"verdict": "approve", "plan_digest": in_review.plan_digest, "comment": "", "counts": True, "person": "x"}
    answer = sent(world.mine.browser("reviewer"), f"changes/{in_review.pk}/reviews/", review, 200)
    assert answer["reviews"][-1]["reviewer"] == f"{MINE}-reviewer"


def test_a_refusal_by_state_names_the_state(world: World) -> None:
    in_review, reviewer = world.mine.named["in_review"], world.mine.browser("reviewer")
    stale = {"verdict": "approve", "plan_digest": "0" * 64, "comment": ""}
    for client, path, body in (
        (world.mine.browser("operator"), "apply/", {}),
        (world.mine.browser("author"), "submit/", {}),
        (reviewer, "reviews/", stale),
    ):
        answer = sent(client, f"changes/{in_review.pk}/{path}", body, 409)
        assert (answer["state"], bool(answer["detail"])) == ("in_review", True)


def test_who_is_not_known_is_told_how_to_be(world: World) -> None:
    for headers in ({}, {"authorization": "Bearer mlops_" + "0" * 64}, {"authorization": "Bearer x"}):
        response = Client(headers=headers).get(f"{BASE}changes/")
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert response.json()["detail"]


def test_a_token_that_does_not_hold_is_not_made_good_by_a_session(world: World) -> None:
    client = world.mine.browser("author")
    answer = client.get(f"{BASE}changes/", headers={"authorization": "Bearer mlops_" + "0" * 64})
    assert answer.status_code == 401


def test_an_address_that_leads_nowhere_is_answered_in_json(world: World) -> None:
    client = world.mine.browser("viewer")
    for path in ("nothing/", "changes/x/", "changes/0/", f"changes/{2**70}/", f"{WORKSPACE}bananas/", "workspaces/no/"):
        answer = asked(client, path, 404)
        assert set(answer) == {"detail"}, path


def test_documents_are_checked_as_the_command_checks_them(world: World, tmp_path: Path) -> None:
    texts = {"a.yml": "name: a\ntype: command\n", "b.yml": "x: [", "c.yml": documents_of(MINE, 7)[0][1]}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("check_documents", str(tmp_path), "--json", stdout=out)
    by_command = {Path(entry["file"]).name: entry for entry in json.loads(out.getvalue())}
    documents = [{"path": name, "content": text} for name, text in texts.items()]
    by_rest = sent(world.mine.browser("viewer"), "documents/check/", {"documents": documents}, 200)
    assert [entry["file"] for entry in by_rest] == list(texts)
    for entry in by_rest:
        assert_shape(entry, CHECKED)
        assert {**entry, "file": ""} == {**by_command[entry["file"]], "file": ""}


def test_signed_in_reads_are_let_through_600_times_a_minute(world: World) -> None:
    rates: dict[str, str] = dict(settings.REST_FRAMEWORK)["DEFAULT_THROTTLE_RATES"]  # type: ignore[assignment]  # Any
    rate = rates["user"]
    count, _, period = rate.partition("/")
    assert int(count) >= 600
    assert period == "min"
    for client in (world.mine.browser("viewer"), Client(headers={"authorization": f"Bearer {world.secret}"})):
        cache.clear()
        codes = {client.get(f"{BASE}workspaces/").status_code for _ in range(100)}
        assert codes == {200}
