"""Gives each request an id and each answer the headers Django and django-csp leave out; knows no session."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")


class RequestIdMiddleware:
    """Puts `request.request_id` on the request, into the log lines and into `X-Request-ID` of the answer.

    A caller's own id is kept when it is 8 to 64 letters, digits, dots, dashes and underscores; else a new one is
    made. Answers nobody gave a caching rule stay out of shared caches and are asked for again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = accepted(request.headers.get("X-Request-ID", "")) or uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]  # read by accounts.actors
        token = current_request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            current_request_id.reset(token)
        response["X-Request-ID"] = request_id
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ["HX-Request"])
        return response


class PieceRedirectMiddleware:
    """Turns a redirect in answer to a piece of a page (htmx) into one of the whole page.

    The browser would follow it unseen and put another page, the sign-in page say, into the piece. A piece that was
    only asked for has the page loaded again, which then leads to the right place; one that did something leads on.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.headers.get("HX-Request") != "true" or response.status_code not in _REDIRECTS:
            return response
        address = response["Location"]
        response.status_code = 200
        del response["Location"]
        if request.method == "GET":
            response["HX-Refresh"] = "true"
        else:
            response["HX-Redirect"] = address
        return response


def accepted(text: str) -> str:
    """Return the id a caller sent, "" when it is not fit for a log line."""
    return text if _REQUEST_ID.fullmatch(text) else ""
