"""One portal with the demo's content for all browser tests of a process, and a browser for each account."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from tests.browser.people import Person, person, signed_in_state
from tests.browser.portal import Portal, running_portal

SignedIn = Callable[..., Person]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running_portal(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture(scope="session")
def empty_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running_portal(tmp_path_factory.mktemp("empty"), "--empty") as portal:
        yield portal


@pytest.fixture(scope="session")
def state_of(browser: Browser) -> Callable[[Portal, str], StorageState]:
    """Return the cookies of an account, signed in once for all tests."""
    kept: dict[tuple[str, str], StorageState] = {}

    def state(portal: Portal, name: str) -> StorageState:
        key = (portal.address, name)
        if key not in kept:
            kept[key] = signed_in_state(browser, portal, name)
        return kept[key]

    return state


@pytest.fixture
def signed_in(browser: Browser, portal: Portal, state_of: Callable[[Portal, str], StorageState]) -> Iterator[SignedIn]:
    """Open a watched browser for an account of the demo; complaints of any of them fail the test at its end."""
    with ExitStack() as open_browsers:

        def open_for(name: str, **options: Any) -> Person:
            return open_browsers.enter_context(person(browser, portal, name, state_of(portal, name), **options))

        yield open_for
