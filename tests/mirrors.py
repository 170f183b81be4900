"""One demo sandbox for the whole run of the tests, and its mirror: synced once, into a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from registry.models import Workspace
from tests.registry.building import make_workspace, sync
from tests.sandbox_server import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningSandbox]:
    """A demo workspace; tests that change or break it run one of their own."""
    with running_sandbox("demo") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def mirror(demo: RunningSandbox, filling: Callable[[str], AbstractContextManager[None]]) -> None:
    with filling("mirror"):
        sync(make_workspace(demo))


@pytest.fixture
def mirrored(mirror: None, db: None) -> Workspace:
    """The demo workspace, wholly mirrored."""
    return Workspace.objects.get(slug="demo")
