"""Who gets what answer from every route: generated from the URLconf, held against a table in this folder."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from tests.security.routes import Route, content_of, routes
from tests.security.world import World

TABLE = Path(__file__).with_name("matrix.txt")
PRINCIPALS = (
    *("anonymous", "outsider", "viewer", "author", "reviewer", "operator", "auditor", "admin", "site_admin", "token"),
)
Answers = dict[tuple[str, str], list[str]]


def test_every_route_answers_everybody_as_the_table_says(world: World) -> None:
    found, wanted = asked(world), table()
    unknown = [" ".join([*key, *found[key]]) for key in sorted(set(found) - set(wanted))]
    assert not unknown, "routes that the table does not know, with what they answered:\n" + "\n".join(unknown)
    assert sorted(set(wanted) - set(found)) == []
    wrong = [difference(key, wanted[key], found[key]) for key in sorted(found) if wanted[key] != found[key]]
    assert not wrong, "\n".join(wrong)


def asked(world: World) -> Answers:
    clients = world.principals()
    assert set(clients) == set(PRINCIPALS)
    return {
        (route.name, method): [answer(world, clients[principal], route, method) for principal in PRINCIPALS]
        for route in routes()
        for method in ("GET", "POST")
    }


def answer(world: World, client: Client, route: Route, method: str) -> str:
    """Ask as if nobody had asked before, and say in a word what came back."""
    cache.clear()
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        response = route.get(client, world.mine) if method == "GET" else route.post(client, world.mine)
        content_of(response)
        transaction.set_rollback(True)
    client.cookies = cookies
    return word_of(response)


def word_of(response: HttpResponseBase) -> str:
    """`signin` and `done` (a redirect to the page that shows what was done), else the status."""
    if response.status_code != 302:
        return str(response.status_code)
    return "signin" if response["Location"].startswith(reverse("account_login")) else "done"


def table() -> Answers:
    """Read the table: a line for each route and method, a column for each principal in the order of its head."""
    head, *lines = (line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#"))
    assert tuple(head[2:]) == PRINCIPALS
    return {(name, method): answers for name, method, *answers in lines}


def difference(key: tuple[str, str], wanted: list[str], found: list[str]) -> str:
    pairs = zip(PRINCIPALS, wanted, found, strict=True)
    return f"{' '.join(key)}: " + ", ".join(f"{who} {a} wanted, {b} found" for who, a, b in pairs if a != b)
