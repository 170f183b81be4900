from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from mlopsportal.accounts.models import User
from mlopsportal.audit.actions import Action
from mlopsportal.audit.models import Event
from tests.accounts.people import PASSWORD, browser_of, make_site_admin, make_user, token_of

pytestmark = pytest.mark.django_db

PAGE = "/accounts/login/"


def sign_in(client: Client, name: str, password: str = PASSWORD, **extra: str) -> int:
    response = client.post(PAGE, {"login": name, "password": password}, **extra)  # type: ignore[arg-type]
    return response.status_code


def is_signed_in(client: Client) -> bool:
    return client.get("/tokens/").status_code == 200


def actions() -> list[str]:
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def test_it_works() -> None:
    user, client = make_user("alice"), Client()
    page = client.get(PAGE)
    assert b'for="id_login"' in page.content
    assert b'autocomplete="current-password"' in page.content
    assert sign_in(client, "alice") == 302
    assert is_signed_in(client)
    event = Event.objects.get()
    assert (event.action, event.actor_ref, event.workspace) == (Action.SIGN_IN_SUCCEEDED, str(user.ref), "")


def test_a_page_asks_for_sign_in_and_comes_back_to_itself() -> None:
    make_user("alice")
    client = Client()
    asked = client.get("/tokens/")
    assert asked.headers["Location"] == f"{PAGE}?next=/tokens/"
    done = client.post(f"{PAGE}?next=/tokens/", {"login": "alice", "password": PASSWORD, "next": "/tokens/"})
    assert done.headers["Location"] == "/tokens/"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "javascript:alert(1)", "http:evil.example", "https:///evil.example", " //evil.example", "\t//evil.example",
        "http://testserver@evil.example/", "http://localhost:9/",
    ],
)  # fmt: skip
def test_sign_in_leads_nowhere_else(target: str) -> None:
    make_user("alice")
    client = Client()
    response = client.post(PAGE, {"login": "alice", "password": PASSWORD, "next": target})
    assert response.headers["Location"] == "/"


def test_a_wrong_password_says_so_and_is_recorded_under_the_account() -> None:
    user, client = make_user("alice"), Client()
    response = client.post(PAGE, {"login": "alice", "password": "wrong-password-1"})
    assert response.status_code == 200
    assert b'role="alert"' in response.content
    event = Event.objects.select_related("detail").get()
    assert (event.action, event.actor_ref, event.target) == (Action.SIGN_IN_FAILED, "visitor", f"user:{user.ref}")
    assert event.detail.actor_name == "alice"


def test_what_was_typed_as_an_unknown_name_is_not_kept() -> None:
    sign_in(Client(), "hunter2-typed-in-the-wrong-field")
    event = Event.objects.select_related("detail").get()
    assert event.detail.actor_name == "an unknown account"
    assert event.target == ""


def test_a_disabled_account_cannot_sign_in_and_loses_its_sessions_and_tokens() -> None:
    user, client = make_user("alice"), Client()
    _, secret = token_of(user)
    sign_in(client, "alice")
    User.objects.update(is_active=False)
    assert not is_signed_in(client)
    assert Client().get("/api/v1/audit/", headers={"authorization": f"Bearer {secret}"}).status_code == 401
    other = Client()
    sign_in(other, "alice")
    assert not is_signed_in(other)
    assert other.get("/accounts/inactive/").status_code == 200


def test_sign_out_takes_a_post_and_is_recorded() -> None:
    client = browser_of(make_user("alice"))
    assert client.get("/accounts/logout/").status_code == 200
    assert is_signed_in(client)
    client.post("/accounts/logout/")
    assert not is_signed_in(client)
    assert actions() == [Action.SIGN_OUT]


def test_sign_in_makes_a_new_session_key() -> None:
    make_user("alice")
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    sign_in(client, "alice")
    assert client.session.session_key != before


def test_a_changed_password_ends_the_other_sessions_only() -> None:
    user = make_user("alice")
    here, there = browser_of(user), browser_of(user)
    new = "another long password"
    data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", data).status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert actions() == [Action.PASSWORD_CHANGED]
    user.refresh_from_db()
    assert user.check_password(new)


def test_a_weak_or_unproven_password_is_not_taken() -> None:
    user = make_user("alice")
    client = browser_of(user)
    for old, new in ((PASSWORD, "short"), ("wrong-password-1", "another long password"), (PASSWORD, "password1234")):
        page = client.post("/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": new})
        assert page.status_code == 200
        assert b"aria-invalid" in page.content
    assert actions() == []


def test_an_administrators_new_password_ends_all_sessions() -> None:
    user = make_user("alice")
    client = browser_of(user)
    admin = browser_of(make_site_admin())
    assert admin.post(f"/users/{user.ref}/password/", {"password": "another long password"}).status_code == 302
    assert not is_signed_in(client)


def test_there_is_no_sign_up() -> None:
    client = Client()
    form = {"username": "mallory", "password1": PASSWORD, "password2": PASSWORD}
    for response in (client.get("/accounts/signup/"), client.post("/accounts/signup/", form)):
        assert b"There is no sign-up" in response.content
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "path", ["password/reset/", "email/", "3rdparty/", "password/set/", "reauthenticate/", "login/code/"]
)
def test_what_is_not_used_of_allauth_is_not_there(path: str) -> None:
    assert Client().get(f"/accounts/{path}").status_code == 404


@pytest.mark.parametrize("path", ["password/help/", "entra/error/", "entra/cancelled/"])
def test_the_pages_of_advice_are_there(path: str) -> None:
    page = Client().get(f"/accounts/{path}")
    assert page.status_code in (200, 401)
    assert b"<h1>" in page.content


def test_guessing_at_one_account_ends_after_five_tries_whatever_the_address_claims(settings: Settings) -> None:
    make_user("alice")
    for number in range(6):
        sign_in(Client(), "alice", f"wrong-{number}", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    client = Client()
    assert sign_in(client, "alice") == 200
    assert not is_signed_in(client)
    assert actions().count(Action.SIGN_IN_FAILED) == 5


def test_guessing_at_many_accounts_from_one_address_ends_too() -> None:
    make_user("alice")
    for number in range(11):
        sign_in(Client(), f"user-{number}", "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    client = Client()
    sign_in(client, "alice")
    assert not is_signed_in(client)
    elsewhere = Client(REMOTE_ADDR="198.51.100.1")
    assert sign_in(elsewhere, "alice") == 302


def test_the_limits_are_kept_where_all_processes_see_them() -> None:
    from mlopsportal import settings as product

    assert product.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"


def test_too_many_posts_from_one_address_get_a_clear_page() -> None:
    for _ in range(60):
        Client().post(PAGE, {})
    response = Client().post(PAGE, {})
    assert response.status_code == 429
    assert b"Too many" in response.content


def test_sign_in_demands_the_csrf_token() -> None:
    make_user("alice")
    assert sign_in(Client(enforce_csrf_checks=True), "alice") == 403


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\x00", "a" * 5000, "\u202e\u200b", "' OR 1=1 --"])
def test_a_hostile_name_is_no_error_and_no_markup(name: str) -> None:
    response = Client().post(PAGE, {"login": name, "password": "x\x00y"})
    assert response.status_code == 200
    assert b"<script>alert" not in response.content
