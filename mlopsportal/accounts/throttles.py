"""How often a REST caller may ask, counted by account or by address; knows the proxies, no view."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle

from mlopsportal.accounts.addresses import client_ip


class ByAddress(AnonRateThrottle):
    """Visitors, by the address that trusted proxies vouch for: a made-up X-Forwarded-For is no new visitor."""

    def get_ident(self, request: Request) -> str:
        return client_ip(request._request)


class ByAccount(UserRateThrottle):
    """Signed-in callers, by account, whether by session or by any of their tokens."""

    def get_ident(self, request: Request) -> str:
        return client_ip(request._request)
