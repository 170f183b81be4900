"""The gallery in a real browser: nothing axe finds, nothing the policy refuses, nothing wider than the screen.

With MLOPSPORTAL_TEST_SHOTS=FOLDER it also writes what it saw there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js"
pytestmark = [pytest.mark.browser, pytest.mark.urls("tests.ui.gallery")]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console says: policy violations and script errors."""
    return []


def open_gallery(
    chromium: Browser, address: str, complaints: list[str], *, theme: str = "light", width: int = 1440
) -> Page:
    context = chromium.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "theme", "value": theme, "url": address}])
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    page.goto(f"{address}/gallery/")
    page.locator(".js-plotly-plot").wait_for()
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_piece_is_accessible_and_fits(
    live_portal: str, chromium: Browser, complaints: list[str], theme: str, width: int
) -> None:
    page = open_gallery(chromium, live_portal, complaints, theme=theme, width=width)
    violations = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id))"
    )
    assert violations == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert complaints == []
    if folder := os.environ.get("MLOPSPORTAL_TEST_SHOTS"):
        page.screenshot(path=f"{folder}/gallery-{theme}-{width}.png", full_page=True)
    page.context.close()


def test_no_width_makes_the_page_scroll_sideways(live_portal: str, chromium: Browser, complaints: list[str]) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    for width in (1600, 1411, 1410, 1261, 1260, 1121, 1120, 861, 860, 801, 800, 521, 520, 381, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"document.documentElement.scrollWidth === {width}", timeout=5000)
        assert page.evaluate("document.querySelector('.top').offsetHeight") == 48
    page.context.close()


def test_the_theme_is_chosen_and_kept(live_portal: str, chromium: Browser, complaints: list[str]) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    before = page.evaluate("getComputedStyle(document.querySelector('.plot .xtick text')).fill")
    page.get_by_text("reviewer", exact=True).first.click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    assert page.evaluate("getComputedStyle(document.querySelector('.plot .xtick text')).fill") != before
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.context.close()


def test_shortcuts_work_outside_fields_and_can_be_switched_off(
    live_portal: str, chromium: Browser, complaints: list[str]
) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("?j")
    assert page.locator("#keys").get_attribute("open") is None
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.locator("#keys").get_attribute("open") is not None
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.at') !== null")
    page.evaluate("document.body.dataset.shortcuts = 'off'")
    page.keyboard.press("?")
    assert page.locator("#keys").get_attribute("open") is None
    page.context.close()


def test_go_to_keys_follow_the_top_bar(live_portal: str, chromium: Browser, complaints: list[str]) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    page.keyboard.press("g")
    with page.expect_navigation(url="**/w/churn-prod/runs/"):
        page.keyboard.press("r")
    page.context.close()


def test_a_copy_button_copies_the_whole_text(live_portal: str, chromium: Browser, complaints: list[str]) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy plan digest").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "9b1e" + "0" * 56 + "c07a"
    page.context.close()


def test_a_polled_region_is_swapped_once_and_made_alive(
    live_portal: str, chromium: Browser, complaints: list[str]
) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    region = page.locator("#live")
    region.get_by_text("Plan made now").wait_for()
    assert region.locator("[data-copy]").is_visible()
    assert "\n" in str(region.locator("time").get_attribute("title"))
    page.wait_for_timeout(2200)
    assert len([url for url in asked if url.endswith("/gallery/piece/")]) == 1
    assert complaints == []
    page.context.close()


def test_a_refusal_is_shown_where_the_answer_was_expected(
    live_portal: str, chromium: Browser, complaints: list[str]
) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    page.get_by_role("button", name="Ask").click()
    page.locator("#refused").get_by_text("Changed since you opened it.").wait_for()
    page.context.close()


def test_a_fault_leaves_the_page_as_it_is_and_says_so(
    live_portal: str, chromium: Browser, complaints: list[str]
) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    page.get_by_role("button", name="Break").click()
    page.get_by_text("The portal does not answer").wait_for()
    assert page.get_by_role("button", name="Break").is_visible()
    page.context.close()


def test_a_wide_graph_can_be_made_to_fit(live_portal: str, chromium: Browser, complaints: list[str]) -> None:
    page = open_gallery(chromium, live_portal, complaints)
    wide = "(g => g.scrollWidth > g.clientWidth)(document.querySelector('.graph'))"
    assert not page.evaluate(wide)  # a little too wide only: it fits from the start
    page.get_by_role("button", name="Fit").first.click()
    assert page.evaluate(wide)
    page.get_by_role("button", name="Fit").first.click()
    assert not page.evaluate(wide)
    page.context.close()


def test_the_page_can_be_read_without_script(live_portal: str, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_portal}/gallery/")
    assert page.get_by_role("link", name="prep_data, prep_data:1, Completed").is_visible()
    assert page.locator("[data-copy]").first.is_hidden()
    context.close()
