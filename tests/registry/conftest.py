"""What the registry's tests share: one demo sandbox for the session, read only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry.models import Workspace
from tests.registry.building import make_workspace, sync
from tests.sandbox_server import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningSandbox]:
    """A demo workspace; tests that change or break it run one of their own."""
    with running_sandbox("demo") as sandbox:
        yield sandbox


@pytest.fixture
def mirrored(db: None, demo: RunningSandbox) -> Workspace:
    """The demo workspace, wholly mirrored."""
    workspace = make_workspace(demo)
    sync(workspace)
    return workspace
