from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.models import EventDetail
from mlopsportal.specs.digest import leaf_hash
from tests.accounts.people import bearer, browser_of, make_user, make_workspace, token_of
from tests.audit.events import make_event

pytestmark = pytest.mark.django_db

PATH = "/api/v1/audit/"


def auditor() -> Client:
    return browser_of(make_user("auditor", Role.AUDITOR, workspace=make_workspace()))


def test_it_works() -> None:
    client = auditor()
    event = make_event(change=17, before={"a": 1}, after={"a": 2}, note="why", facts={"revision": 2})
    told = client.get(PATH).json()
    assert told["next"] is None
    (row,) = told["results"]
    assert (row["action"], row["target"], row["change"], row["workspace"]) == (
        "change.opened", "component:train:3", 17, "demo"
    )  # fmt: skip
    assert (row["before"], row["after"], row["facts"]) == ({"a": 1}, {"a": 2}, {"revision": 2})
    assert row["actor"] == {"kind": "session", "ref": "a11ce", "name": "alice"}
    assert row["sentence"] == "alice opened change 17"
    assert leaf_hash(row["leaf"].encode()) == leaf_hash(bytes(event.leaf))
    assert client.get(f"{PATH}{event.pk}/").json() == row


def test_a_token_of_an_auditor_reads() -> None:
    user = make_user("auditor", Role.AUDITOR, workspace=make_workspace())
    _, secret = token_of(user)
    make_event()
    assert len(Client().get(PATH, headers=bearer(secret)).json()["results"]) == 1


def test_filters_and_pages_are_those_of_the_page() -> None:
    client = auditor()
    pks = [make_event(change=number).pk for number in (1, 2, 2)]
    assert [row["id"] for row in client.get(f"{PATH}?change=2").json()["results"]] == pks[:0:-1]
    first = client.get(f"{PATH}?size=2&kind=component").json()
    second = client.get(first["next"]).json()
    assert [row["id"] for row in first["results"] + second["results"]] == pks[::-1]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["change=x", "action=nope", "since=yesterday", "cursor=nonsense", "size=0"])
def test_what_cannot_be_read_is_a_400(query: str) -> None:
    response = auditor().get(f"{PATH}?{query}")
    assert response.status_code == 400
    assert response.json()


def test_other_workspaces_are_not_there() -> None:
    client, hidden = auditor(), make_event(workspace="other")
    assert client.get(PATH).json()["results"] == []
    assert client.get(f"{PATH}{hidden.pk}/").status_code == 404


def test_without_the_right_it_is_403_and_without_sign_in_401() -> None:
    viewer = browser_of(make_user("viewer", Role.VIEWER, workspace=make_workspace()))
    event = make_event()
    for path in (PATH, f"{PATH}{event.pk}/"):
        assert viewer.get(path).status_code == 403
        assert Client().get(path).status_code == 401


def test_nothing_can_be_written() -> None:
    client, event = auditor(), make_event()
    for path in (PATH, f"{PATH}{event.pk}/"):
        for method in (client.post, client.put, client.patch, client.delete):
            assert method(path, {}, content_type="application/json").status_code == 405


def test_an_erased_event_keeps_its_leaf() -> None:
    client = auditor()
    make_event(note="x")
    EventDetail.objects.all().delete()
    (row,) = client.get(PATH).json()["results"]
    assert row["erased"] is True
    assert (row["note"], row["actor"]["name"]) == ("", "an erased account")
    assert row["leaf"]


def test_the_list_takes_the_same_queries_for_many_events() -> None:
    client = auditor()
    counts: list[int] = []
    for _ in range(2):
        for number in range(20):
            make_event(target=f"user:{make_user(f'u{number}-{len(counts)}').ref}")
        with CaptureQueriesContext(connection) as queries:
            client.get(PATH)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_a_filter_that_is_misspelt_is_refused_instead_of_left_out() -> None:
    client = auditor()
    make_event()
    answer = client.get(f"{PATH}?worksapce=demo")
    assert answer.status_code == 400
    assert "worksapce" in answer.content.decode()
