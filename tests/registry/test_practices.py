"""The levels of a workspace: its own over the defaults, who sets them, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from rest_framework.response import Response
from rest_framework.test import APIClient

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.models import Event
from mlopsportal.specs.codes import CODES
from mlopsportal.specs.practices import DEFAULTS, LEVELS, Level
from registry.errors import LevelsChanged
from registry.models import PracticeLevel, Workspace
from registry.practices import levels_of
from registry.workflow import set_practice_levels
from tests.registry.building import make_user, make_workspace

pytestmark = pytest.mark.django_db
PAGE, REST = "/w/demo/practices/", "/api/v1/workspaces/demo/practices/"


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def test_a_new_workspace_has_the_defaults(workspace: Workspace) -> None:
    assert levels_of(workspace) == DEFAULTS
    assert [*levels_of(workspace)] == [*DEFAULTS]


def test_its_own_levels_stand_over_the_defaults_and_forgotten_codes_are_left_out(workspace: Workspace) -> None:
    PracticeLevel.objects.create(workspace=workspace, code="owned", level="hard")
    PracticeLevel.objects.create(workspace=workspace, code="no-such-practice", level="hard")
    other = make_workspace(slug="other")
    assert levels_of(workspace) == {**DEFAULTS, "owned": "hard"}
    assert levels_of(other) == DEFAULTS


def test_a_practice_has_one_known_level_in_a_workspace(workspace: Workspace) -> None:
    PracticeLevel.objects.create(workspace=workspace, code="owned", level="hard")
    with pytest.raises(IntegrityError), transaction.atomic():
        PracticeLevel.objects.create(workspace=workspace, code="owned", level="soft")
    with pytest.raises(IntegrityError), transaction.atomic():
        PracticeLevel.objects.create(workspace=workspace, code="described", level="loud")


def test_setting_levels_is_one_event_with_before_and_after_and_keeps_only_what_differs(workspace: Workspace) -> None:
    admin = actor_of_user(make_user("anna", workspace, role=Role.ADMIN))
    found = set_practice_levels(workspace, {**DEFAULTS, "owned": "hard", "no-secrets": "soft"}, actor=admin)
    assert found == levels_of(workspace) == {**DEFAULTS, "owned": "hard", "no-secrets": "soft"}
    event = Event.objects.get(action="practices.changed")
    assert event.detail.before == {"no-secrets": "hard", "owned": "advisory"}
    assert event.detail.after == {"no-secrets": "soft", "owned": "hard"}
    assert b'"weaker":"no-secrets"' in bytes(event.leaf).replace(b" ", b"")
    set_practice_levels(workspace, {"owned": "advisory"}, actor=admin)
    assert [*PracticeLevel.objects.values_list("code", "level")] == [("no-secrets", "soft")]


def test_the_same_levels_again_are_no_event(workspace: Workspace) -> None:
    admin = actor_of_user(make_user("anna", workspace, role=Role.ADMIN))
    set_practice_levels(workspace, DEFAULTS, actor=admin)
    assert not Event.objects.filter(action="practices.changed").exists()
    assert not PracticeLevel.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_its_admins_set_levels(workspace: Workspace, role: Role) -> None:
    with pytest.raises(PermissionDenied):
        set_practice_levels(workspace, {"owned": "off"}, actor=actor_of_user(make_user("vera", workspace, role=role)))
    assert levels_of(workspace) == DEFAULTS


def test_a_token_of_an_admin_sets_nothing(workspace: Workspace) -> None:
    anna = make_user("anna", workspace, role=Role.ADMIN)
    with pytest.raises(PermissionDenied):
        set_practice_levels(workspace, {"owned": "off"}, actor=actor_of_user(anna, "token"))


def test_who_did_not_touch_a_level_leaves_what_somebody_else_has_set_meanwhile(workspace: Workspace) -> None:
    admin = actor_of_user(make_user("anna", workspace, role=Role.ADMIN))
    set_practice_levels(workspace, {"owned": "hard"}, actor=admin)
    wanted: dict[str, Level] = {**DEFAULTS, "described": "soft"}
    found = set_practice_levels(workspace, wanted, actor=admin, opened=DEFAULTS)
    assert found == levels_of(workspace) == {**DEFAULTS, "owned": "hard", "described": "soft"}
    assert Event.objects.filter(action="practices.changed").latest("pk").detail.after == {"described": "soft"}


def test_a_level_that_two_have_changed_differently_is_set_by_neither_and_nor_is_the_rest(workspace: Workspace) -> None:
    admin = actor_of_user(make_user("anna", workspace, role=Role.ADMIN))
    set_practice_levels(workspace, {"owned": "hard"}, actor=admin)
    with pytest.raises(LevelsChanged, match="owned is hard now"):
        set_practice_levels(workspace, {"owned": "soft", "described": "soft"}, actor=admin, opened=DEFAULTS)
    assert levels_of(workspace) == {**DEFAULTS, "owned": "hard"}


def test_two_who_change_a_level_to_the_same_are_no_rivals(workspace: Workspace) -> None:
    admin = actor_of_user(make_user("anna", workspace, role=Role.ADMIN))
    for _ in range(2):
        found = set_practice_levels(workspace, {"owned": "hard"}, actor=admin, opened=DEFAULTS)
    assert found == {**DEFAULTS, "owned": "hard"}
    assert Event.objects.filter(action="practices.changed").count() == 1


# The page


def form(opened: Mapping[str, str] = DEFAULTS, **levels: str) -> dict[str, str]:
    return {**DEFAULTS, **{code.replace("_", "-"): level for code, level in levels.items()}} | {
        "opened": json.dumps(dict(opened))
    }


def signed_in(workspace: Workspace, role: Role, name: str = "anna") -> Client:
    client = Client()
    client.force_login(make_user(name, workspace, role=role))
    return client


def test_everyone_who_reads_the_workspace_sees_the_levels_and_only_admins_the_form(workspace: Workspace) -> None:
    shown = signed_in(workspace, Role.VIEWER, "vera").get(PAGE).content.decode()
    assert all(f"/help/checks/{code}/" in shown for code in DEFAULTS)
    assert "<select" not in shown
    assert shown.count(" by default") == len(DEFAULTS)
    assert shown.index("It takes the role admin") < shown.index("What the levels mean")
    shown = signed_in(workspace, Role.ADMIN).get(PAGE).content.decode()
    assert shown.count("<select") == len(DEFAULTS)
    assert "It takes the role admin" not in shown
    assert PAGE in signed_in(workspace, Role.VIEWER, "vito").get("/w/demo/").content.decode()


def test_an_admin_sets_levels_on_the_page(workspace: Workspace) -> None:
    client = signed_in(workspace, Role.ADMIN)
    assert client.post(PAGE, form(owned="hard", modular="off")).status_code == 302
    assert levels_of(workspace) == {**DEFAULTS, "owned": "hard", "modular": "off"}
    told = client.get(PAGE).content.decode()
    assert "Weaker than before, as the audit log tells too: modular." in told
    assert "Set by somebody else" not in told
    assert signed_in(workspace, Role.OPERATOR, "olga").post(PAGE, form(owned="off")).status_code == 403


def test_a_page_opened_before_somebody_else_made_a_check_hard_does_not_switch_it_off(workspace: Workspace) -> None:
    client = signed_in(workspace, Role.ADMIN)
    client.post(PAGE, form(owned="hard"))
    assert client.post(PAGE, form(described="soft")).status_code == 302
    assert levels_of(workspace) == {**DEFAULTS, "owned": "hard", "described": "soft"}
    told = client.get(PAGE).content.decode()
    assert "Set by somebody else meanwhile, and left so: Somebody owns it is hard." in told
    assert "Weaker than before" not in told


def test_rivals_are_shown_with_both_levels_and_nothing_else_that_was_chosen_is_lost(workspace: Workspace) -> None:
    client = signed_in(workspace, Role.ADMIN)
    client.post(PAGE, form(owned="hard", modular="hard"))
    answer = client.post(PAGE, form(owned="soft", described="soft"))
    alert = " ".join(strip_tags(answer.content.decode().partition('role="alert"')[2].partition("</div>")[0]).split())
    assert answer.status_code == 409
    assert "Somebody owns it was advisory when you opened this page. It is hard now, and you chose soft." in alert
    assert CODES["modular"].title not in alert
    assert levels_of(workspace) == {**DEFAULTS, "owned": "hard", "modular": "hard"}
    again = sent_by_the_browser(answer)
    assert {code: again[code] for code in DEFAULTS} == {
        **DEFAULTS,
        "owned": "soft",
        "described": "soft",
        "modular": "hard",
    }
    assert json.loads(again["opened"]) == levels_of(workspace)
    assert client.post(PAGE, {**again, "owned": "hard"}).status_code == 302
    assert levels_of(workspace) == {**DEFAULTS, "owned": "hard", "modular": "hard", "described": "soft"}


def test_rivals_that_are_saved_once_more_are_as_the_second_has_chosen(workspace: Workspace) -> None:
    client = signed_in(workspace, Role.ADMIN)
    client.post(PAGE, form(owned="hard"))
    again = sent_by_the_browser(client.post(PAGE, form(owned="off")))
    assert client.post(PAGE, again).status_code == 302
    assert levels_of(workspace) == {**DEFAULTS, "owned": "off"}
    assert "Weaker than before, as the audit log tells too: owned." in client.get(PAGE).content.decode()


def sent_by_the_browser(answer: Any) -> dict[str, str]:
    """Return what the form of an answer would send, were it sent as it is shown."""
    shown = answer.context["page"].form
    return {field.html_name: field.value() for field in shown}


@pytest.mark.parametrize(
    "spoiled",
    [
        {"owned": "loud"},
        {"owned": ""},
        {"opened": ""},
        {"opened": "[]"},
        {"opened": '{"x": "off"}'},
        {"opened": "{}"},
        {"opened": '{"owned": "off"}'},
    ],
)
def test_a_form_that_cannot_be_read_changes_nothing(workspace: Workspace, spoiled: dict[str, str]) -> None:
    answer = signed_in(workspace, Role.ADMIN).post(PAGE, {**form(modular="off"), **spoiled})
    assert (answer.status_code, "Nothing was saved" in answer.content.decode()) == (422, True)
    assert levels_of(workspace) == DEFAULTS


def test_the_page_asks_as_much_for_many_levels_as_for_none(workspace: Workspace) -> None:
    client = signed_in(workspace, Role.ADMIN)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as none:
        client.get(PAGE)
    PracticeLevel.objects.bulk_create(PracticeLevel(workspace=workspace, code=code, level="off") for code in DEFAULTS)
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    assert len(many) == len(none) < 10


# REST


def rest(user: Any) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def sent(client: APIClient, verb: str, body: dict[str, Any]) -> Response:
    answer: Response = getattr(client, verb)(REST, body, format="json")
    return answer


def test_rest_lists_sets_and_changes_levels(workspace: Workspace) -> None:
    client = rest(make_user("anna", workspace, role=Role.ADMIN))
    found = client.get(REST).json()
    assert found["next"] is None
    assert {row["code"]: row["level"] for row in found["results"]} == DEFAULTS
    assert all(row["title"] and row["default"] in LEVELS for row in found["results"])
    changed = sent(client, "patch", {"levels": {"owned": "hard"}}).data
    assert {row["code"]: row["level"] for row in changed["results"]} == {**DEFAULTS, "owned": "hard"}
    assert sent(client, "put", {"levels": {"modular": "off"}}).status_code == 200
    assert levels_of(workspace) == {**DEFAULTS, "modular": "off"}


@pytest.mark.parametrize("verb", ["patch", "put"])
def test_rest_leaves_what_others_set_meanwhile_and_refuses_rivals(workspace: Workspace, verb: str) -> None:
    client = rest(make_user("anna", workspace, role=Role.ADMIN))
    sent(client, "patch", {"levels": {"owned": "hard"}})
    answer = sent(client, verb, {"levels": {"owned": "advisory", "described": "soft"}, "opened": DEFAULTS})
    assert answer.status_code == 200
    assert levels_of(workspace) == {**DEFAULTS, "owned": "hard", "described": "soft"}
    refused = sent(client, verb, {"levels": {"owned": "off", "modular": "off"}, "opened": DEFAULTS})
    assert (refused.status_code, "owned is hard now" in refused.data["detail"]) == (409, True)
    assert levels_of(workspace)["modular"] == DEFAULTS["modular"]


def test_rest_refuses_what_cannot_be_set_what_was_changed_and_who_may_not(workspace: Workspace) -> None:
    anna = make_user("anna", workspace, role=Role.ADMIN)
    client = rest(anna)
    spoiled: list[dict[str, Any]] = [{}, {"levels": {"owned": "loud"}}, {"levels": {"banana": "off"}}, {"levels": []}]
    for body in spoiled:
        assert sent(client, "patch", body).status_code == 400
    refused = sent(client, "patch", {"levels": {"owned": "off"}, "opened": {"owned": "hard"}})
    assert (refused.status_code, refused.data["detail"]) == (
        409,
        "Since you opened them, levels were changed: owned is advisory now.",
    )
    viewer = rest(make_user("vera", workspace))
    assert viewer.get(REST).status_code == 200
    assert sent(viewer, "patch", {"levels": {"owned": "off"}}).status_code == 403
    assert rest(make_user("olaf")).get(REST).status_code == 404
    assert levels_of(workspace) == DEFAULTS
