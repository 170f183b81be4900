"""Nothing of a workspace reaches those who do not belong to it: no page, list, count, search, export or JSON."""

from __future__ import annotations

import re
from collections import deque
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import Role
from tests.security.routes import content_of, routes
from tests.security.world import MINE, THEIRS, Side, World, browser_of

LINK = re.compile(r'(?:href|hx-get|src)="(/[^"#]*)')
ADDRESS = re.compile(r'"(http://testserver/[^"]*)"')
WORDS = ("Prepare", "weekly", "prep", "title", "image", "exp")
STARTS = (
    "/",
    *(f"/search/?q={word}" for word in WORDS),
    *(f"/changes/?q={word}" for word in WORDS),
    *("/audit/", "/changes/", "/workspaces/", "/tokens/", "/changes/new/"),
    *("/api/v1/workspaces/", "/api/v1/changes/", "/api/v1/changes/?size=1", "/api/v1/audit/", "/api/v1/audit/?size=7"),
)
MOST_PAGES = 400


def member_of_everything(side: Side) -> User:
    """Somebody with every role of one workspace and none of the other."""
    user = User.objects.create_user(f"{side.mark}-everything", password="correct horse battery")
    for role in Role:
        Membership.objects.create(user=user, workspace=side.workspace, role=role)
    return user


def crawled(client: Client, starts: list[str]) -> dict[str, str]:
    """Follow every link from the starting places; return what each address answered."""
    found: dict[str, str] = {}
    waiting = deque(starts)
    while waiting and len(found) < MOST_PAGES:
        address = waiting.popleft()
        if address in found:
            continue
        cache.clear()
        response = client.get(address)
        assert response.status_code < 500 or address == "/readyz", address
        text = content_of(response).decode()
        found[address] = text
        if response.status_code in (301, 302):
            waiting.append(response["Location"])
        links = [unescape(link) for link in LINK.findall(text)]
        links += [urlsplit(link).path + "?" + urlsplit(link).query for link in ADDRESS.findall(text)]
        waiting.extend(urljoin(address, link) for link in links if "logout" not in link and "/static/" not in link)
    return found


def test_a_member_of_one_workspace_meets_nothing_of_the_other(world: World) -> None:
    client = browser_of(member_of_everything(world.mine))
    own = [route.address(world.mine) for route in routes()]
    pages = crawled(client, [*STARTS, *own])
    assert len(pages) > 100
    assert sum(MINE in text for text in pages.values()) > 50
    assert [address for address, text in pages.items() if THEIRS in text] == []


def test_somebody_with_no_role_meets_nothing_of_either(world: World) -> None:
    pages = crawled(browser_of(world.outsider), list(STARTS))
    assert [address for address, text in pages.items() if THEIRS in text or MINE in text] == []


def test_a_visitor_meets_nothing_of_either(world: World) -> None:
    pages = crawled(Client(), [*STARTS, *(route.address(world.mine) for route in routes() if not route.parameters)])
    assert [address for address, text in pages.items() if f"{THEIRS} " in text or f"{MINE} " in text] == []


@pytest.mark.parametrize("export", ["csv", "json"])
def test_an_export_of_the_log_holds_ones_own_workspace_only(world: World, export: str) -> None:
    response = world.mine.browser("auditor").post("/audit/export/", {"format": export})
    text = content_of(response).decode()
    assert MINE in text
    assert THEIRS not in text


def test_every_object_of_the_other_workspace_is_not_there(world: World) -> None:
    client = browser_of(member_of_everything(world.mine))
    for route in routes():
        if not route.parameters or set(route.parameters) <= {"code", "provider_id"} or route.name.startswith("user-"):
            continue
        for response in (route.get(client, world.theirs), route.post(client, world.theirs)):
            cache.clear()
            assert response.status_code in (404, 405), route
            assert f"{THEIRS} " not in content_of(response).decode(), route


def test_an_object_of_the_other_workspace_is_not_reached_through_ones_own(world: World) -> None:
    client, theirs = browser_of(member_of_everything(world.mine)), world.theirs.named
    own, rest = f"/w/{MINE}", f"/api/v1/workspaces/{MINE}"
    mixed = [
        f"{own}/runs/{theirs['run']}/",
        f"{own}/runs/{world.mine.named['run']}/logs/{theirs['step']}/",
        f"{own}/components/{THEIRS}_prep/versions/1/",
        f"{own}/schedules/{THEIRS}_weekly/",
        f"{own}/schedules/{MINE}_weekly/states/{theirs['state']}/",
        f"{rest}/runs/{theirs['run']}/",
        f"{rest}/components/{THEIRS}_prep/versions/",
        f"/api/v1/compare/?left={MINE}/component:{MINE}_prep:1&right={THEIRS}/component:{THEIRS}_prep:1",
    ]
    for address in mixed:
        assert client.get(address).status_code == 404, address
    assert client.post(f"/workspaces/{MINE}/members/{theirs['membership']}/revoke/").status_code == 404
    for ref in (f"{THEIRS}/run:{theirs['run']}", f"run:{theirs['run']}"):
        answer = client.get(f"{rest}/lineage/", {"ref": ref})
        assert answer.status_code in (400, 404) or f"{THEIRS}_" not in answer.content.decode(), ref


def test_the_other_workspace_cannot_be_named_in_a_body(world: World) -> None:
    client = browser_of(member_of_everything(world.mine))
    body = {"workspace": THEIRS, "title": "x", "documents": [{"path": "a.yml", "content": "x: 1"}]}
    for address in ("/api/v1/changes/", "/api/v1/documents/check/"):
        assert client.post(address, body, content_type="application/json").status_code == 404
    assert client.post("/changes/new/", {"ws": THEIRS, "title": "x"}).status_code == 404
