"""The help pages and the pages of refusal; knows words and check codes, no table."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mlopsportal.ui.glossary import WORDS


def help_page(request: HttpRequest) -> HttpResponse:
    """What the words mean and which keys there are."""
    return render(request, "ui/help/help.html", {"words": WORDS})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 400 page: says what could not be read (`handler400`)."""
    return render(request, "400.html", {"reason": str(exception)}, status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose token does not fit (`CSRF_FAILURE_VIEW`)."""
    return render(request, "403_csrf.html", status=403)
