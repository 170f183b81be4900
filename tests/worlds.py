"""The two marked workspaces that the tests of security and of REST stand on: built once, into a database of their own.

Their sandboxes run as long as the tests do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from copy import deepcopy

import pytest

from tests.sandbox_server import RunningSandbox
from tests.security import world as building
from tests.security.world import MINE, THEIRS, World, marked_sandbox


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[dict[str, RunningSandbox]]:
    with marked_sandbox(MINE) as mine, marked_sandbox(THEIRS) as theirs:
        yield {MINE: mine, THEIRS: theirs}


@pytest.fixture(scope="session")
def built(sandboxes: dict[str, RunningSandbox], filling: Callable[[str], AbstractContextManager[None]]) -> World:
    with filling("built"):
        return building.world(sandboxes)


@pytest.fixture
def world(built: World, db: None) -> World:
    """The world with rows of its own, which a test may change."""
    return deepcopy(built)
