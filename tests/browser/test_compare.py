"""Two pipelines of 200 steps, really published and synced, compared on a laptop, a telephone and by keyboard alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from mlopsportal.sandbox.arm import Place
from tests.browser.people import Person, person, violations
from tests.browser.portal import Portal
from tests.comparison.publishing import Sandbox, publish_pair
from tests.site.processes import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
STEPS = 200
NAME = f"many_countries_{STEPS}"
PAIR = f"/compare/?left=demo/component:{NAME}:1&right=demo/component:{NAME}:2"
SHOTS = os.environ.get("MLOPSPORTAL_TEST_SHOTS")
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"


@pytest.fixture(scope="module")
def reader(browser: Browser, portal: Portal, state_of: Callable[[Portal, str], StorageState]) -> Iterator[Person]:
    """A viewer with a laptop, once both versions are mirrored; what the browser complains of fails the last test."""
    publish_pair(Sandbox(portal.sandbox, Place(portal.sandbox).base), STEPS)
    with person(browser, portal, "operator", state_of(portal, "operator")) as operator:
        operator.goes("/w/demo/")
        operator.presses("Sync now")
        wait_for(lambda: mirrored(operator), seconds=60)
    with person(browser, portal, "viewer", state_of(portal, "viewer")) as viewer:
        yield viewer


def mirrored(person: Person) -> bool:
    return person.context.request.get(person.portal.at(f"/api/v1/workspaces/demo/pipelines/{NAME}/versions/2/")).ok


@pytest.mark.parametrize("view", ["summary", "graph", "fields", "text"])
def test_each_view_is_whole_on_a_laptop_and_on_a_telephone_light_and_dark(reader: Person, view: str) -> None:
    page = reader.goes(f"{PAIR}&view={view}")
    expect(page.get_by_role("heading", name="Breaking", level=2)).to_be_visible()
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            shoot(page, f"compare-{view}-{width}-{scheme}")
            assert violations(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")
    assert reader.watch.complaints == []


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def test_the_decision_and_its_reasons_are_on_the_first_screen(reader: Person) -> None:
    page = reader.goes(f"{PAIR}&view=graph")
    for words in ("Whoever uses version 1 must change before using version 2.", "The input market_group is new"):
        expect(page.get_by_text(words)).to_be_in_viewport()
    expect(page.get_by_role("region", name="Both graphs, one over the other")).to_be_in_viewport()


def test_the_keyboard_leads_from_change_to_change(reader: Person) -> None:
    page = reader.goes(f"{PAIR}&view=graph")
    reached = []
    for _ in range(13):
        page.keyboard.press("n")
        reached.append(str(page.evaluate(FOCUSED)))
    assert len(set(reached)) == 13
    assert all(re.search("Added|Changed|Removed|Moved", words) for words in reached)
    assert "score_cy, mc_score:2, Changed, does not fit" in reached
    expect(page.locator("[data-change].here")).to_be_in_viewport()
    page.keyboard.press("p")
    assert page.evaluate(FOCUSED) == reached[-2]
    for view, first in (("fields", "inputs"), ("text", "Lines 1–6, now 1–6")):
        reader.goes(f"{PAIR}&view={view}")
        page.keyboard.press("n")
        assert page.evaluate(FOCUSED) == first
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"#(field-inputs|text-1)$"))


def test_a_changed_step_leads_to_what_changed_in_what_it_runs(reader: Person) -> None:
    page = reader.goes(f"{PAIR}&view=graph")
    page.get_by_role("link", name="train_at, mc_train:2, Changed").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("mc_train 1 → 2")
    expect(page.get_by_role("heading", name="Minor", level=2)).to_be_visible()


def test_a_drawing_can_be_made_to_fit_and_its_regions_opened(reader: Person) -> None:
    page = reader.goes(f"{PAIR}&view=graph")
    region = page.get_by_role("region", name="Both graphs, one over the other")
    nodes = region.locator("g.node")
    few = nodes.count()
    assert few < 60
    page.get_by_role("button", name="Fit into the width").click()
    assert region.evaluate("frame => frame.scrollWidth <= frame.clientWidth")
    assert region.evaluate("frame => frame.scrollHeight <= frame.clientHeight"), "more than a screen, folded"
    region.get_by_role("link", name="7 unchanged steps").click()
    expect(nodes).to_have_count(few + 6)
    page.get_by_role("link", name="Show all steps").click()
    expect(nodes).to_have_count(204)
    page.get_by_role("button", name="Next change").click()
    expect(region.locator("[data-change].here")).to_be_in_viewport()


def test_a_telephone_shows_the_text_in_one_column(reader: Person) -> None:
    page = reader.goes(f"{PAIR}&view=text")
    page.set_viewport_size({"width": 390, "height": 844})
    added = page.locator(".diff .cell.added").first.bounding_box()
    removed = page.locator(".diff .cell.removed").first.bounding_box()
    assert added is not None
    assert removed is not None
    assert added["y"] > removed["y"]
    assert added["x"] == removed["x"]
    page.set_viewport_size({"width": 1280, "height": 800})


def test_two_versions_are_ticked_and_compared_and_swapped_by_keyboard(reader: Person) -> None:
    page = reader.goes(f"/w/demo/pipelines/{NAME}/")
    for version in ("2", "1"):
        page.get_by_role("checkbox", name=f"Compare version {version}").focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Compare the two that are ticked").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{NAME} 1 → 2")
    page.get_by_role("link", name="Swap sides").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{NAME} 2 → 1")
    page.locator("summary", has_text="other left side").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="version 1").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The same thing on both sides")).to_be_visible()


def test_everything_can_be_read_without_script(
    browser: Browser, portal: Portal, reader: Person, state_of: Callable[[Portal, str], StorageState]
) -> None:
    with person(browser, portal, "viewer", state_of(portal, "viewer"), java_script_enabled=False) as quiet:
        for view, words in (("summary", "4 steps were added"), ("fields", "learning_rate"), ("text", "LOG_LEVEL")):
            expect(quiet.goes(f"{PAIR}&view={view}").get_by_text(words).first).to_be_visible()
        quiet.goes(f"{PAIR}&view=graph")
        expect(quiet.page.get_by_role("link", name="148 unchanged steps")).to_be_visible()
        expect(quiet.page.get_by_role("button", name="Fit into the width")).to_have_count(0)
    assert reader.watch.complaints == []
