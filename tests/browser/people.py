"""People in front of a browser: signed in, watched for everything a page must not do, and able to use REST."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    StorageState,
    WebError,
)

from tests.browser.portal import PASSWORD, Portal

AXE = (Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_TELL_OF_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy ${event.violatedDirective} refused ${event.blockedURI} at ${document.location}`))"""
_LOOK = """rules => axe.run(document, {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]})
    .then(found => found.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 200)}`)))"""


# Nothing goes on by itself from here.
STUCK = {"plan_failed", "failed", "stale", "partially_applied", "no_change", "rejected", "withdrawn", "applied"}


@dataclass
class Watch:
    """What the browser had to complain about; statuses in `expected` are no complaint."""

    complaints: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(_TELL_OF_VIOLATIONS)
        context.on("console", self.console)
        context.on("weberror", self.error)
        context.on("requestfailed", self.failed)
        context.on("response", self.answered)

    def console(self, message: ConsoleMessage) -> None:
        # A refusal by the server is told by `answered`, which knows what the test expects.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text}")

    def error(self, error: WebError) -> None:
        self.complaints.append(f"script: {error.error}")

    def failed(self, request: Request) -> None:
        # Leaving a page breaks off its polling.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"request: {request.failure} {request.url}")

    def answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.complaints.append(f"answer: {response.status} {response.url}")


@dataclass
class Person:
    """Somebody with a browser of their own."""

    name: str
    portal: Portal
    context: BrowserContext
    page: Page
    watch: Watch

    def goes(self, path: str) -> Page:
        """Open a page of the portal."""
        try:
            self.page.goto(self.portal.at(path))
        except Error as error:
            if "ERR_ABORTED" not in str(error):
                raise
            # The page before was just loading itself anew, as a live one does when its state changes.
            self.page.goto(self.portal.at(path))
        return self.page

    def presses(self, button: str) -> None:
        """Press the one button of this name in the page's main part."""
        self.page.get_by_role("main").get_by_role("button", name=button, exact=True).click()

    def asks(self, path: str) -> Any:
        """GET something by REST with this browser's session."""
        return _json(self.context.request.get(self.portal.at(f"/api/v1/{path}")))

    def sends(self, path: str, body: Any) -> Any:
        """POST something by REST with this browser's session."""
        cookies = {cookie["name"]: cookie["value"] for cookie in self.context.cookies()}
        headers = {"X-CSRFToken": cookies["csrftoken"], "Referer": self.portal.at("/")}
        return _json(self.context.request.post(self.portal.at(f"/api/v1/{path}"), data=body, headers=headers))

    def waits_for(self, number: int, *states: str, seconds: float = 60) -> Any:
        """Return the change once it is in one of these states."""
        end = time.monotonic() + seconds
        while (change := self.asks(f"changes/{number}/"))["state"] not in states:
            stuck = change["state"] in STUCK or time.monotonic() > end
            assert not stuck, f"change {number} is {change['state']}, wanted {states}: {change['next']}"
            time.sleep(0.2)
        return change


def _json(answer: Any) -> Any:
    assert answer.ok, f"{answer.status} {answer.url}: {answer.text()[:500]}"
    return answer.json()


def signed_in_state(browser: Browser, portal: Portal, name: str) -> StorageState:
    """Sign in by the form and return the session's cookies."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(portal.at("/accounts/login/"))
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="My work", level=1).wait_for()
    state = context.storage_state()
    context.close()
    return state


@contextmanager
def person(browser: Browser, portal: Portal, name: str, state: StorageState | None, **options: Any) -> Iterator[Person]:
    """Open a browser for somebody; at the end nothing may have been complained of."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "storage_state": state, **options})
    context.set_default_timeout(20_000)
    watch = Watch()
    watch.over(context)
    yield Person(name, portal, context, context.new_page(), watch)
    context.close()
    assert not watch.complaints, watch.complaints


def violations(page: Page) -> list[str]:
    """Return what axe finds on the page as it is, one line an element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(_LOOK, RULES)
    return found
