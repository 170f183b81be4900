"""The two workspaces of this room, their sandboxes running as long as the tests do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox_server import RunningSandbox
from tests.security import world as building
from tests.security.world import MINE, THEIRS, World, marked_sandbox


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[dict[str, RunningSandbox]]:
    with marked_sandbox(MINE) as mine, marked_sandbox(THEIRS) as theirs:
        yield {MINE: mine, THEIRS: theirs}


@pytest.fixture
def world(db: None, sandboxes: dict[str, RunningSandbox]) -> World:
    return building.world(sandboxes)
