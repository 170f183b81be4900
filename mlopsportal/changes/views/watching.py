"""What became of a change while somebody has its page open; reads rows, decides nothing and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from mlopsportal.audit.models import Event
from mlopsportal.changes.models import ChangeRequest


@dataclass(frozen=True)
class Opened:
    """What the reader's page showed when it was loaded: its revision and plan digest ("" while there was none), the
    newest event then, and whether something was being worked out or sent."""

    revision: int
    digest: str
    event: int
    was_moving: bool = False

    @classmethod
    def now(cls, change: ChangeRequest, *, is_moving: bool) -> Opened:
        return cls(change.revision_number, change.plan_digest, newest_event(change), is_moving)

    @classmethod
    def of(cls, request: HttpRequest) -> Opened | None:
        """Return what a page asks with; None for an address that no page made."""
        revision, event = (request.GET.get(name, "") for name in ("revision", "event"))
        if not all(text.isascii() and text.isdigit() and len(text) < 18 for text in (revision, event)):
            return None
        return cls(int(revision), request.GET.get("digest", "")[:64], int(event), request.GET.get("moving") == "1")

    def query(self) -> dict[str, str]:
        """Return the parameters with which the page asks what became of the change."""
        moving = {"moving": "1"} if self.was_moving else {}
        return {"revision": str(self.revision), "digest": self.digest, "event": str(self.event), **moving}

    def is_outdated_by(self, change: ChangeRequest) -> bool:
        """Is what the reader sees no longer what a review or an apply would be about?"""
        if change.revision_number != self.revision:
            return True
        return bool(self.digest and change.plan_digest and change.plan_digest != self.digest)


def newest_event(change: ChangeRequest) -> int:
    """Return the key of the newest event about the change; 0 before the first."""
    keys = Event.objects.filter(change=change.pk).order_by("-id").values_list("pk", flat=True)
    return keys.first() or 0
