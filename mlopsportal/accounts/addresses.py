"""From which address a request came; knows proxies, not users."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Return the client's address, "" when it has none (a Unix socket).

    X-Forwarded-For is believed only as far as trusted proxies (MLOPSPORTAL_PROXIES) wrote it: from the
    right, the first address that is not one of theirs. Anything else in the header is the client's own claim.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "")
    if not _is_trusted(peer):
        return peer
    for hop in reversed(str(request.META.get("HTTP_X_FORWARDED_FOR") or "").split(",")):
        if not _is_address(hop.strip()):
            return peer
        peer = hop.strip()
        if not _is_trusted(peer):
            return peer
    return peer


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(text: str) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in settings.PROXIES)
