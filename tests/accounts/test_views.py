from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mlopsportal.accounts.models import ApiToken, Membership, User
from mlopsportal.accounts.permissions import Role
from tests.accounts.people import PASSWORD, bearer, browser_of, make_site_admin, make_user, make_workspace, token_of

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert("x")</script>'


def text_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


# Tokens


def test_a_token_is_shown_once_and_works() -> None:
    client = browser_of(make_user("alice"))
    assert "No tokens yet" in text_of(client, "/tokens/")
    page = client.post("/tokens/", {"name": "build", "days": "30"}).content.decode()
    secret = re.search(r"mlops_[0-9a-f]{64}", page)
    assert secret
    assert secret[0] not in text_of(client, "/tokens/")
    assert Client().get("/api/v1/audit/", headers=bearer(secret[0])).status_code == 403
    assert Client().get("/api/v1/audit/", headers=bearer("mlops_" + "0" * 64)).status_code == 401


@pytest.mark.parametrize(
    ("name", "days"), [("", "30"), ("x", "0"), ("x", "366"), ("x", "many"), ("x\x00", "3"), ("x", "9" * 400)]
)
def test_a_wrong_token_is_explained_at_its_field(name: str, days: str) -> None:
    response = browser_of(make_user("alice")).post("/tokens/", {"name": name, "days": days})
    assert response.status_code == 422
    assert b"aria-invalid" in response.content
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_by_its_owner_only() -> None:
    alice, bob = make_user("alice"), make_user("bob")
    token, secret = token_of(alice)
    path = f"/tokens/{token.ref}/revoke/"
    assert browser_of(bob).post(path).status_code == 404
    assert browser_of(alice).get(path).status_code == 405
    assert browser_of(alice).post(path).status_code == 302
    assert Client().get("/api/v1/audit/", headers=bearer(secret)).status_code == 401


def test_the_tokens_of_others_are_not_listed() -> None:
    token_of(make_user("alice"), "alice's build")
    assert "alice" not in text_of(browser_of(make_user("bob")), "/tokens/").replace("alice.js", "")


def test_a_token_opens_no_page() -> None:
    _, secret = token_of(make_user("alice"))
    assert Client().get("/tokens/", headers=bearer(secret)).status_code == 302


# Members


def test_an_admin_grants_and_revokes_a_role() -> None:
    workspace = make_workspace()
    client = browser_of(make_user("admin", Role.ADMIN, workspace=workspace))
    make_user("alice")
    path = "/workspaces/demo/members/"
    assert client.post(path, {"user": "alice", "role": "author"}).status_code == 302
    assert ">alice<" in text_of(client, path).replace(" ", "")
    membership = Membership.objects.get(user__username="alice")
    assert client.post(f"{path}{membership.pk}/revoke/").status_code == 302
    assert not Membership.objects.filter(user__username="alice").exists()


@pytest.mark.parametrize(
    "form", [{"user": "nobody", "role": "author"}, {"user": "alice", "role": "king"}, {}, {"user": "\x00"}]
)
def test_a_wrong_grant_is_explained(form: dict[str, str]) -> None:
    client = browser_of(make_user("admin", Role.ADMIN, workspace=make_workspace()))
    make_user("alice")
    response = client.post("/workspaces/demo/members/", form)
    assert response.status_code == 422
    assert b"aria-invalid" in response.content


def test_only_admins_see_the_members_and_strangers_see_no_workspace() -> None:
    workspace = make_workspace()
    make_user("boss", Role.ADMIN, workspace=workspace)
    viewer, stranger = make_user("viewer", Role.VIEWER, workspace=workspace), make_user("stranger")
    refusal = text_of(browser_of(viewer), "/workspaces/demo/members/", 403)
    assert "It takes the role admin. Ask boss." in refusal
    for client in (browser_of(stranger), browser_of(viewer)):
        form = {"user": "stranger", "role": "admin"}
        assert client.post("/workspaces/demo/members/", form).status_code in (403, 404)
    assert "boss" not in text_of(browser_of(stranger), "/workspaces/demo/members/", 404)
    assert not Membership.objects.filter(user=stranger).exists()


def test_a_membership_is_revoked_through_its_own_workspace_only() -> None:
    here, there = make_workspace(), make_workspace("there")
    client = browser_of(make_user("admin", Role.ADMIN, workspace=here))
    make_user("other", Role.ADMIN, workspace=there)
    foreign = Membership.objects.get(user__username="other")
    assert client.post(f"/workspaces/demo/members/{foreign.pk}/revoke/").status_code == 404
    assert Membership.objects.filter(pk=foreign.pk).exists()


