"""The plan of a change as its page shows it: the steps with what surrounds them, and the words over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from django.utils import timezone

from mlopsportal.changes.impact import Line, impact_of_steps
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import RESUMABLE, TERMINAL, PlanState, State, StepAction
from mlopsportal.changes.views.approvals import ShownApprovals
from mlopsportal.changes.views.documents import ShownDocument, ShownRevision, problem_values
from mlopsportal.changes.views.rivals import Rival, rivals_of
from mlopsportal.changes.views.steps import ShownStep
from mlopsportal.specs import diff
from mlopsportal.specs.problems import Problem

_HEADINGS: Final = {
    State.APPROVED: "What will be done",
    State.QUEUED: "What will be done",
    State.WAITING_FOR_WINDOW: "What will be done",
    State.WAITING_FOR_LOCK: "What will be done",
    State.APPLYING: "Being done",
    State.APPLIED: "Applied",
    State.FAILED: "Not applied",
    State.PARTIALLY_APPLIED: "Applied in part",
    State.UNKNOWN: "Begun, with an open outcome",
    State.STALE: "Planned before the workspace changed",
    State.PLAN_FAILED: "The last plan",
    State.NO_CHANGE: "The plan",
    State.REJECTED: "What it would have done",
    State.WITHDRAWN: "What it would have done",
    State.SUPERSEDED: "What it would have done",
    State.EXPIRED: "What it would have done",
}
_VERDICT_TONES: Final = {"breaking": "warn", "minor": "info", "patch": "good", "unknown": "warn"}
_VERDICT_WORDS: Final = {
    "breaking": "Somebody who uses it would have to change something.",
    "minor": "Everything that uses it goes on working.",
    "patch": "The interface stays as it is.",
    "unknown": "Whether users of it are affected cannot be told.",
}


class ShownPlan:
    """The current plan of a change to one reader; every part is empty while there is none."""

    def __init__(self, change: ChangeRequest, revision: ShownRevision, approvals: ShownApprovals) -> None:
        self._change = change
        self._plan = change.plan
        self._revision = revision
        self._approvals = approvals

    @cached_property
    def steps(self) -> list[ShownStep]:
        if self._plan is None:
            return []
        rows = self._plan.steps.select_related("document").prefetch_related("attempts").order_by("position")
        shown = [ShownStep(row, tuple(row.attempts.all())) for row in rows]
        if self._change.state in TERMINAL:
            return shown
        shown = [replace(step, rivals=tuple(self._rivals_about(step.row.ref))) for step in shown]
        impact = impact_of_steps(self._change.workspace, [step.row for step in shown], now=timezone.now())
        drafts = {document.row.pk: document for document in self._revision.documents if document.follows is not None}
        return [_with_surroundings(step, impact, drafts.get(step.row.document_id or 0)) for step in shown]

    @cached_property
    def rivals(self) -> list[Rival]:
        """The other open changes that want an object of this one."""
        refs = {document.row.ref for document in self._revision.documents}
        if self._plan is not None:
            refs |= set(self._plan.steps.values_list("ref", flat=True))
        return rivals_of(self._change, refs)

    def _rivals_about(self, ref: str) -> Iterator[ChangeRequest]:
        """Return those that want this object, or its next version whichever that will be."""
        about = {ref, ref.rpartition(":")[0]}
        return (rival.change for rival in self.rivals if about & set(rival.refs))

    @property
    def heading(self) -> str:
        """What the steps are in this state: a wish, a promise, or something that was done or given up."""
        return _HEADINGS.get(State(self._change.state), "If approved")

    @property
    def requests_words(self) -> str:
        if self._change.state == State.APPLIED:
            return "what the worker sent, and nothing else"
        if self._change.state in TERMINAL:
            return "what the worker would have sent"
        if self._change.state in RESUMABLE:
            return "each says whether it was sent"
        return "what the worker will send, and nothing else"

    @property
    def missing_words(self) -> str:
        return "The plan is made as soon as a worker is there."

    @cached_property
    def problems(self) -> list[Problem]:
        return problem_values(self._plan.problems) if self._plan else []

    @property
    def verdict_tone(self) -> str:
        return _VERDICT_TONES.get(self._plan.verdict, "") if self._plan else ""

    @property
    def verdict_words(self) -> str:
        if self.steps and all(step.row.before is None for step in self.steps):
            return "Only new things: nothing that is there is changed."
        return _VERDICT_WORDS.get(self._plan.verdict, "") if self._plan else ""

    @cached_property
    def since_approved(self) -> dict[str, Any] | None:
        """What differs between the plan this reader approved and the current one; None when nothing does."""
        if self._plan is None or self._plan.state != PlanState.MADE:
            return None
        mine = self._approvals.last_of_reader
        if mine is None or mine.plan_digest == self._plan.digest:
            return None
        before = {step.ref: step.after for step in mine.plan.steps.all()}
        after = {step.row.ref: step.row.after for step in self.steps}
        return {"digest": mine.plan_digest, "changes": diff.diff(before, after)}


def _with_surroundings(step: ShownStep, impact: dict[int, list[Line]], draft: ShownDocument | None) -> ShownStep:
    """Lay beside a step whom it concerns and, where it makes a new version, the one that it follows."""
    lines = tuple(impact.get(step.row.position, ()))
    if draft is None or step.row.action != StepAction.CREATE:
        return replace(step, impact=lines)
    return replace(step, impact=lines, follows=draft.follows, draft=draft.address)
