from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from mlopsportal.accounts.addresses import client_ip


def address(peer: str, forwarded: str = "") -> str:
    return client_ip(RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded))


def test_without_proxies_a_forwarded_address_is_not_believed(settings: Settings) -> None:
    settings.PROXIES = []
    assert address("192.0.2.7", "203.0.113.9") == "192.0.2.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        ("", "203.0.113.9", ""),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(
    settings: Settings, peer: str, forwarded: str, expected: str
) -> None:
    settings.PROXIES = [ip_network("10.0.0.0/24")]
    assert address(peer, forwarded) == expected
