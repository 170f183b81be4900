from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from mlopsportal.accounts.authentication import find_token
from mlopsportal.accounts.models import ApiToken
from mlopsportal.accounts.permissions import Role
from tests.accounts.people import bearer, browser_of, make_user, make_workspace, token_of

pytestmark = pytest.mark.django_db

PATH = "/api/v1/audit/"


def test_it_works() -> None:
    _, secret = token_of(make_user("auditor", Role.AUDITOR, workspace=make_workspace()))
    response = Client().get(PATH, headers=bearer(secret))
    assert response.status_code == 200
    assert response.json()["results"] == []


def test_without_anything_it_is_401_and_says_how() -> None:
    response = Client().get(PATH)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="mlopsportal"'
    assert response.json()["detail"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer mlops_" + "0" * 64,
        "bearer a b c",
        "Bearer mlops_\xff",
        "Bearer " + "a" * 9000,
    ],
)
def test_a_wrong_header_is_401(header: str) -> None:
    response = Client().get(PATH, headers={"authorization": header})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_another_scheme_is_no_token() -> None:
    _, secret = token_of(make_user("auditor", Role.AUDITOR, workspace=make_workspace()))
    assert Client().get(PATH, headers={"authorization": f"Token {secret}"}).status_code == 401
    assert Client().get(f"{PATH}?token={secret}").status_code == 401


def test_an_expired_token_is_refused_and_stays_listed() -> None:
    _, secret = token_of(make_user("auditor", Role.AUDITOR, workspace=make_workspace()))
    ApiToken.objects.update(expiry=now() - timedelta(seconds=1))
    assert Client().get(PATH, headers=bearer(secret)).status_code == 401
    assert ApiToken.objects.get().is_expired


def test_a_token_with_the_same_beginning_is_not_the_token() -> None:
    _, secret = token_of(make_user("alice"))
    assert find_token(secret) is not None
    assert find_token(secret[:-1] + ("0" if secret[-1] != "0" else "1")) is None


def test_a_token_is_found_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    _, secret = token_of(make_user("alice"))
    with django_assert_num_queries(1):
        find_token(secret)


def test_a_wrong_token_is_not_helped_by_a_session() -> None:
    client = browser_of(make_user("auditor", Role.AUDITOR, workspace=make_workspace()))
    assert client.get(PATH).status_code == 200
    assert client.get(PATH, headers=bearer("mlops_" + "0" * 64)).status_code == 401


def test_a_member_without_the_right_gets_403_and_whom_to_ask() -> None:
    _, secret = token_of(make_user("viewer", Role.VIEWER, workspace=make_workspace()))
    response = Client().get(PATH, headers=bearer(secret))
    assert response.status_code == 403
    assert "auditor" in response.json()["detail"]
