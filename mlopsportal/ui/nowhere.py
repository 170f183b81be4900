"""What REST answers where there is nothing, so that a program gets JSON there too; knows no address."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView


class NowhereView(APIView):
    """Answers 404 to whoever is known, 401 to anybody else; stays out of the OpenAPI document."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound("There is nothing at this address.")
