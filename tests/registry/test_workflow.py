"""Who may add workspaces, point them elsewhere, and have their connection tested again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.models import Event
from registry.errors import WorkspaceExists
from registry.models import Workspace
from registry.workflow import PLACE, Settings, add_workspace, edit_workspace, settings_of
from tests.registry.building import make_user, make_workspace

pytestmark = pytest.mark.django_db
ELSEWHERE = Settings("azure", "00000000-0000-0000-0000-000000000009", "rg-New", "ws-new")
MOVES = {
    "cloud": "azure-china",
    "endpoint": "http://127.0.0.1:10",
    "subscription_id": "00000000-0000-0000-0000-000000000002",
    "resource_group": "theirs",
    "name": "theirs",
    "credential": "THEIRS",
}


def site_admin() -> User:
    return User.objects.create_superuser("root", password="correct horse battery")


@pytest.mark.parametrize("what", PLACE)
def test_an_admin_of_a_workspace_cannot_point_it_elsewhere_but_a_site_administrator_can(what: str) -> None:
    workspace = make_workspace()
    moved = replace(Settings(**settings_of(workspace)), **{what: MOVES[what]})  # type: ignore[arg-type]  # each of PLACE is a text
    with pytest.raises(PermissionDenied):
        edit_workspace(workspace, moved, actor=actor_of_user(make_user("anna", workspace, role=Role.ADMIN)))
    assert getattr(Workspace.objects.get(), what) != MOVES[what]
    edit_workspace(workspace, moved, actor=actor_of_user(site_admin()))
    assert getattr(Workspace.objects.get(), what) == MOVES[what]


def test_the_form_of_an_admin_keeps_the_place_whatever_is_sent() -> None:
    workspace, client = make_workspace(), Client()
    client.force_login(make_user("anna", workspace, role=Role.ADMIN))
    form = settings_of(workspace) | {"slug": "demo", "auto_apply": "", "tier": "staging"} | MOVES
    assert "changed by a site administrator" in client.get("/w/demo/edit/").content.decode()
    assert client.post("/w/demo/edit/", form).status_code == 302
    assert Event.objects.get(action="workspace.changed").detail.after == {"tier": "staging"}


def test_a_place_in_other_letters_is_the_same_place() -> None:
    root = actor_of_user(site_admin())
    add_workspace("one", ELSEWHERE, actor=root)
    with pytest.raises(WorkspaceExists):
        add_workspace("two", replace(ELSEWHERE, resource_group="RG-new", name="WS-New"), actor=root)


def test_an_admin_of_one_workspace_adds_another_and_becomes_its_admin() -> None:
    anna = make_user("anna", make_workspace(), role=Role.ADMIN)
    added = add_workspace("new", ELSEWHERE, actor=actor_of_user(anna))
    assert Membership.objects.get(workspace=added).role == Role.ADMIN
    assert list(Event.objects.filter(workspace="new").order_by("id").values_list("action", flat=True)) == [
        "workspace.added",
        "membership.granted",
    ]
    for other in (actor_of_user(make_user("vera", added)), actor_of_user(anna, "token")):
        with pytest.raises(PermissionDenied):
            add_workspace("more", replace(ELSEWHERE, name="more"), actor=other)


def test_who_added_a_workspace_corrects_its_place_until_it_was_synced() -> None:
    anna = actor_of_user(make_user("anna", make_workspace(), role=Role.ADMIN))
    added = add_workspace("new", ELSEWHERE, actor=anna)
    other = actor_of_user(make_user("otto", added, role=Role.ADMIN))
    with pytest.raises(PermissionDenied):
        edit_workspace(added, replace(ELSEWHERE, name="ws-others"), actor=other)
    edit_workspace(added, replace(ELSEWHERE, name="ws-right"), actor=anna)
    added.synced_at = timezone.now()
    added.save()
    with pytest.raises(PermissionDenied):
        edit_workspace(added, ELSEWHERE, actor=anna)


def test_a_connection_test_whose_worker_died_has_failed_after_two_minutes_and_can_be_asked_again() -> None:
    workspace, client = make_workspace(), Client()
    client.force_login(make_user("anna", workspace, role=Role.ADMIN))
    client.post("/w/demo/check/")
    assert "hx-get" in client.get("/w/demo/connection/").content.decode()
    Workspace.objects.update(connection_asked_at=timezone.now() - timedelta(minutes=2, seconds=1))
    shown = client.get("/w/demo/connection/").content.decode()
    assert ("No answer" in shown, "hx-get" in shown) == (True, False)
    client.post("/w/demo/check/")
    assert "hx-get" in client.get("/w/demo/connection/").content.decode()
