"""What was said about a change and what happened to it, in the words of its page; reads rows and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from mlopsportal.audit.actions import Action, sentence_of
from mlopsportal.audit.lines import told_by
from mlopsportal.audit.models import Event
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import Verdict
from mlopsportal.changes.views.approvals import ShownApprovals

_TONES: Final = {
    Action.CHANGE_APPROVED: "good",
    Action.CHANGE_APPLIED: "good",
    Action.CHANGE_FAILED: "bad",
    Action.CHANGE_PLAN_FAILED: "bad",
    Action.CHANGE_REJECTED: "bad",
    Action.CHANGE_PARTIALLY_APPLIED: "bad",
    Action.CHANGE_UNKNOWN: "warn",
    Action.CHANGE_STALE: "warn",
    Action.CHANGE_APPROVALS_VOIDED: "warn",
}


@dataclass(frozen=True)
class Said:
    """One bubble of the conversation: a review or a comment."""

    who: str
    at: datetime
    text: str
    verdict: str = ""
    plan_digest: str = ""
    counts: bool = False

    @property
    def verdict_words(self) -> str:
        return {
            Verdict.APPROVE: "approved plan",
            Verdict.REQUEST_CHANGES: "asked for changes to plan",
            Verdict.REJECT: "rejected plan",
            Verdict.COMMENT: "commented on plan",
        }[Verdict(self.verdict)]


@dataclass(frozen=True)
class Happened:
    """One line of the timeline."""

    words: str
    at: datetime
    tone: str
    note: str

    @classmethod
    def of(cls, event: Event) -> Happened:
        detail = getattr(event, "detail", None)
        actor = detail.actor_name if detail and detail.actor_name else "somebody"
        words = sentence_of(
            event.action,
            actor=actor,
            target=event.target,
            change=event.change,
            workspace=event.workspace,
            facts=told_by(event).get("facts") or {},
        )
        tone = _TONES.get(Action(event.action), "") if event.action in set(Action) else ""
        return cls(words, event.at, tone, detail.note if detail else "")


class History:
    """The conversation and the timeline of one change, the oldest first."""

    def __init__(self, change: ChangeRequest, approvals: ShownApprovals) -> None:
        self._change = change
        self._approvals = approvals

    @cached_property
    def conversation(self) -> list[Said]:
        counts = self._approvals.counts
        said = [
            Said(row.reviewer.username, row.at, row.comment, row.verdict, row.plan_digest, counts(row))
            for row in self._approvals.reviews
        ]
        comments = self._change.comments.select_related("author")
        said += [Said(row.author.username, row.at, row.text) for row in comments]
        return sorted(said, key=lambda item: item.at)

    @cached_property
    def timeline(self) -> list[Happened]:
        events = Event.objects.filter(change=self._change.pk).for_list().order_by("id")[:500]
        return [Happened.of(event) for event in events]
