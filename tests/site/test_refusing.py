"""Programs get JSON from every address below /api/, also where the portal fails; people get a page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from mlopsportal.accounts.models import User

ASKED = {"X-Request-ID": "an-id-of-the-caller"}
SECRET = "canary0123456789"


@pytest.fixture
def client(db: None, settings: Any) -> Client:
    settings.ROOT_URLCONF = "tests.security.failing"
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_user("somebody"))
    return client


def test_a_failure_below_api_is_json_with_the_id_and_without_details(client: Client) -> None:
    answer = client.get("/api/v1/fails/", headers=ASKED)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"detail", "request_id"}
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "an-id-of-the-caller"
    assert SECRET not in answer.content.decode()
    assert "RuntimeError" not in answer.content.decode()


def test_a_failure_of_a_page_is_a_page(client: Client) -> None:
    answer = client.get("/fails/")
    assert answer.status_code == 500
    assert "The portal failed here" in answer.content.decode()


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/nothing/", "/api/v2/changes/", "/api/v1/changes/x/"])
def test_an_unknown_address_below_api_is_a_json_404(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "nothing at this address" in answer.json()["detail"]


def test_an_unknown_address_elsewhere_is_a_page(client: Client) -> None:
    answer = client.get("/nothing/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
