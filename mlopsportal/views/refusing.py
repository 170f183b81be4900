"""What is answered where no view could answer: a page to people, JSON to programs; says nothing of what went wrong
inside."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults

from mlopsportal.ui import views as pages

_REST = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 (`handler400`). Only our own words for it: what the framework says of a request is for the log."""
    if not request.path.startswith(_REST):
        return pages.bad_request(request, exception)
    reason = str(exception) if isinstance(exception, BadRequest) else "The request could not be read."
    return problem(request, 400, reason)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """403 (`handler403`)."""
    if not request.path.startswith(_REST):
        return defaults.permission_denied(request, exception)
    return problem(request, 403, "You may not do that.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404 (`handler404`)."""
    if not request.path.startswith(_REST):
        return defaults.page_not_found(request, exception)
    return problem(request, 404, "There is nothing at this address. The interface begins at /api/v1/schema/.")


def server_error(request: HttpRequest) -> HttpResponseBase:
    """500 (`handler500`): the fault itself is in the log, under the request's id."""
    if not request.path.startswith(_REST):
        return defaults.server_error(request)
    return problem(request, 500, "The portal failed here. Nothing you sent was half done.")


def problem(request: HttpRequest, status: int, detail: str) -> JsonResponse:
    """Return `{detail, request_id}`, the shape of every refusal of REST with the id to ask about."""
    request_id = getattr(request, "request_id", "")  # set by the middleware, unless it is what failed
    return JsonResponse({"detail": detail, "request_id": request_id}, status=status)
