from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries
from rest_framework.request import Request

from mlopsportal.accounts.actors import actor_of, actor_of_user, visitor
from mlopsportal.accounts.models import Membership
from mlopsportal.accounts.permissions import Permission, Role
from mlopsportal.accounts.roles import can
from tests.accounts.people import make_user, make_workspace, token_of

pytestmark = pytest.mark.django_db


def request_of(user: Any, **meta: str) -> Any:
    request = RequestFactory().get("/", **meta)  # type: ignore[arg-type]  # WSGI variables
    request.user = user
    request.request_id = "req-12345678"  # type: ignore[attr-defined]
    return request


def test_it_works() -> None:
    user = make_user("alice")
    actor = actor_of(request_of(user, REMOTE_ADDR="192.0.2.7"))
    assert (actor.kind, actor.user_id, actor.name, actor.person) == ("session", user.pk, "alice", user.person)
    assert (actor.ref, actor.ip, actor.request_id) == (str(user.ref), "192.0.2.7", "req-12345678")
    assert actor.is_person_in_session


def test_a_request_with_a_token_makes_a_tokens_actor() -> None:
    user = make_user("alice")
    request = Request(request_of(user))
    request.user, request.auth = user, token_of(user)[0]
    assert actor_of(request).kind == "token"
    assert not actor_of(request).is_person_in_session


def test_a_visitor_is_nobody() -> None:
    for actor in (actor_of(request_of(AnonymousUser())), visitor(request_of(AnonymousUser()))):
        assert actor.user_id is None
        assert not actor.is_person_in_session


def test_roles_are_asked_once_a_request_and_anew_in_the_next(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    workspace = make_workspace()
    user = make_user("alice", Role.VIEWER, workspace=workspace)
    request = request_of(user)
    with django_assert_num_queries(1):
        assert can(actor_of(request), Permission.READ, workspace)
        assert not can(actor_of(request), Permission.OPEN, workspace)
    Membership.objects.create(user=user, workspace=workspace, role=Role.AUTHOR)
    assert can(actor_of(request_of(user)), Permission.OPEN, workspace)


def test_outside_a_request_nothing_is_remembered() -> None:
    workspace = make_workspace()
    user = make_user("alice", Role.VIEWER, workspace=workspace)
    actor = actor_of_user(user)
    assert can(actor, Permission.READ, workspace)
    Membership.objects.all().delete()
    assert not can(actor, Permission.READ, workspace)
