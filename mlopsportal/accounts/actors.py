"""Who is behind a request or an account, as the log and the rules see them; knows no permission."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.request import Request

from mlopsportal.accounts.addresses import client_ip
from mlopsportal.accounts.models import User
from mlopsportal.audit.actions import Actor, ActorKind

_ATTRIBUTE = "_portal_actor"


def actor_of(request: HttpRequest | Request) -> Actor:
    """Return who makes this request; the same object each time, so that what is looked up about it is kept.

    A request that authenticated by a token (`request.auth`) makes a token's actor, any other a session's.
    """
    plain = request._request if isinstance(request, Request) else request
    user = request.user
    kind: ActorKind = "token" if getattr(request, "auth", None) is not None else "session"
    known: Actor | None = getattr(plain, _ATTRIBUTE, None)
    if known is not None and (known.user_id, known.kind) == (user.pk, kind):
        return known
    actor = _actor(user, kind, request_id=str(getattr(plain, "request_id", "")), ip=client_ip(plain), memo={})
    setattr(plain, _ATTRIBUTE, actor)
    return actor


def actor_of_user(user: User, kind: ActorKind = "session") -> Actor:
    """Return the actor for an account outside a request (a task, a command, a test); nothing is kept about it."""
    return _actor(user, kind, request_id="", ip="", memo=None)


def visitor(request: HttpRequest, name: str = "") -> Actor:
    """Return the actor for somebody who is not signed in; `name` is what they call themselves."""
    request_id = str(getattr(request, "request_id", ""))
    return Actor("session", None, "visitor", name or "a visitor", "visitor", request_id, client_ip(request))


def _actor(
    user: User | AnonymousUser, kind: ActorKind, *, request_id: str, ip: str, memo: dict[str, object] | None
) -> Actor:
    if not isinstance(user, User):
        return Actor(kind, None, "visitor", "a visitor", "visitor", request_id, ip)
    return Actor(kind, user.pk, str(user.ref), user.username, user.person, request_id, ip, memo)
