from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.views import APIView

from mlopsportal.accounts.throttles import ByAccount, ByAddress
from tests.accounts.people import make_user


def visitor(claimed: str) -> Request:
    request = Request(RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR=claimed))
    request.user = AnonymousUser()
    return request


def test_visitors_are_counted_by_address_whatever_they_claim() -> None:
    let_through = [ByAddress().allow_request(visitor(f"203.0.113.{number}"), APIView()) for number in range(61)]
    assert let_through == [True] * 60 + [False]


@pytest.mark.django_db
def test_signed_in_callers_are_let_through_at_least_six_hundred_times_a_minute() -> None:
    request = visitor("")
    request.user = make_user("alice")
    assert all(ByAccount().allow_request(request, APIView()) for _ in range(601))


def test_the_rest_door_is_throttled_by_these() -> None:
    assert list(APIView.throttle_classes) == [ByAddress, ByAccount]
