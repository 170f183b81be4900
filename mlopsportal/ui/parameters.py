"""The names that a query string may have: what a page or view does not read is told, never passed over in silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.views import APIView

_LONGEST = 60
PAGING = ("cursor", "size")


def strangers_in(query: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """Return the names of a query string that nothing here reads, each once, cut to what can be shown."""
    return sorted({name[:_LONGEST] for name in query if name not in known})


class StrictView(APIView):
    """A REST view that refuses (400) a query parameter it does not read, by name, once the caller may read at all.

    `takes` names what it reads; a list takes `cursor` and `size` besides, and the filters of its `filterset_class`.
    """

    takes: ClassVar[Sequence[str]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in ("GET", "HEAD"):
            self._refuse_strangers(request)

    def _refuse_strangers(self, request: Request) -> None:
        filters = getattr(getattr(self, "filterset_class", None), "base_filters", {})
        paging = PAGING if hasattr(self, "keyset_order") else ()
        known = [*self.takes, *filters, *paging]
        strangers = strangers_in(request.query_params, {*known, api_settings.URL_FORMAT_OVERRIDE})
        if strangers:
            told = f"There is no such parameter here. It takes {', '.join(known)}." if known else "It takes none."
            raise ValidationError({name: [told] for name in strangers})
