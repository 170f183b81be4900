"""The help pages and the pages of refusal; knows words and check codes, no table."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mlopsportal.specs.codes import CODES
from mlopsportal.ui.glossary import WORDS


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What the words mean and which keys there are."""
    return render(request, "ui/help/help.html", {"words": WORDS})


@require_safe
def check_list(request: HttpRequest) -> HttpResponse:
    """Every check code with its title."""
    return render(request, "ui/help/check_list.html", {"entries": list(CODES.values())})


@require_safe
def check_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Why a check is there, what is wrong and what is right."""
    entry = CODES.get(code)
    if entry is None:
        raise Http404
    return render(request, "ui/help/check_detail.html", {"entry": entry})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 400 page: says what could not be read (`handler400`).

    Only our own words for it: what the framework says of a suspicious request is for the log.
    """
    reason = str(exception) if isinstance(exception, BadRequest) else ""
    return render(request, "400.html", {"reason": reason}, status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose token does not fit (`CSRF_FAILURE_VIEW`)."""
    return render(request, "403_csrf.html", status=403)
