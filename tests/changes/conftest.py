"""A sandbox of its own for each test of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlopsportal.changes import applying
from tests.changes.building import Team, make_team, stocked_sandbox
from tests.sandbox_server import RunningSandbox


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with stocked_sandbox() as running:
        yield running


@pytest.fixture
def team(db: None, sandbox: RunningSandbox) -> Team:
    return make_team(sandbox)


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read back after moments, where a worker would wait for seconds."""
    monkeypatch.setattr(applying, "LOOKS_SECONDS", (0.0, 0.05, 0.1))
