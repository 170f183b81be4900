"""What became of a change while somebody has its page open; reads rows, decides nothing and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from mlopsportal.audit.models import Event
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import TERMINAL, PlanState, State
from mlopsportal.changes.views.history import Happened

_MOVING: Final = frozenset({State.PLANNING, State.QUEUED, State.APPLYING, State.WAITING_FOR_LOCK})


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


class Watch:
    """The live part of a page that is open on `tab`. `opened` is what the page showed when it was loaded; None for
    one that is being loaded."""

    def __init__(self, change: ChangeRequest, tab: str, opened: Opened | None = None) -> None:
        self._change = change
        self._tab = tab
        self._opened = opened

    @cached_property
    def is_moving(self) -> bool:
        """Is something being worked out or sent just now, so that the page should look again by itself?"""
        plan = self._change.plan
        planning = plan is not None and plan.state == PlanState.MAKING
        return self._change.state in _MOVING or (planning and self._change.state not in TERMINAL)

    @property
    def is_applying(self) -> bool:
        return self._change.state in (State.APPLYING, State.QUEUED)

    @property
    def moving_words(self) -> str:
        return (
            "Another change holds an object of this one"
            if self._change.state == State.WAITING_FOR_LOCK
            else ("Making the plan against the live workspace")
        )

    @cached_property
    def stamp(self) -> str:
        """Differs whenever the page as a whole would look different."""
        change = self._change
        plan = f"{change.plan.pk}-{change.plan.state}" if change.plan else "none"
        return f"{change.state}-{plan}-{change.revision_number}-{newest_event(change)}"

    @cached_property
    def opened(self) -> Opened:
        """What the reader's page showed when it was loaded; what is there now for a page that is being loaded."""
        return self._opened or Opened.now(self._change, is_moving=self.is_moving)

    @property
    def live_address(self) -> str:
        """Where the open page asks what became of the change."""
        query = {"tab": self._tab, "seen": self.stamp, **self.opened.query()}
        return f"{reverse('change-live', args=[self._change.number])}?{urlencode(query)}"

    @property
    def goes_on(self) -> bool:
        """May somebody still change what the page shows?"""
        return self._change.state not in TERMINAL

    @property
    def pace(self) -> str:
        """How often the open page asks: while something goes on it shows progress, else it only notices others."""
        return "1s" if self.is_moving else "5s"

    @cached_property
    def is_outdated(self) -> bool:
        return self.opened.is_outdated_by(self._change)

    @property
    def outdated_words(self) -> str:
        if self._change.revision_number != self.opened.revision:
            return "This change was revised since you opened it"
        return "This change has another plan since you opened it"

    @cached_property
    def news(self) -> list[Happened]:
        """What happened to the change since the reader opened its page, the newest first."""
        events = Event.objects.filter(change=self._change.pk, pk__gt=self.opened.event).for_list().order_by("-id")[:5]
        return [Happened.of(event) for event in events]

    @property
    def wants_reload(self) -> bool:
        """Is what the page was opened for, a plan in the making or an apply, over?"""
        return self.opened.was_moving and not self.is_moving


def newest_event(change: ChangeRequest) -> int:
    """Return the key of the newest event about the change; 0 before the first."""
    keys = Event.objects.filter(change=change.pk).order_by("-id").values_list("pk", flat=True)
    return keys.first() or 0
