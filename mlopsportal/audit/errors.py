"""What the audit log refuses."""

from __future__ import annotations


class AppendOnly(Exception):
    """Somebody tried to change or delete an event."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"Audit events are append-only: {verb} refused")
        self.verb = verb
