"""The portal's addresses and two that fail, with a secret in the message."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from mlopsportal import urls

handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("AccountKey=canary0123456789canary0123456789")


@api_view()
def rest_fails(request: Request) -> Response:
    raise RuntimeError("AccountKey=canary0123456789canary0123456789")


urlpatterns = [path("fails/", fails), path("api/v1/fails/", rest_fails), *urls.urlpatterns]
