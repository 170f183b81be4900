"""A change of many documents in a browser: its list is light, each part opens with and without script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from mlopsportal.changes.views.folding import MOST_OPEN
from tests.browser.conftest import SignedIn
from tests.browser.people import Person, person, violations
from tests.browser.portal import Portal

StateOf = Callable[[Portal, str], StorageState]

DOCUMENTS = MOST_OPEN + 2
COMPONENT = """\
name: long_{number:03d}
version: "1"
type: command
display_name: Step {number}
description: Says a word of its own
inputs:
  data: {{type: uri_folder}}
outputs:
  model: {{type: uri_folder}}
command: echo own-word-{number:03d} ${{{{inputs.data}}}} ${{{{outputs.model}}}}
environment: {environment}
"""


def open_long_change(author: Person) -> int:
    """Open a change of as many components; return its number once it is in review."""
    author.goes("/")
    text: str = author.asks("workspaces/demo/components/clean_sales/versions/3/")["yaml"]
    environment = next(line for line in text.splitlines() if line.startswith("environment:")).partition(": ")[2]
    documents = [
        {"path": f"long_{number:03d}.yml", "content": COMPONENT.format(number=number, environment=environment)}
        for number in range(DOCUMENTS)
    ]
    body = {"workspace": "demo", "title": "Many steps", "description": "", "documents": documents, "submit": True}
    number = int(author.sends("changes/", body)["number"])
    author.waits_for(number, "in_review")
    return number


@pytest.fixture(scope="module")
def long_change(browser: Browser, portal: Portal, state_of: StateOf) -> int:
    with person(browser, portal, "author", state_of(portal, "author")) as author:
        return open_long_change(author)


@pytest.mark.parametrize(
    ("tab", "summary", "other"),
    [("plan", "long_003/versions/1", "long_004"), ("documents", "long_003.yml", "long_004")],
)
def test_each_part_of_a_long_change_is_opened_where_it_stands(
    signed_in: SignedIn, long_change: int, tab: str, summary: str, other: str
) -> None:
    page = signed_in("reviewer").goes(f"/changes/{long_change}/?tab={tab}")
    main = page.get_by_role("main")
    expect(main).to_contain_text(other)
    expect(main).not_to_contain_text("own-word-003")
    main.locator("summary", has_text=summary).focus()
    page.keyboard.press("Enter")
    expect(main).to_contain_text("own-word-003")
    expect(main).not_to_contain_text("own-word-004")
    assert_whole(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    assert_whole(page)


def test_without_script_a_part_opens_by_its_link(signed_in: SignedIn, long_change: int) -> None:
    page = signed_in("reviewer", java_script_enabled=False).goes(f"/changes/{long_change}/?tab=plan")
    row = page.locator("#step-3")
    row.locator("summary").click()
    row.get_by_role("link", name="Open it").click()
    expect(page.locator("#step-3")).to_contain_text("own-word-003")


def assert_whole(page: Page) -> None:
    assert violations(page) == []
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
