"""The REST tests stand on the two workspaces of the security tests."""

from __future__ import annotations

from tests.security.conftest import sandboxes, world

__all__ = ["sandboxes", "world"]
