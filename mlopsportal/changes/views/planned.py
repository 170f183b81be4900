"""The plan of a change as its page shows it: the steps with what surrounds them, and the words over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from django.utils import timezone

from mlopsportal.changes.impact import impact_of_steps
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.scores import Scored, followed_by_steps, scores_of_steps
from mlopsportal.changes.states import RESUMABLE, TERMINAL, PlanState, State, StepAction, StepState
from mlopsportal.changes.told import Told, told_of
from mlopsportal.changes.views.approvals import ShownApprovals
from mlopsportal.changes.views.documents import ShownDocument, ShownRevision, problem_values
from mlopsportal.changes.views.folding import Folding, is_long
from mlopsportal.changes.views.rivals import Rival, rivals_of
from mlopsportal.changes.views.steps import ShownStep
from mlopsportal.specs import diff
from mlopsportal.specs.problems import Problem
from mlopsportal.specs.ref import Ref

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

    def __init__(
        self, change: ChangeRequest, revision: ShownRevision, approvals: ShownApprovals, folding: Folding
    ) -> None:
        self._change = change
        self._folding = folding
        self._plan = change.plan
        self._revision = revision
        self._approvals = approvals

    @cached_property
    def steps(self) -> list[ShownStep]:
        if self._plan is None:
            return []
        rows = self._plan.steps.select_related("document").prefetch_related("attempts").order_by("position")
        shown = [ShownStep(row, tuple(row.attempts.all())) for row in rows]
        shown = [replace(step, is_open=self._folding.shows(step.row.position, of=len(shown))) for step in shown]
        if self._is_past(shown):
            return self._as_told(shown)
        return self._with_rivals(self._as_told(shown) if is_long(len(shown)) else self._as_of_now(shown, shown))

    @cached_property
    def count(self) -> int:
        return self._plan.steps.count() if self._plan else 0

    @property
    def is_long(self) -> bool:
        """Are the requests listed by name, each opened by itself?"""
        return is_long(self.count)

    @property
    def is_past(self) -> bool:
        """Was anything sent, or will nothing be? Then nothing is asked again, not even about an opened step."""
        return self._is_past(self.steps)

    @property
    def is_as_told(self) -> bool:
        """Are users and scores those of the time of planning? They are once anything was sent or nothing will be, and
        for more steps than could be asked about each time somebody looks; an opened one is told as of now."""
        return self.is_long or self.is_past

    @cached_property
    def asked(self) -> ShownStep | None:
        """The one step that the reader asked for, with what holds now where nothing was sent yet."""
        found = [step for step in self.steps if step.row.position == self._folding.item]
        if not found or self.is_past:
            return found[0] if found else None
        return self._with_rivals(self._as_of_now(found, self.steps))[0]

    @property
    def asked_is_as_told(self) -> bool:
        """Do score and users of the step that the reader asked for stand as they did when the plan was made?"""
        step, told = self.asked, self._told
        if step is None or told is None:
            return False
        position, score = step.row.position, step.score.as_json() if isinstance(step.score, Scored) else step.score
        lines = [line.as_json() for line in told.lines.get(position, ())]
        return lines == [line.as_json() for line in step.impact] and score == told.scores.get(position)

    @property
    def under_way(self) -> list[ShownStep]:
        """The steps to watch while they are sent: all of a few, of many those that are begun and not yet verified."""
        begun = (step for step in self.steps if step.has_begun and step.row.state != StepState.VERIFIED)
        return list(begun) if self.is_long else self.steps

    @property
    def verified(self) -> int:
        return sum(step.row.state == StepState.VERIFIED for step in self.steps)

    @property
    def was_told(self) -> bool:
        """Was it kept what reviewers read beside the steps?"""
        return self._told is not None

    @cached_property
    def _told(self) -> Told | None:
        return told_of(self._plan) if self._plan else None

    def _is_past(self, steps: list[ShownStep]) -> bool:
        return self._change.state in TERMINAL or any(step.has_begun for step in steps)

    def _as_told(self, steps: list[ShownStep]) -> list[ShownStep]:
        told = self._told
        rows = [step.row for step in steps]
        follows = told.follows if told else followed_by_steps(self._change.workspace, rows)
        return [self._told_of(step, told, follows.get(step.row.position)) for step in steps]

    def _told_of(self, step: ShownStep, told: Told | None, follows: Ref | None) -> ShownStep:
        """Lay beside a step what was told of it, and the version it followed: the made one is compared with that."""
        slug, position = self._change.workspace.slug, step.row.position
        lines, score = (tuple(told.lines.get(position, ())), told.scores.get(position)) if told else ((), None)
        if follows is None or step.row.document is None:
            return replace(step, impact=lines, score=score)
        made = Ref.parse(step.row.ref).in_workspace(slug)
        asked = Ref("change", f"{self._change.number}@{self._change.revision_number}", step.row.document.path)
        draft = made if step.row.state == StepState.VERIFIED else asked
        return replace(step, impact=lines, score=score, follows=follows.in_workspace(slug), draft=draft)

    def _as_of_now(self, steps: list[ShownStep], everything: list[ShownStep]) -> list[ShownStep]:
        """Lay beside some of the plan's steps what holds now; `everything` are all of them."""
        workspace, rows = self._change.workspace, [step.row for step in steps]
        beside = [step.row for step in everything]
        impact = impact_of_steps(workspace, rows, now=timezone.now(), beside=beside)
        scores = scores_of_steps(workspace, rows)
        drafts = {document.row.pk: document for document in self._revision.documents if document.follows is not None}
        return [
            replace(
                _with_draft(step, drafts.get(step.row.document_id or 0)),
                impact=tuple(impact.get(step.row.position, ())),
                score=scores.get(step.row.position),
            )
            for step in steps
        ]

    def _with_rivals(self, steps: list[ShownStep]) -> list[ShownStep]:
        return [replace(step, rivals=tuple(self._rivals_about(step.row.ref))) for step in steps]

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


def _with_draft(step: ShownStep, draft: ShownDocument | None) -> ShownStep:
    """Lay beside a step that makes a new version the one that it follows."""
    if draft is None or step.row.action != StepAction.CREATE:
        return step
    return replace(step, follows=draft.follows, draft=draft.address)
