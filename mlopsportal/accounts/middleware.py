"""Says who makes a request, and writes refusals into the audit log; decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.models import Membership, User
from mlopsportal.audit.actions import Action, Actor
from mlopsportal.audit.log import record

REPEAT_SECONDS: Final = 60
"""The same refusal to the same account is written once in this time: asking again must not fill the log."""


class ActorMiddleware:
    """Gives the request `actor()`, and records `access.refused` for each 403 to somebody signed in, by page or REST."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # For audit, which lies below this app and cannot import it.
        request.actor = partial(actor_of, request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if response.status_code == 403 and isinstance(getattr(request, "user", None), User):
            record_refusal(request, actor_of(request))
        return response


def is_member(actor: Actor, slug: str) -> bool:
    """Say whether the account belongs to the workspace of that slug: a stranger writes nothing into its log."""
    if actor.user_id is None or not slug:
        return False
    return Membership.objects.filter(user_id=actor.user_id, workspace__slug=slug).exists()


def record_refusal(request: HttpRequest, actor: Actor) -> None:
    """Write one event, unless the same one was written within REPEAT_SECONDS."""
    match = request.resolver_match
    view = match.view_name if match else ""
    slug = str((match.kwargs.get("ws") or match.kwargs.get("slug") or "") if match else "")
    if not cache.add(f"refused:{actor.user_id}:{actor.kind}:{request.method}:{view}", 1, REPEAT_SECONDS):
        return
    with transaction.atomic():
        record(
            Action.ACCESS_REFUSED,
            actor=actor,
            workspace=slug if is_member(actor, slug) else "",
            target="",
            facts={"method": request.method, "view": view},
            note=request.path[:1000],
        )
