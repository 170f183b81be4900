"""What the audit log refuses."""

from __future__ import annotations


class AppendOnly(Exception):
    """Somebody tried to change or delete an event."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"Audit events are append-only: {verb} refused")
        self.verb = verb


class OutsideTransaction(Exception):
    """An event was to be recorded outside the transaction of what it tells about."""

    def __init__(self, action: str) -> None:
        super().__init__(f"{action}: an event commits with its change; call record() inside transaction.atomic()")
        self.action = action


class InvalidFact(ValueError):
    """A fact that may not stand in a leaf: leaves hold machine words only."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"fact {name!r}: {reason}")
        self.name = name
        self.reason = reason
