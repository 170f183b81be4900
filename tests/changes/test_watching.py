"""What an open page learns of what others do to its change, without losing what its reader is typing."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mlopsportal.changes import workflow
from mlopsportal.changes.models import ChangeRequest
from tests.changes.building import Team, approved, component_text, fresh, opened, queued
from tests.queue.draining import drain

pytestmark = pytest.mark.django_db
NEXT_PIECE = re.compile(r'hx-get="([^"]+)"')


class OpenPage:
    """A page of a change that somebody has open and that asks by itself what is new."""

    def __init__(self, team: Team, name: str, change: ChangeRequest) -> None:
        self.client = Client()
        self.client.force_login(team[name])
        self.shown = self.client.get(reverse("change-detail", args=[change.pk])).content.decode()

    @property
    def address(self) -> str:
        found = NEXT_PIECE.search(self.shown)
        assert found is not None
        return html.unescape(found[1])

    def asks(self) -> str:
        """Return the pieces the server has for it, "" when there is nothing new."""
        answer = self.client.get(self.address, headers={"HX-Request": "true"})
        assert answer.status_code == (200 if answer.content else 204)
        pieces: str = answer.content.decode()
        self.shown = pieces or self.shown
        return pieces


def test_a_page_nobody_changed_gets_nothing(team: Team) -> None:
    assert OpenPage(team, "author", opened(team)).asks() == ""


def test_an_approval_by_somebody_else_arrives_with_its_buttons_and_no_field(team: Team) -> None:
    change = opened(team)
    page = OpenPage(team, "operator", change)
    approved(team, change)
    pieces = page.asks()
    assert "reviewer approved the plan" in pieces
    assert 'id="state" hx-swap-oob="true"' in pieces
    assert reverse("change-apply", args=[change.pk]) in pieces
    assert "<textarea" not in pieces
    assert page.asks() == ""


def test_a_comment_of_another_is_told(team: Team) -> None:
    change = opened(team)
    page = OpenPage(team, "author", change)
    workflow.comment(change, text="Why?", actor=team.actor("reviewer"))
    assert "reviewer commented" in page.asks()


def test_a_revision_since_the_page_was_opened_is_told_and_stays_told(team: Team) -> None:
    change = opened(team, [("prep.yml", component_text())])
    page = OpenPage(team, "reviewer", change)
    workflow.revise(change, [("prep.yml", component_text(command="python other.py"))], actor=team.actor("author"))
    assert "This change was revised since you opened it" in page.asks()
    drain()
    pieces = page.asks()
    assert "This change was revised since you opened it" in pieces
    assert 'id="next"' not in pieces
    assert "data-reload" not in pieces


def test_a_page_opened_while_the_plan_is_made_wants_the_whole_page_once_it_is_there(team: Team) -> None:
    documents = [("prep.yml", component_text())]
    change = workflow.open_change(team.workspace, documents, actor=team.actor("author"), title="x", submit=True)
    page = OpenPage(team, "author", change)
    assert "data-reload" not in page.asks()
    drain()
    assert f'data-reload="{reverse("change-detail", args=[change.pk])}"' in page.asks()


def test_an_end_is_told_and_nothing_more_is_asked(team: Team) -> None:
    change = approved(team, opened(team))
    page = OpenPage(team, "author", change)
    queued(team, change)
    drain()
    assert "applied change" in page.asks()
    assert NEXT_PIECE.search(page.shown) is None


def test_asking_while_nothing_is_new_is_cheap(team: Team) -> None:
    page = OpenPage(team, "author", opened(team))
    with CaptureQueriesContext(connection) as queries:
        page.asks()
    assert len(queries) <= 5, [query["sql"][:80] for query in queries]


def test_applying_another_plan_than_the_one_on_the_page_is_refused(team: Team) -> None:
    change = approved(team, opened(team))
    operator = Client()
    operator.force_login(team["operator"])
    address = reverse("change-apply", args=[change.pk])
    assert operator.post(address, {"plan_digest": "0" * 64}).status_code == 409
    assert fresh(change).state == "approved"
    assert operator.post(address, {"plan_digest": change.plan_digest}).status_code == 302
