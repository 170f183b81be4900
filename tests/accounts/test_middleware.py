from __future__ import annotations

import pytest
from django.test import Client

from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.actions import Action
from mlopsportal.audit.lines import told_by
from mlopsportal.audit.models import Event
from tests.accounts.people import bearer, browser_of, make_user, make_workspace, token_of

pytestmark = pytest.mark.django_db


def refusals() -> list[Event]:
    return list(Event.objects.filter(action=Action.ACCESS_REFUSED).select_related("detail").order_by("id"))


def test_a_refusal_is_recorded_for_the_members_workspace() -> None:
    user = make_user("viewer", Role.VIEWER, workspace=make_workspace())
    browser_of(user).get("/workspaces/demo/members/")
    (event,) = refusals()
    assert (event.actor_ref, event.workspace) == (str(user.ref), "demo")
    assert told_by(event)["facts"] == {"method": "GET", "view": "member-list"}
    assert event.detail.note == "/workspaces/demo/members/"


def test_the_same_refusal_is_recorded_once_in_a_while() -> None:
    client = browser_of(make_user("viewer", Role.VIEWER, workspace=make_workspace()))
    for _ in range(3):
        client.get("/workspaces/demo/members/")
    client.post("/workspaces/demo/members/")
    assert len(refusals()) == 2


def test_a_refused_token_is_recorded_as_one() -> None:
    _, secret = token_of(make_user("viewer", Role.VIEWER, workspace=make_workspace()))
    Client().get("/api/v1/audit/", headers=bearer(secret))
    (event,) = refusals()
    assert told_by(event)["actor"]["kind"] == "token"


def test_a_stranger_writes_nothing_into_the_log_of_a_workspace() -> None:
    make_workspace()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("stranger"))
    assert client.post("/workspaces/demo/members/").status_code == 403
    assert [event.workspace for event in refusals()] == [""]


def test_a_visitor_leaves_no_refusal() -> None:
    Client(enforce_csrf_checks=True).post("/accounts/login/")
    assert refusals() == []
