"""A sandbox of its own for each test, with its people."""

from __future__ import annotations

from tests.changes.conftest import sandbox, team

__all__ = ["sandbox", "team"]
