"""So many users that a page, a change or a query could have too much of them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mlopsportal.changes import bundling
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from tests.changes.building import Team, applied
from tests.sandbox_server import RunningSandbox
from tests.upgrading.asking import author, many_users, page, taken_to_applied, upgrade
from tests.upgrading.building import component

pytestmark = pytest.mark.django_db


def test_more_users_than_one_change_can_hold_are_moved_in_two(
    team: Team, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundling, "MOST_DOCUMENTS", 6)
    assert applied(team, [component("1")]).state == State.APPLIED
    assert applied(team, [component("2")]).state == State.APPLIED
    many_users(team, sandbox, 8)
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    shown = client.get(address).content.decode()
    assert "8 fit as they are, and one change holds at most 6 documents" in shown
    found = upgrade(team)
    everybody = [str(item.ref) for item in found.candidates]
    refused = client.post(address, {"take": everybody, "do": "submit"})
    assert refused.status_code == 422
    assert "8 are chosen: take 2 of them out, apply the change, then come back for the rest." in (
        refused.content.decode()
    )
    client.post(address, {"take": sorted(found.usual), "do": "submit"})
    taken_to_applied(team, ChangeRequest.objects.order_by("-pk")[0])
    rest = upgrade(team)
    assert len(rest.candidates) == len(rest.usual) == 2


def test_the_page_asks_the_same_few_questions_however_many_users_there_are(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, [component("1")]).state == State.APPLIED
    assert applied(team, [component("2")]).state == State.APPLIED
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    counts = []
    for count in (5, 50):
        many_users(team, sandbox, count)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_two_hundred_users_are_moved_in_one_change(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, [component("1")]).state == State.APPLIED
    assert applied(team, [component("2")]).state == State.APPLIED
    many_users(team, sandbox, 200)
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    assert client.post(address, {"take": sorted(upgrade(team).usual), "do": "draft"}).status_code == 302
    assert ChangeRequest.objects.order_by("-pk")[0].revision.documents.count() == 200
