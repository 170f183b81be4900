"""What holds for every request: no write without a token, no write by GET, the headers, and where a redirect leads."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client

from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import Role
from tests.security.routes import content_of, routes
from tests.security.world import MINE, World, browser_of, tables

ROOT = Path(__file__).parents[2]
CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


def everybody(world: World, *, root: bool = True) -> User:
    """Somebody who may do everything in the first workspace, so that no refusal stands before what is tested."""
    user = User.objects.create_user("everybody", password="correct horse battery", is_superuser=root)
    for role in Role:
        Membership.objects.create(user=user, workspace=world.mine.workspace, role=role)
    return user


def test_nothing_is_posted_without_the_forms_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(everybody(world))
    before = checksum()
    for route in routes():
        cache.clear()
        assert route.post(client, world.mine).status_code == 403, route
    assert checksum(without={"audit_event", "audit_eventdetail"}) == before  # refusals are written down


def test_a_form_sent_from_another_site_is_refused_though_it_has_the_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(everybody(world))
    token = client.get("/tokens/").cookies["csrftoken"].value
    for route in routes():
        cache.clear()
        foreign = {"X-CSRFToken": token, "Origin": "https://elsewhere.invalid"}
        assert route.post(client, world.mine, headers=foreign).status_code == 403, route


def test_looking_changes_nothing(world: World) -> None:
    client = browser_of(everybody(world))
    before = checksum(without=set())
    for route in routes():
        cache.clear()
        assert content_of(route.get(client, world.mine)) is not None
        assert client.head(route.address(world.mine)).status_code < 500 or route.name == "readyz", route
    assert checksum(without=set()) == before


def checksum(without: set[str] = frozenset({"audit_event", "audit_eventdetail"})) -> dict[str, str]:  # type: ignore[assignment]
    """A digest of every row of every table of ours and of the queue, by table."""
    found = {}
    with connection.cursor() as cursor:
        for table in [*tables(), "django_q_ormq"]:
            if table in without:
                continue
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608  # a table of ours
            found[table] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return found


# Headers


def assert_guarded(response: HttpResponseBase, where: object) -> None:
    assert {part.strip() for part in response["Content-Security-Policy"].split(";")} == CSP, where
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: response.headers.get(name) for name in wanted} == wanted, where
    assert response.headers.get("X-Request-ID"), where
    assert "public" not in response["Cache-Control"], where
    for name, cookie in response.cookies.items():
        assert cookie["samesite"] == "Lax", (where, name)
        # htmx reads the one; what is being deleted holds nothing.
        assert cookie["httponly"] or name == "csrftoken" or cookie["max-age"] == 0, (where, name)


def test_every_answer_carries_the_headers(world: World) -> None:
    clients = [Client(), browser_of(everybody(world))]
    for route in routes():
        for client in clients:
            cache.clear()
            for response in (route.get(client, world.mine), route.post(client, world.mine)):
                assert_guarded(response, (route, response.status_code))
                content_of(response)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere/", 404), ("/api/v1/nowhere/", 404), ("/w/nobody/", 404), ("/changes/new/?action=banana", 400)],
)
def test_every_error_carries_the_headers(world: World, path: str, status: int) -> None:
    response = browser_of(everybody(world)).get(path)
    assert response.status_code == status
    assert_guarded(response, path)


def test_a_failure_says_nothing_of_its_cause_and_carries_the_headers(
    world: World, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = "tests.security.failing"
    client = browser_of(everybody(world))
    client.raise_request_exception = False
    for path in ("/fails/", "/api/v1/fails/"):
        response = client.get(path)
        assert response.status_code == 500
        assert_guarded(response, path)
        assert b"canary" not in response.content
        assert b"Traceback" not in response.content


def test_a_host_that_is_not_ours_is_refused(world: World) -> None:
    response = Client().get("/accounts/login/", headers={"host": "elsewhere.invalid"})
    assert response.status_code == 400
    assert b"elsewhere" not in response.content


def test_with_tls_on_the_deployment_check_finds_nothing() -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MLOPSPORTAL_")},
        "DJANGO_SETTINGS_MODULE": "mlopsportal.settings",
        "MLOPSPORTAL_TLS": "on",
        "MLOPSPORTAL_SECRET_KEY": hashlib.sha512(b"only for this test").hexdigest(),
    }
    command = [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stderr
    assert "identified no issues" in told.stdout


# Redirects

HOSTS = ("evil.invalid", "evil.invalid/x", "user@evil.invalid", "testserver.evil.invalid", "evil.invalid:80")
SPELLINGS = (
    *("//{}", "///{}", "////{}", "https://{}", "http://{}", "HTTP://{}", "https:{}", "https:/{}", "/\\{}", "\\\\{}"),
    *("\\/{}", "/\t/{}", "\t//{}", " //{}", "\n//{}", "/%09/{}", "http:///{}", "ftp://{}", "//\\{}", "/\\/{}"),
)


@pytest.mark.parametrize("spelling", [*SPELLINGS, "javascript:alert(1)//{}", "data:text/html,{}", "//[::1]@{}"])
def test_signing_in_never_leads_to_another_place(world: World, spelling: str) -> None:
    for host in HOSTS:
        cache.clear()
        address = spelling.format(host)
        form = {"login": f"{MINE}-viewer", "password": "correct horse battery", "next": address}
        browser = Client()
        assert_own(browser.post("/accounts/login/", form))
        assert_own(browser.get("/accounts/login/", {"next": address}))
        assert_own(browser.post("/accounts/logout/", {"next": address}))


def assert_own(response: Any) -> None:
    """The answer leads nowhere, or to an address that any browser takes for one of this place."""
    if response.status_code not in (301, 302):
        assert response.status_code in (200, 400), response.status_code
        return
    location = response["Location"]
    assert urlsplit(location).netloc == "", location
    assert location.startswith("/"), location
    # Browsers drop tabs and line ends, and take a backslash for a slash.
    assert not re.sub(r"[\t\r\n]", "", location).replace("\\", "/").startswith("//"), location
