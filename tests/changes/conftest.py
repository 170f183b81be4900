"""A sandbox of its own for each test of this room, with its people."""

from __future__ import annotations

import pytest

from mlopsportal.changes import applying
from tests.changes.building import Team
from tests.sandbox_server import RunningSandbox


@pytest.fixture
def sandbox(stocked_sandbox: RunningSandbox) -> RunningSandbox:
    return stocked_sandbox


@pytest.fixture
def team(staffed: Team) -> Team:
    return staffed


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read back after moments, where a worker would wait for seconds."""
    monkeypatch.setattr(applying, "LOOKS_SECONDS", (0.0, 0.05, 0.1))
