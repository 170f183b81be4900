"""Keyset paging for the REST lists: `{results, next}`; knows DRF and `paging`, no table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.exceptions import ParseError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from mlopsportal.ui.paging import DEFAULT_SIZE, MAX_SIZE, BadCursor, KeysetPage, paginate


class KeysetPagination(BasePagination):
    """Pages by the view's `keyset_order`; `next` is the full address of the next page, or null."""

    default_order: ClassVar[tuple[str, ...]] = ("-id",)
    page: KeysetPage[Any]
    request: Request

    def paginate_queryset(
        self, queryset: QuerySet[Any, Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return the rows of the page. Raises ParseError (400) for a cursor or size that cannot be read.

        Raises TypeError for anything but a queryset: a list has no keys to walk by.
        """
        if not isinstance(queryset, QuerySet):
            raise TypeError("only a queryset can be paged")
        order: Sequence[str] = getattr(view, "keyset_order", self.default_order)
        self.request = request
        try:
            self.page = paginate(queryset, request, order=order, size=getattr(view, "page_size", DEFAULT_SIZE))
        except BadCursor as error:
            raise ParseError(str(error)) from error
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next_address()})

    def next_address(self) -> str | None:
        if self.page.next is None:
            return None
        query = self.request.GET.copy()
        query["cursor"] = self.page.next
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the OpenAPI schema of a page of `schema`."""
        next_schema = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": next_schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Return the OpenAPI query parameters of a list."""
        size = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": DEFAULT_SIZE}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
            {"name": "size", "in": "query", "required": False, "schema": size},
        ]