def test_the_member_list_takes_the_same_queries_for_many() -> None:
    workspace = make_workspace()
    client = browser_of(make_user("admin", Role.ADMIN, workspace=workspace))
    counts = []
    for start in (0, 20):
        for number in range(start, start + 20):
            make_user(f"user{number}", Role.VIEWER, workspace=workspace)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text_of(client, "/workspaces/demo/members/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


# Users


def test_a_site_administrator_makes_finds_and_disables_an_account() -> None:
    client = browser_of(make_site_admin())
    made = client.post("/users/", {"username": "alice", "full_name": "Alice L", "password": PASSWORD})
    alice = User.objects.get(username="alice")
    assert made.headers["Location"] == f"/users/{alice.ref}/"
    assert "No role yet" in text_of(client, f"/users/{alice.ref}/")
    assert "alice" in text_of(client, "/users/?q=LIC")
    assert "No account matches" in text_of(client, "/users/?q=zzz")
    client.post(f"/users/{alice.ref}/active/")
    assert not User.objects.get(username="alice").is_active
    client.post(f"/users/{alice.ref}/active/", {"active": "on"})
    assert User.objects.get(username="alice").is_active


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "root", "password": PASSWORD},
        {"username": "x", "password": "short"},
        {"username": HOSTILE, "password": PASSWORD},
    ],
)
def test_a_wrong_account_is_explained(form: dict[str, str]) -> None:
    response = browser_of(make_site_admin()).post("/users/", form)
    assert response.status_code == 422
    assert b"aria-invalid" in response.content
    assert b"<script>alert" not in response.content
    assert User.objects.count() == 1


def test_accounts_are_linked_on_the_page() -> None:
    client, alice, second = browser_of(make_site_admin()), make_user("alice"), make_user("alice2")
    assert client.post(f"/users/{second.ref}/link/", {"same_as": "nobody"}).status_code == 422
    assert client.post(f"/users/{second.ref}/link/", {"same_as": "alice2"}).status_code == 422
    assert client.post(f"/users/{second.ref}/link/", {"same_as": "alice"}).status_code == 302
    assert "count as one reviewer" in text_of(client, f"/users/{alice.ref}/")


def test_users_are_for_site_administrators_only() -> None:
    admin = make_user("admin", *Role, workspace=make_workspace())
    client = browser_of(admin)
    paths = ["/users/", *(f"/users/{admin.ref}/{verb}" for verb in ("", "active/", "password/", "link/"))]
    for path in paths:
        answers = {client.post(path, {"username": "x", "same_as": "admin", "password": PASSWORD}).status_code}
        assert answers | {client.get(path).status_code} <= {403, 405}
    assert User.objects.count() == 1


def test_an_unknown_account_is_not_found() -> None:
    assert browser_of(make_site_admin()).get(f"/users/{uuid4()}/").status_code == 404


def test_hostile_names_are_shown_as_text() -> None:
    workspace = make_workspace()
    victim = make_user("victim", Role.ADMIN, workspace=workspace)
    User.objects.filter(pk=victim.pk).update(username=HOSTILE, first_name=HOSTILE, last_name="\u202egnp.exe")
    victim.refresh_from_db()
    token_of(victim, HOSTILE)
    root = browser_of(make_site_admin())
    for client, path in (
        (browser_of(victim), "/tokens/"), (browser_of(victim), "/workspaces/demo/members/"),
        (root, "/users/"), (root, f"/users/{victim.ref}/"),
    ):  # fmt: skip
        page = text_of(client, path)
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/tokens/", "/users/", "/workspaces/demo/members/", "/accounts/password/change/"])
def test_pages_take_sign_in_and_posts_take_the_csrf_token(path: str) -> None:
    make_workspace()
    assert Client().get(path).status_code == 302
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_site_admin())
    assert client.post(path, {"name": "x", "days": "1"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/tokens/",
        "/users/",
        "/workspaces/demo/members/",
        "/accounts/login/",
        "/accounts/logout/",
        "/accounts/password/change/",
    ],
)
def test_every_field_has_its_label_and_nothing_is_inline(path: str) -> None:
    make_workspace()
    client = Client() if "login" in path else browser_of(make_site_admin())
    page = text_of(client, path)
    for field in re.findall(r'<(?:input|select|textarea)\b[^>]*\bid="([^"]+)"', page):
        assert f'for="{field}"' in page
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page)
