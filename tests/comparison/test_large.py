"""Pipelines of 60, 200 and 500 steps with their changed twins, published to a sandbox, mirrored and compared."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.comparison.publishing import Sandbox, publish_pair
from tests.registry.building import make_user, make_workspace, sync
from tests.sandbox_server import RunningSandbox, running_sandbox

SIZES = (60, 200, 500)
VIEWS = ("summary", "graph", "fields", "text")
LARGEST_BYTES = 1_500_000
SLOWEST_SECONDS = 1.0


@pytest.fixture(scope="module")
def published() -> Iterator[RunningSandbox]:
    with running_sandbox() as sandbox:
        for steps in SIZES:
            publish_pair(Sandbox(sandbox.url, sandbox.base), steps)
        yield sandbox


@pytest.fixture
def client(db: None, published: RunningSandbox) -> Client:
    workspace = make_workspace(published)
    sync(workspace)
    found = Client()
    found.force_login(make_user("viewer", workspace))
    return found


def pair(steps: int) -> dict[str, str]:
    return {side: f"demo/component:many_countries_{steps}:{at}" for side, at in (("left", 1), ("right", 2))}


def page(client: Client, steps: int, **more: str) -> str:
    answer = client.get(reverse("compare"), pair(steps) | more)
    assert answer.status_code == 200
    return answer.content.decode()


def compared(client: Client, steps: int) -> Any:
    return client.get("/api/v1/compare/", pair(steps)).json()


def states(body: Any) -> dict[str, int]:
    found = [node["state"] for node in body["graph"]["nodes"]]
    return {state: found.count(state) for state in dict.fromkeys(found)}


def test_the_twin_is_understood(client: Client) -> None:
    body = compared(client, 200)
    assert body["verdict"] == "breaking"
    assert body["reasons"][0]["path"] == "inputs.market_group"
    assert body["reasons"][1]["rule"] == "step-edge-type"
    assert states(body) == {"same": 191, "changed": 7, "moved": 1, "added": 4, "removed": 1}
    [broken] = [edge for edge in body["graph"]["edges"] if not edge["fits"]]
    assert (broken["from"], broken["to"]) == ("features_cy.features", "score_cy.features")
    assert body["summary"][:3] == [
        "The input market_group is new: string, required.",
        "The step score_cy: `${{parent.jobs.features_cy.outputs.features}}` is of type uri_folder; "
        "`features` takes uri_file.",
        "4 steps were added, running mc_explain:1: compare_at, compare_be, compare_bg, compare_ch.",
    ]
    assert body["summary"][-1] == "The step validate_bg is now called check_sales_bg and runs the same."


@pytest.mark.parametrize("steps", [60, 200])
def test_page_and_rest_say_the_same(client: Client, steps: int) -> None:
    body = compared(client, steps)
    summary = text_of(page(client, steps, view="summary"))
    for sentence in body["summary"]:
        assert sentence.replace("`", "") in summary
    graph = page(client, steps, view="graph", unchanged="shown")
    for state, count in states(body).items():
        word = {"same": "Unchanged"}.get(state, state.capitalize())
        assert f"{word} · {count}" in text_of(graph)
    assert graph.count('class="edge broken"') == 2  # the edge, and its line in the legend
    assert graph.count('<a href="') > len(body["graph"]["nodes"])
    fields = page(client, steps, view="fields")
    table = fields[fields.index('class="table fields"') :]
    assert table.count('<span class="pill') == len(body["changes"])
    assert body["verdict"].capitalize() in text_of(fields)


def text_of(markup: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", markup)))


def test_the_queries_of_a_view_do_not_grow_with_the_steps(client: Client) -> None:
    page(client, 60)
    for view in VIEWS:
        asked = {}
        for steps in (60, 500):
            with CaptureQueriesContext(connection) as queries:
                page(client, steps, view=view)
            asked[steps] = len(queries)
        assert asked[60] == asked[500] <= 40, (view, asked)


def test_rest_asks_as_often_for_500_steps_as_for_60(client: Client) -> None:
    asked = []
    for steps in (60, 500):
        with CaptureQueriesContext(connection) as queries:
            compared(client, steps)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 15


def test_two_hundred_steps_are_light_and_quick(client: Client) -> None:
    page(client, 200)
    wished: list[dict[str, str]] = [{"view": view} for view in VIEWS]
    wished += [{"view": "graph", "unchanged": "shown"}, {"view": "text", "lines": "all"}]
    for more in wished:
        began = time.process_time()
        shown = page(client, 200, **more)
        assert time.process_time() - began < SLOWEST_SECONDS, more
        assert len(shown.encode()) < LARGEST_BYTES, more


def test_a_large_graph_is_folded_until_somebody_opens_a_region(client: Client) -> None:
    folded = page(client, 200, view="graph")
    assert folded.count('<g class="node') < 60
    region = re.search(
        r'href="(\?[^"]*open=clean_cy[^"]*)" aria-label="2 unchanged steps|href="(\?[^"]*open=[^"]*)"', folded
    )
    assert region
    address = unescape(region[1] or region[2])
    opened = client.get(reverse("compare") + address).content.decode()
    assert opened.count('<g class="node') > folded.count('<g class="node')
    assert opened.count('<g class="node') < page(client, 200, view="graph", unchanged="shown").count('<g class="node')


def test_a_piece_of_the_text_says_which_step_it_is_about_and_has_an_address(client: Client) -> None:
    shown = page(client, 200, view="text")
    assert 'id="text-3"' in shown
    assert 'href="#text-3"' in shown
    assert "jobs / extract_be" in shown
    assert "name: many_countries_200" in page(client, 200, view="text", lines="all")


def test_fields_of_a_step_stand_below_it(client: Client) -> None:
    shown = page(client, 200, view="fields")
    assert 'id="field-jobs.train_ch"' in shown
    assert "<code>inputs.<wbr>learning_rate</code>" in shown


def test_a_step_that_moved_to_another_version_leads_to_what_changed_in_it(client: Client) -> None:
    shown = page(client, 200, view="summary")
    assert "left=demo%2Fcomponent%3Amc_train%3A1&amp;right=demo%2Fcomponent%3Amc_train%3A2" in shown
    assert 'what changed in it</a> <span class="quiet">(minor)' in shown
