"""What a version brings about: its impact, the move of its users by keys alone, lineage, and how a model was made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.people import Person, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
USED = "/w/demo/components/prepare_customers/versions/4/impact/"
UNUSED = "/w/demo/components/clean_sales/versions/1/impact/"
LINEAGE = "/w/demo/lineage/?ref="
SHOTS = os.environ.get("MLOPSPORTAL_TEST_SHOTS")
MOST_TABS = 60
LEAST_TARGET = 24


def look_at(page: Page, name: str) -> None:
    """Look at the page wide and narrow, light and dark; a picture of each where somebody wants them."""
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], (name, width, scheme)
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == width, name
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def newest_model(viewer: Person) -> str:
    [row, *_] = viewer.asks("workspaces/demo/models/")["results"]
    [version, *_] = viewer.asks(f"workspaces/demo/models/{row['name']}/versions/")["results"]
    return str(version["ref"])


def test_the_impact_of_a_version_is_read_at_a_glance(signed_in: SignedIn) -> None:
    viewer = signed_in("viewer")
    page = viewer.goes(USED)
    expect(page.locator(".stats")).to_contain_text("next fire")
    expect(page.get_by_role("region", name="Versions, where and how")).to_contain_text("churn_training")
    look_at(page, "impact")
    expect(viewer.goes(UNUSED).locator("main")).to_contain_text("Nobody uses it")
    look_at(page, "impact-none")


def test_lineage_is_a_graph_and_a_table_that_can_be_narrowed(signed_in: SignedIn) -> None:
    viewer = signed_in("viewer")
    page = viewer.goes(f"{LINEAGE}{newest_model(viewer)}&direction=up&steps=1")
    expect(page.get_by_role("region", name="Lineage as a table")).to_contain_text("was read by")
    look_at(page, "lineage")
    page.get_by_role("checkbox", name="steps").uncheck()
    page.get_by_role("checkbox", name="component").uncheck()
    viewer.presses("Show")
    expect(page.get_by_role("region", name="Lineage as a table")).not_to_contain_text("has the step")
    page = viewer.goes(f"{LINEAGE}component:churn_training:6&depth=3")
    look_at(page, "lineage-large")
    expect(viewer.goes(f"{LINEAGE}model:device-graph-baseline:1").locator("main")).to_contain_text("Nothing is known")
    look_at(page, "lineage-none")


def test_how_a_model_was_made_says_who_approved_what_and_what_nobody_did(signed_in: SignedIn) -> None:
    viewer = signed_in("viewer")
    page = viewer.goes(f"/w/demo/making/?ref={newest_model(viewer)}")
    expect(page.locator(".note.warn")).to_contain_text("Not everything was approved here.")
    expect(page.get_by_role("region", name="Steps", exact=True)).to_contain_text("made it")
    look_at(page, "making")


def test_the_users_of_a_version_are_moved_with_keys_alone(signed_in: SignedIn) -> None:
    author = signed_in("author")
    published(author, signed_in("reviewer"), signed_in("operator"))
    page = author.goes("/w/demo/components/clean_sales/versions/3/impact/")
    reached(page, "Move its users to 4")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Move users of clean_sales 3 → 4")
    follower = page.get_by_label("pipeline demand_forecast_training")
    expect(follower).to_be_disabled()
    look_at(page, "upgrade")
    author.watch.expected.add(422)
    reached(page, "clean.region", "input")
    page.keyboard.type("north")
    expect(follower).to_be_checked()
    reached(page, "Open the change")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("clean.region needs a whole number")
    expect(page.get_by_role("textbox", name="clean.region")).to_have_value("north")
    look_at(page, "upgrade-refused")
    reached(page, "clean.region", "input")
    page.keyboard.type("7")
    reached(page, "Open the change")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Move users of clean_sales 3 to 4")
    number = int(page.url.rstrip("/").rpartition("/")[2])
    documents = author.asks(f"changes/{number}/")["documents"]
    assert [document["ref"] for document in documents][:2] == [
        "component:demand_features:4",
        "component:demand_forecast_training:5",
    ]
    author.waits_for(number, "draft", "in_review")
    page = author.goes(f"/changes/{number}/?tab=checks")
    expect(page.locator(".rows.checks a").first).to_be_visible()
    heights = page.eval_on_selector_all(".rows.checks a", "links => links.map(link => link.offsetHeight)")
    assert min(heights) >= LEAST_TARGET
    look_at(page, "checks")


def reached(page: Page, words: str, tag: str = "") -> None:
    """Press Tab until what has the focus is called so."""
    named = """tag => { const at = document.activeElement; const label = at.labels && at.labels[0];
        return (tag && at.localName !== tag) ? "" : (label || at).textContent.trim(); }"""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if str(page.evaluate(named, tag)).startswith(words):
            return
    raise AssertionError(f"{words} is not reached by {MOST_TABS} tabs")


def published(author: Person, reviewer: Person, operator: Person) -> None:
    """Publish a version of a component that asks for something more, through the ring."""
    text: str = author.asks("workspaces/demo/components/clean_sales/versions/3/")["yaml"]
    asking = text.replace("version: '3'", "version: '4'").replace(
        "inputs:\n", "inputs:\n  region:\n    type: integer\n", 1
    )
    documents = [{"path": "clean_sales.yml", "content": asking}]
    body = {"workspace": "demo", "title": "Clean by region", "description": "", "documents": documents, "submit": True}
    number = int(author.sends("changes/", body)["number"])
    digest = author.waits_for(number, "in_review")["plan"]["digest"]
    reviewer.goes("/")
    reviewer.sends(f"changes/{number}/reviews/", {"verdict": "approve", "plan_digest": digest, "comment": ""})
    operator.goes("/")
    operator.sends(f"changes/{number}/apply/", {})
    while (change := operator.asks(f"changes/{number}/"))["state"] != "applied":
        assert change["state"] in ("queued", "applying"), change["next"]
        operator.page.wait_for_timeout(200)
