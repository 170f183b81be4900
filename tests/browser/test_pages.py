"""Every page, wide and light, narrow and dark, with content and without: nothing refused, nothing axe finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser import places
from tests.browser.people import Person, person, violations
from tests.browser.places import PAGES, Place
from tests.browser.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.slow]
GUIDE = Path(__file__).resolve().parents[1] / "guide"
StateOf = Callable[[Portal, str], StorageState]
# Where an empty workspace has a page at all.
EMPTY = [
    *(
        "/",
        "/w/demo/",
        "/w/demo/runs/",
        "/w/demo/schedules/",
        "/w/demo/syncs/",
        "/w/demo/findings/",
        "/w/demo/lineage/",
    ),
    *(f"/w/demo/{section}/" for section in ("components", "pipelines", "data", "models", "environments")),
    *("/changes/", "/changes/?view=all", "/audit/", "/search/?q=anything", "/changes/new/?ws=demo"),
]


class Crowd:
    """One browser an account, opened when first asked for and kept: a page each is all that visiting takes."""

    def __init__(self, browser: Browser, portal: Portal, state_of: StateOf, stack: ExitStack) -> None:
        self.browser, self.portal, self.state_of, self.stack = browser, portal, state_of, stack
        self.people: dict[str | None, Person] = {}

    def __getitem__(self, name: str | None) -> Person:
        if name not in self.people:
            state = self.state_of(self.portal, name) if name else None
            self.people[name] = self.stack.enter_context(person(self.browser, self.portal, name or "", state))
        found = self.people[name]
        found.watch.expected.clear()
        found.watch.complaints.clear()
        return found


@pytest.fixture(scope="module")
def crowd(browser: Browser, portal: Portal, state_of: StateOf) -> Iterator[Crowd]:
    portal.add_root()
    with ExitStack() as stack:
        yield Crowd(browser, portal, state_of, stack)


@pytest.fixture(scope="module")
def known(crowd: Crowd) -> dict[str, str]:
    """Return what the addresses of `places` leave open: a change of two revisions, runs, an event, and so on."""
    author, viewer = crowd["author"], crowd["viewer"]
    names = {"change": str(open_change(author)), "broken": str(open_broken_change(author))}
    for status in ("Completed", "Failed"):
        [run, *_] = viewer.asks(f"workspaces/demo/runs/?status={status}")["results"]
        names[status.lower()] = run["job_name"]
    [model, *_] = viewer.asks("workspaces/demo/models/")["results"]
    [version, *_] = viewer.asks(f"workspaces/demo/models/{model['name']}/versions/")["results"]
    names["model"] = version["ref"]
    states = author.goes("/w/demo/schedules/churn-training-weekly/").locator("a[href*='/states/']")
    names["state"] = str(states.first.get_attribute("href"))
    events = crowd["auditor"].goes(f"/audit/?change={names['change']}")
    names["event"] = str(events.locator("tbody td:nth-child(2) a").first.get_attribute("href"))
    users = crowd["root"].goes("/users/")
    names["user"] = str(users.locator("tbody a[href*='/users/']").first.get_attribute("href"))
    return names


def open_change(author: Person) -> int:
    """Open a change with something of everything on its page: repairs, advice, a comment, a second revision."""
    names = ("data-prep-component.yml", "training-pipeline.yml", "pipeline-schedule.yml", "data-driven-schedule.yml")
    documents = [{"path": name, "content": renamed((GUIDE / name).read_text())} for name in names]
    body = {"workspace": "demo", "title": "Walk every page", "description": "So that each has something to show."}
    number = int(author.sends("changes/", {**body, "documents": documents, "submit": True})["number"])
    author.waits_for(number, "in_review")
    author.sends(f"changes/{number}/comments/", {"comment": "Please look at the schedule first."})
    page = author.goes(f"/changes/{number}/edit/")
    page.locator("[name=doc-2-content]").fill(documents[2]["content"].replace("hours: 2", "hours: 3"))
    author.presses("Send as revision 2")
    expect(page.locator("#state")).to_contain_text("In review", timeout=30_000)
    return number


def renamed(text: str) -> str:
    for name in ("data_preparation", "weekly_training", "data_driven_training"):
        text = text.replace(name, f"walk_{name}")
    return text


def open_broken_change(author: Person) -> int:
    """Open a draft whose document has problems on two lines."""
    document = {"path": "broken.yml", "content": "type: command\nname: has blanks in it\nversion: 1\nversion: 2\n"}
    body = {"workspace": "demo", "title": "Broken", "description": "", "documents": [document], "submit": False}
    return int(author.sends("changes/", body)["number"])


def test_every_route_is_accounted_for() -> None:
    told = PAGES.keys() - {""} | places.PIECES | places.POSTED | places.ELSEWHERE
    assert places.routes() == told


@pytest.mark.parametrize(
    "place", [place for group in PAGES.values() for place in group], ids=lambda p: f"{p.who} {p.path}"
)
def test_a_page_is_whole_wide_and_light_narrow_and_dark(crowd: Crowd, known: dict[str, str], place: Place) -> None:
    visitor = crowd[place.who]
    visitor.watch.expected = {place.status}
    answer = visitor.page.goto(visitor.portal.at(place.path.format(**known)))
    assert answer is not None
    assert answer.status == place.status
    look_at(visitor.page)
    assert visitor.watch.complaints == []


def look_at(page: Page) -> None:
    """Look at the page that is open, both ways; leave it wide and light."""
    expect(page.locator("h1")).to_have_count(1)
    page.locator(".loading").first.wait_for(state="hidden")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 1440
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert violations(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.parametrize("who", ["author", "viewer"])
def test_a_workspace_without_anything_says_what_would_fill_it(
    browser: Browser, empty_portal: Portal, state_of: StateOf, who: str
) -> None:
    with person(browser, empty_portal, who, state_of(empty_portal, who)) as visitor:
        visitor.watch.expected = {403}
        for path in EMPTY:
            visitor.goes(path)
            look_at(visitor.page)
            assert visitor.watch.complaints == [], path
        for path in ("/w/demo/components/", "/w/demo/runs/", "/changes/"):
            visitor.goes(path)
            expect(visitor.page.locator(".empty b")).to_be_visible()


def test_the_keyboard_is_enough(crowd: Crowd, known: dict[str, str]) -> None:
    page = crowd["reviewer"].goes(f"/changes/{known['change']}/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    reached = []
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        if reached[-1] == "Approve this plan":
            break
    assert reached[0] == "Changes"
    assert reached[-1] == "Approve this plan"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


@pytest.mark.parametrize("route", sorted(places.POSTED))
def test_what_is_only_posted_to_refuses_to_be_read(crowd: Crowd, known: dict[str, str], route: str) -> None:
    given: dict[str, list[Any]] = {
        "token-revoke": ["6f1c0a4e-0000-4000-8000-000000000000"],
        "member-revoke": ["demo", 1],
        "event-export": [],
        "workspace-check": ["demo"],
        "sync-now": ["demo"],
        "finding-confirm": ["demo", 1],
        "finding-dismiss": ["demo", 1],
        "run-refresh": ["demo", known["completed"]],
        "run-logs-fetch": ["demo", known["completed"], known["completed"]],
    }
    fallback = [re.sub(r".*/users/|/$", "", known["user"])] if route.startswith("user-") else [known["change"]]
    answer = crowd["root"].context.request.get(crowd.portal.at(reverse(route, args=given.get(route, fallback))))
    assert answer.status == 405
