from __future__ import annotations

from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from mlopsportal.accounts.adapters import person_of_claims
from mlopsportal.accounts.models import User
from mlopsportal.audit.actions import Action
from mlopsportal.audit.models import Event
from tests.accounts.people import make_user

pytestmark = pytest.mark.django_db

TENANT = "11111111-2222-3333-4444-555555555555"
PERSON = f"entra:{TENANT}:aaaaaaaa-0000-0000-0000-000000000001"


@pytest.fixture(autouse=True)
def entra(settings: Settings) -> None:
    settings.ENTRA_TENANT_ID = TENANT
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "entra",
                    "name": "Microsoft Entra ID",
                    "client_id": "client",
                    "secret": "secret",
                    "settings": {"server_url": f"https://login.microsoftonline.com/{TENANT}/v2.0"},
                }
            ]
        }
    }


def claims(**changed: Any) -> dict[str, Any]:
    told = {"sub": "pairwise-1", "tid": TENANT, "oid": PERSON.rpartition(":")[2], "preferred_username": "alice@x.org"}
    return {
        "id_token": {**told, **changed},
        "userinfo": {"sub": "pairwise-1", "email": "alice@x.org", "name": "Alice L"},
    }


def arrive(answer: dict[str, Any], process: str = "login", *, next_url: str = "") -> tuple[Any, HttpResponse]:
    """Come back from the identity provider with this answer; return the request afterwards and the response."""
    request = RequestFactory().get("/accounts/oidc/entra/login/callback/")
    request.session = SessionStore()
    request.user = AnonymousUser()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]  # as the middleware does
    request.allauth = type("Space", (), {})()  # type: ignore[attr-defined]  # as the middleware does
    with context.request_context(request):
        from allauth.socialaccount.adapter import get_adapter as social_adapter

        provider = social_adapter().get_provider(request, "entra")
        login: SocialLogin = provider.sociallogin_from_response(request, answer)
        login.state = {"process": process, **({"next": next_url} if next_url else {})}
        return request, complete_login(request, login)


def actions() -> list[str]:
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def test_the_first_sign_in_makes_an_account_of_that_person_without_any_role() -> None:
    request, response = arrive(claims())
    assert response.status_code == 302
    user = User.objects.get()
    assert (user.person, user.first_name) == (PERSON, "Alice")
    assert not user.has_usable_password()
    assert not user.memberships.exists()
    assert request.user == user
    assert actions() == [Action.ACCOUNT_CREATED, Action.SIGN_IN_SUCCEEDED]


def test_the_next_sign_in_finds_it_again_whatever_the_names_say() -> None:
    arrive(claims())
    arrive(claims(preferred_username="renamed@x.org"))
    assert User.objects.count() == 1
    assert actions()[2:] == [Action.SIGN_IN_SUCCEEDED]


def test_an_account_already_known_as_that_person_is_linked() -> None:
    alice = make_user("alice")
    User.objects.filter(pk=alice.pk).update(person=PERSON)
    arrive(claims())
    assert SocialAccount.objects.get().user == alice
    assert User.objects.count() == 1


def test_the_mail_address_of_another_account_links_nothing() -> None:
    victim = make_user("victim")
    User.objects.filter(pk=victim.pk).update(email="alice@x.org")
    request, _ = arrive(claims())
    assert request.user != victim
    assert User.objects.count() == 2


def test_a_person_linked_by_an_administrator_stays_linked() -> None:
    arrive(claims())
    User.objects.update(person="entra:linked:before")
    arrive(claims())
    assert User.objects.get().person == "entra:linked:before"


@pytest.mark.parametrize(
    "answer", [claims(oid=None), claims(tid=None), claims(tid="another"), {"userinfo": {"sub": "pairwise-1"}}]
)
def test_an_identity_without_a_person_of_the_tenant_is_refused(answer: dict[str, Any]) -> None:
    request, response = arrive(answer)
    assert response.status_code == 403
    assert b"Sign-in with Microsoft Entra ID failed" in response.content
    assert not request.user.is_authenticated
    assert not User.objects.exists()


def test_accounts_are_not_connected_by_their_owners() -> None:
    _, response = arrive(claims(), process="connect")
    assert response.status_code == 403
    assert not SocialAccount.objects.exists()


def test_a_disabled_account_does_not_come_in() -> None:
    arrive(claims())
    User.objects.update(is_active=False)
    request, response = arrive(claims())
    assert response.headers["Location"] == reverse("account_inactive")
    assert not request.user.is_authenticated


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/"])
def test_it_leads_nowhere_else(target: str) -> None:
    _, response = arrive(claims(), next_url=target)
    assert response.headers["Location"] == "/"


def test_the_key_of_a_person_is_the_same_whatever_the_capitals() -> None:
    assert person_of_claims(claims(oid="AAAAAAAA-0000-0000-0000-000000000001", tid=TENANT.upper())) == PERSON


def test_the_sign_in_page_offers_it_where_it_is_configured() -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert "Sign in with Microsoft Entra ID" in page
    assert 'action="/accounts/oidc/entra/login/' in page


def test_it_is_not_offered_where_it_is_not(settings: Settings) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Entra" not in Client().get("/accounts/login/").content.decode()
    assert Client().post("/accounts/oidc/entra/login/").status_code == 404


def test_local_sign_up_stays_closed() -> None:
    with context.request_context(RequestFactory().get("/")):
        assert not get_adapter().is_open_for_signup(RequestFactory().get("/"))
