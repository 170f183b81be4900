"""The page of one change, put together from its parts; decides no right and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from mlopsportal.audit.actions import Actor
from mlopsportal.changes.models import ChangeRequest, Plan
from mlopsportal.changes.states import NEXT, State
from mlopsportal.changes.views.acts import Act, May, acts_of
from mlopsportal.changes.views.approvals import ShownApprovals
from mlopsportal.changes.views.checklist import Checklist
from mlopsportal.changes.views.documents import ShownRevision
from mlopsportal.changes.views.folding import Folding
from mlopsportal.changes.views.history import History
from mlopsportal.changes.views.planned import ShownPlan
from mlopsportal.changes.views.watching import Opened, Watch

TABS: Final = ("plan", "conversation", "documents", "checks", "timeline")


@dataclass(frozen=True)
class Tab:
    key: str
    word: str
    count: int = 0


class ChangePage:
    """Everything `changes/change_detail.html` shows of one change to one reader; each part is read when asked for."""

    def __init__(
        self,
        change: ChangeRequest,
        actor: Actor,
        *,
        tab: str = "plan",
        revision: int | None = None,
        opened: Opened | None = None,
        folding: Folding | None = None,
    ) -> None:
        self.change = change
        self.tab = tab if tab in TABS else "plan"
        self.folding = folding or Folding()
        self.revision = ShownRevision(change, self.folding, number=revision)
        self.approvals = ShownApprovals(change, actor)
        self.checks = Checklist(change, actor, self.revision)
        self.planned = ShownPlan(change, self.revision, self.approvals, self.folding)
        self.history = History(change, self.approvals)
        self.watch = Watch(change, self.tab, opened)
        self.may = May(change, actor)

    @property
    def template(self) -> str:
        return f"changes/_{self.tab}.html"

    @property
    def path(self) -> str:
        """Where this page is read. Its links begin with it: a refused verb is answered with the page, too, and the
        address of a verb cannot be read."""
        return reverse("change-detail", args=[self.change.number])

    @property
    def address(self) -> str:
        """This page, on its tab; the first tab needs no word."""
        query = f"?{urlencode({'tab': self.tab})}" if self.tab != TABS[0] else ""
        return f"{self.path}{query}"

    @cached_property
    def tabs(self) -> list[Tab]:
        return [
            Tab("plan", "Plan", self.planned.count),
            Tab("conversation", "Conversation", len(self.history.conversation)),
            Tab("documents", "Documents", self.revision.count),
            Tab("checks", "Checks", self.checks.count),
            Tab("timeline", "Timeline"),
        ]

    @property
    def plan(self) -> Plan | None:
        return self.change.plan

    @cached_property
    def wish(self) -> str:
        """How much is asked for: steps once they are known, documents before."""
        steps = self.planned.count
        count, noun = (steps, "change") if steps else (self.revision.count, "document")
        return f"{count} {noun}{'' if count == 1 else 's'}"

    @property
    def next(self) -> str:
        return NEXT[State(self.change.state)]

    @property
    def reason_tone(self) -> str:
        bad = {State.FAILED, State.PLAN_FAILED, State.REJECTED, State.PARTIALLY_APPLIED}
        warn = {State.STALE, State.UNKNOWN, State.CHANGES_REQUESTED, State.WAITING_FOR_LOCK}
        return "bad" if self.change.state in bad else "warn" if self.change.state in warn else ""

    @property
    def is_applied(self) -> bool:
        return self.change.state == State.APPLIED

    @cached_property
    def acts(self) -> list[Act]:
        return list(acts_of(self.change, self.may, self.revision, self.checks, is_moving=self.watch.is_moving))
