"""Who reads the log: asked of the user and the request, for this app lies below accounts and cannot import it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from rest_framework.request import Request

from mlopsportal.audit.actions import Actor
from mlopsportal.audit.models import Event, EventQuerySet


class Reader(Protocol):
    """What the log asks of a user: the workspace slugs whose events they may read, None for everything."""

    def audit_scope(self) -> frozenset[str] | None: ...


class KnowsActor(Protocol):
    """What the log asks of a request: who makes it. The accounts' middleware puts it there."""

    actor: Callable[[], Actor]


def scope_of(request: HttpRequest | Request) -> frozenset[str] | None:
    """Return what the reader may see. Raises PermissionDenied, saying whom to ask, when that is nothing."""
    user: Any = request.user
    scope = cast(Reader, user).audit_scope() if user.is_authenticated else frozenset[str]()
    if scope is not None and not scope:
        raise PermissionDenied(
            "You may not read the audit log. It takes the role auditor in a workspace; an admin of it can grant that."
        )
    return scope


def events_for(request: HttpRequest | Request) -> EventQuerySet:
    """Return the events the reader may see. Raises PermissionDenied."""
    return Event.objects.all().visible_to(scope_of(request))


def actor_of_request(request: HttpRequest) -> Actor:
    return cast(KnowsActor, request).actor()
