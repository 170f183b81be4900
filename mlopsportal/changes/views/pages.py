"""What the change pages show, gathered from rows into plain values; decides no right and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from mlopsportal.accounts.roles import Permission, can
from mlopsportal.audit.actions import Action, Actor, sentence_of
from mlopsportal.audit.lines import told_by
from mlopsportal.audit.models import Event
from mlopsportal.changes import approvals, policy
from mlopsportal.changes.checks import Stop
from mlopsportal.changes.impact import Line, impact_of_steps
from mlopsportal.changes.models import ChangeRequest, Document, Plan, Review, Revision
from mlopsportal.changes.settling import stops_of
from mlopsportal.changes.states import (
    MOVES,
    NEXT,
    RESUMABLE,
    REVIEWABLE,
    REVISABLE,
    TERMINAL,
    PlanState,
    State,
    StepAction,
    Verdict,
)
from mlopsportal.changes.views.checklist import CheckGroup, groups_of, titles_of
from mlopsportal.changes.views.rivals import Rival, rivals_of
from mlopsportal.changes.views.steps import ShownStep
from mlopsportal.changes.views.watching import Opened, newest_event
from mlopsportal.specs import diff, textdiff
from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.specs.ref import Ref
from registry.models import Version
from scheduling.models import Schedule

TABS: Final = ("plan", "conversation", "documents", "checks", "timeline")
_MOVING: Final = frozenset({State.PLANNING, State.QUEUED, State.APPLYING, State.WAITING_FOR_LOCK})
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
_PLAN_HEADINGS: Final = {
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


@dataclass(frozen=True)
class Tab:
    key: str
    word: str
    count: int = 0


@dataclass(frozen=True)
class Act:
    """One button: a form that posts to `url`, or a link to a page that asks once more. Disabled where `why` says what
    stands against it; with a `plan_digest` it is about that plan only."""

    key: str
    word: str
    url: str
    tone: str = ""
    why: str = ""
    is_link: bool = False
    plan_digest: str = ""

    @property
    def disabled(self) -> bool:
        return bool(self.why)


@dataclass(frozen=True)
class May:
    """What the reader of the page may do to this change now."""

    edit: bool
    review: bool
    comment: bool


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


@dataclass(frozen=True)
class ShownDocument:
    """A document of a revision, with its problems as values and, after the first revision, what it changed.

    `told` are the checks that stop nothing and stand in the list of checks: between the lines they would only be
    in the way of who reads the document.
    """

    row: Document
    previous: str | None
    follows: Ref | None = None
    told: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:  # everything else is the row's own column
        return getattr(self.row, name)

    @property
    def anchor(self) -> str:
        return f"doc-{self.row.position}"

    @property
    def text_label(self) -> str:
        return f"{self.row.path} as written"

    @property
    def problem_values(self) -> list[Problem]:
        return [problem for problem in problem_values(self.row.problems) if problem.code not in self.told]

    @property
    def address(self) -> Ref:
        """This document as one side of a comparison."""
        revision = self.row.revision
        return Ref("change", f"{revision.change_id}@{revision.number}", self.row.path)

    @property
    def follows_words(self) -> str:
        """What it follows, in words."""
        return f"{self.follows.name} {self.follows.version or ''}".strip() if self.follows else ""

    @property
    def diff(self) -> Any:
        if self.previous is None or self.previous == self.row.content:
            return None
        return textdiff.text_diff(self.previous, self.row.content)


def problem_values(stored: list[dict[str, Any]]) -> list[Problem]:
    """Return stored problems as values; the column keeps what `Problem.as_json` gave."""
    return [
        Problem(
            code=str(item.get("code", "")),
            path=str(item.get("path", "")),
            line=item.get("line"),
            column=item.get("column"),
            severity=Severity(item.get("severity", "error")),
            message=str(item.get("message", "")),
            fix=str(item.get("fix", "")),
        )
        for item in stored
    ]


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
    ) -> None:
        self.change = change
        self.actor = actor
        self.tab = tab if tab in TABS else "plan"
        self._revision_asked = revision
        self._opened = opened

    @property
    def template(self) -> str:
        return f"changes/_{self.tab}.html"

    @cached_property
    def tabs(self) -> list[Tab]:
        return [
            Tab("plan", "Plan", len(self.steps)),
            Tab("conversation", "Conversation", len(self.conversation)),
            Tab("documents", "Documents", len(self.documents)),
            Tab("checks", "Checks", len(self.plan.checks) if self.plan else 0),
            Tab("timeline", "Timeline"),
        ]

    @property
    def plan(self) -> Plan | None:
        return self.change.plan

    @cached_property
    def revision(self) -> Revision:
        number = self._revision_asked or self.change.revision_number
        found = self.change.revisions.filter(number=number).first()
        return found or self.change.revision

    @cached_property
    def revisions(self) -> list[int]:
        return list(range(1, self.change.revision_number + 1))

    @cached_property
    def documents(self) -> list[ShownDocument]:
        previous: dict[str, str] = {}
        if self.revision.number > 1:
            rows = Document.objects.filter(revision__change=self.change, revision__number=self.revision.number - 1)
            previous = dict(rows.values_list("path", "content"))
        found = list(self.revision.documents.select_related("revision"))
        follows = self._followed(found)
        checks = self.plan.checks if self.plan else []
        told = frozenset(check["code"] for check in checks if check["level"] == "advisory")
        return [ShownDocument(row, previous.get(row.path), follows.get(row.pk), told) for row in found]

    def _followed(self, rows: list[Document]) -> dict[int, Ref]:
        """Return by document what is in the workspace before it: the newest other version, or the schedule."""
        refs = {row.pk: Ref.parse(row.ref) for row in rows if row.ref}
        names = {ref.name for ref in refs.values() if ref.kind == "component"}
        versions = Version.objects.filter(workspace=self.change.workspace, kind="component", name__in=names)
        newest: dict[str, list[str]] = {}
        for name, version in versions.order_by("-created_at", "-id").values_list("name", "version")[:2000]:
            newest.setdefault(name, []).append(version)
        schedules = {ref.name for ref in refs.values() if ref.kind == "schedule"}
        there = Schedule.objects.present().filter(workspace=self.change.workspace, name__in=schedules)
        known = set(there.values_list("name", flat=True)) if schedules else set()
        found = {}
        for key, ref in refs.items():
            earlier = next((text for text in newest.get(ref.name, ()) if text != ref.version), None)
            if ref.kind == "component" and earlier is not None:
                found[key] = ref.at(earlier).in_workspace(self.change.workspace.slug)
            elif ref.kind == "schedule" and ref.name in known:
                found[key] = ref.in_workspace(self.change.workspace.slug)
        return found

    @cached_property
    def steps(self) -> list[ShownStep]:
        if self.plan is None:
            return []
        rows = self.plan.steps.select_related("document").prefetch_related("attempts").order_by("position")
        shown = [ShownStep(row, tuple(row.attempts.all())) for row in rows]
        if self.change.state in TERMINAL:
            return shown
        shown = [replace(step, rivals=tuple(self._rivals_about(step.row.ref))) for step in shown]
        impact = impact_of_steps(self.change.workspace, [step.row for step in shown], now=timezone.now())
        drafts = {document.row.pk: document for document in self.documents if document.follows is not None}
        return [self._with_surroundings(step, impact, drafts.get(step.row.document_id or 0)) for step in shown]

    def _with_surroundings(
        self, step: ShownStep, impact: dict[int, list[Line]], draft: ShownDocument | None
    ) -> ShownStep:
        """Lay beside a step whom it concerns and, where it makes a new version, the one that it follows."""
        lines = tuple(impact.get(step.row.position, ()))
        if draft is None or step.row.action != StepAction.CREATE:
            return replace(step, impact=lines)
        return replace(step, impact=lines, follows=draft.follows, draft=draft.address)

    @cached_property
    def rivals(self) -> list[Rival]:
        """The other open changes that want an object of this one."""
        refs = {document.row.ref for document in self.documents}
        if self.plan is not None:
            refs |= set(self.plan.steps.values_list("ref", flat=True))
        return rivals_of(self.change, refs)

    def _rivals_about(self, ref: str) -> Iterator[ChangeRequest]:
        """Return those that want this object, or its next version whichever that will be."""
        about = {ref, ref.rpartition(":")[0]}
        return (rival.change for rival in self.rivals if about & set(rival.refs))

    @cached_property
    def wish(self) -> str:
        """How much is asked for: steps once they are known, documents before."""
        count, noun = (len(self.steps), "change") if self.steps else (len(self.documents), "document")
        return f"{count} {noun}{'' if count == 1 else 's'}"

    @cached_property
    def approvals(self) -> policy.Approvals:
        return approvals.approvals_of(self.change)

    @cached_property
    def approvals_missing(self) -> range:
        """One for each approval that is still to be given; none once the change has ended."""
        missing = self.approvals.needed - self.approvals.given if self.change.is_open else 0
        return range(max(0, missing))

    @cached_property
    def _counting(self) -> set[int]:
        return approvals.counting_reviews(self.change)

    @cached_property
    def _reviews(self) -> list[Review]:
        return list(self.change.reviews.select_related("reviewer").order_by("at", "pk"))

    @cached_property
    def counting_reviews(self) -> list[Review]:
        return [row for row in self._reviews if row.pk in self._counting and row.verdict == Verdict.APPROVE]

    @cached_property
    def conversation(self) -> list[Said]:
        said = [
            Said(row.reviewer.username, row.at, row.comment, row.verdict, row.plan_digest, row.pk in self._counting)
            for row in self._reviews
        ]
        comments = self.change.comments.select_related("author")
        said += [Said(row.author.username, row.at, row.text) for row in comments]
        return sorted(said, key=lambda item: item.at)

    @cached_property
    def timeline(self) -> list[Happened]:
        events = Event.objects.filter(change=self.change.pk).for_list().order_by("id")[:500]
        return [_happened(event) for event in events]

    @cached_property
    def state_detail(self) -> str:
        if self.change.state != State.IN_REVIEW:
            return ""
        needed = self.approvals.needed
        return f"{self.approvals.given} of {needed} approval{'' if needed == 1 else 's'}"

    @property
    def next(self) -> str:
        return NEXT[State(self.change.state)]

    # The live part

    @cached_property
    def is_moving(self) -> bool:
        """Is something being worked out or sent just now, so that the page should look again by itself?"""
        planning = self.plan is not None and self.plan.state == PlanState.MAKING
        return self.change.state in _MOVING or (planning and self.change.state not in TERMINAL)

    @property
    def is_applying(self) -> bool:
        return self.change.state in (State.APPLYING, State.QUEUED)

    @property
    def moving_words(self) -> str:
        return (
            "Another change holds an object of this one"
            if self.change.state == State.WAITING_FOR_LOCK
            else ("Making the plan against the live workspace")
        )

    @cached_property
    def stamp(self) -> str:
        """Differs whenever the page as a whole would look different."""
        plan = f"{self.plan.pk}-{self.plan.state}" if self.plan else "none"
        return f"{self.change.state}-{plan}-{self.change.revision_number}-{newest_event(self.change)}"

    @cached_property
    def opened(self) -> Opened:
        """What the reader's page showed when it was loaded; what is there now for a page that is being loaded."""
        return self._opened or Opened.now(self.change, is_moving=self.is_moving)

    @property
    def address(self) -> str:
        """This page, on its tab; the first tab needs no word."""
        query = f"?{urlencode({'tab': self.tab})}" if self.tab != TABS[0] else ""
        return f"{reverse('change-detail', args=[self.change.number])}{query}"

    @property
    def live_address(self) -> str:
        """Where the open page asks what became of the change."""
        query = {"tab": self.tab, "seen": self.stamp, **self.opened.query()}
        return f"{reverse('change-live', args=[self.change.number])}?{urlencode(query)}"

    @property
    def is_watched(self) -> bool:
        """May somebody still change what the page shows?"""
        return self.change.state not in TERMINAL

    @property
    def pace(self) -> str:
        """How often the open page asks: while something goes on it shows progress, else it only notices others."""
        return "1s" if self.is_moving else "5s"

    @cached_property
    def is_outdated(self) -> bool:
        return self.opened.is_outdated_by(self.change)

    @property
    def outdated_words(self) -> str:
        if self.change.revision_number != self.opened.revision:
            return "This change was revised since you opened it"
        return "This change has another plan since you opened it"

    @cached_property
    def news(self) -> list[Happened]:
        """What happened to the change since the reader opened its page, the newest first."""
        events = Event.objects.filter(change=self.change.pk, pk__gt=self.opened.event).for_list().order_by("-id")[:5]
        return [_happened(event) for event in events]

    @property
    def wants_reload(self) -> bool:
        """Is what the page was opened for, a plan in the making or an apply, over?"""
        return self.opened.was_moving and not self.is_moving

    @property
    def reason_tone(self) -> str:
        bad = {State.FAILED, State.PLAN_FAILED, State.REJECTED, State.PARTIALLY_APPLIED}
        warn = {State.STALE, State.UNKNOWN, State.CHANGES_REQUESTED, State.WAITING_FOR_LOCK}
        return "bad" if self.change.state in bad else "warn" if self.change.state in warn else ""

    # The plan

    @property
    def plan_heading(self) -> str:
        """What the steps are in this state: a wish, a promise, or something that was done or given up."""
        return _PLAN_HEADINGS.get(State(self.change.state), "If approved")

    @property
    def requests_words(self) -> str:
        if self.change.state == State.APPLIED:
            return "what the worker sent, and nothing else"
        if self.change.state in TERMINAL:
            return "what the worker would have sent"
        if self.change.state in RESUMABLE:
            return "each says whether it was sent"
        return "what the worker will send, and nothing else"

    @property
    def no_plan_text(self) -> str:
        return "The plan is made as soon as a worker is there."

    @cached_property
    def plan_problems(self) -> list[Problem]:
        return problem_values(self.plan.problems) if self.plan else []

    @property
    def verdict_tone(self) -> str:
        return _VERDICT_TONES.get(self.plan.verdict, "") if self.plan else ""

    @property
    def verdict_words(self) -> str:
        if self.steps and all(step.row.before is None for step in self.steps):
            return "Only new things: nothing that is there is changed."
        return _VERDICT_WORDS.get(self.plan.verdict, "") if self.plan else ""

    @cached_property
    def since_approved(self) -> dict[str, Any] | None:
        """What differs between the plan this reader approved and the current one; None when nothing does."""
        if self.plan is None or self.plan.state != PlanState.MADE:
            return None
        mine = [row for row in self._reviews if row.person == self.actor.person and row.verdict == Verdict.APPROVE]
        if not mine or mine[-1].plan_digest == self.plan.digest:
            return None
        before = {step.ref: step.after for step in mine[-1].plan.steps.all()}
        after = {step.row.ref: step.row.after for step in self.steps}
        return {"digest": mine[-1].plan_digest, "changes": diff.diff(before, after)}

    @cached_property
    def problems(self) -> list[Problem]:
        return [problem for document in self.documents for problem in document.problem_values]

    @cached_property
    def checks_passed(self) -> int:
        return sum(1 for check in self.plan.checks if check.get("passed")) if self.plan else 0

    @cached_property
    def checks_failed(self) -> list[dict[str, Any]]:
        return [check for check in self.plan.checks if not check.get("passed")] if self.plan else []

    @cached_property
    def check_groups(self) -> list[CheckGroup]:
        return groups_of(self.plan.checks, self.overrides, self._line_url) if self.plan else []

    def _line_url(self, path: str, line: int | None) -> str:
        """The address of a line of a document of this revision; of the document where it is shown as a difference."""
        shown = next((item for item in self.documents if item.row.path == path), None)
        if shown is None:
            return ""
        at_line = line is not None and shown.previous is None
        return f"?tab=documents#{shown.anchor}-L{line}" if at_line else f"?tab=documents#{shown.anchor}"

    @property
    def checks_stopping(self) -> list[tuple[str, str]]:
        """Titles and levels of the checks that failed and stop the plan or the apply."""
        return titles_of(self.checks_failed)

    @property
    def checks_advising(self) -> int:
        return len(self.checks_failed) - len(self.checks_stopping)

    @cached_property
    def renewals(self) -> list[Stop]:
        """The checks by whose level another plan is needed."""
        waits = self.change.is_open and bool(self.change.plan_digest)
        return [stop for stop in self.stops if not stop.can_override] if waits else []

    @cached_property
    def errors_found(self) -> list[Problem]:
        """The problems of the documents that no check tells."""
        told = {check["code"] for check in self.plan.checks} if self.plan else set()
        return [problem for problem in self.problems if problem.code not in told]

    @cached_property
    def overrides(self) -> list[dict[str, Any]]:
        """The soft checks that were set aside for the current plan."""
        digest = self.change.plan_digest
        return [entry for entry in self.change.overrides if entry["plan_digest"] == digest]

    @cached_property
    def overridable(self) -> list[dict[str, Any]]:
        """The failed soft checks that this reader may set aside."""
        if not self.change.plan_digest or not self.change.is_open:
            return []
        if not can(self.actor, Permission.OVERRIDE, self.change.workspace):
            return []
        codes = {stop.code for stop in self.stops if stop.can_override}
        return [check for check in self.checks_failed if check["code"] in codes]

    @cached_property
    def stops(self) -> list[Stop]:
        """The checks that stop the apply by the levels of now."""
        return stops_of(self.change)

    # What the reader may do

    @cached_property
    def may(self) -> May:
        workspace = self.change.workspace
        reviewable = self.change.state in REVIEWABLE and bool(self.change.plan_digest)
        return May(
            edit=self.change.state in REVISABLE and can(self.actor, Permission.EDIT, workspace),
            review=reviewable and self._why_not_approve is None,
            comment=can(self.actor, Permission.COMMENT, workspace),
        )

    @cached_property
    def _why_not_approve(self) -> str | None:
        return approvals.why_not(self.change, self.actor)

    @cached_property
    def review_note(self) -> str:
        """Why the reader may approve, or why not."""
        if self.change.state in TERMINAL or not self.approvals.needed:
            return ""
        if self._why_not_approve is not None:
            return self._why_not_approve
        if not self.change.plan_digest:
            return "You may approve once there is a plan."
        if self._has_approved:
            return "You approved this plan."
        return "You can approve: you did not write, edit or submit it."

    @cached_property
    def _has_approved(self) -> bool:
        return any(row.person == self.actor.person for row in self.counting_reviews)

    @property
    def may_approve(self) -> bool:
        """Is there an approval left that this reader could give?"""
        return not self._has_approved

    @property
    def is_applied(self) -> bool:
        return self.change.state == State.APPLIED

    @cached_property
    def acts(self) -> list[Act]:
        return list(self._acts())

    def _acts(self) -> Iterator[Act]:
        state, number = State(self.change.state), self.change.number
        apply_right = can(self.actor, Permission.APPLY, self.change.workspace)
        own = self.change.author_id == self.actor.user_id
        if state == State.DRAFT and (own or can(self.actor, Permission.SUBMIT, self.change.workspace)):
            errors = any(problem.is_error for problem in self.problems)
            why = "The documents have problems. Edit them first." if errors else ""
            yield Act("submit", "Ask for review", reverse("change-submit", args=[number]), "go", why)
        if state == State.APPROVED:
            why = self._why_not_apply(apply_right)
            digest = self.change.plan_digest
            yield Act("apply", "Apply", reverse("change-apply", args=[number]), "go", why, plan_digest=digest)
        if state in RESUMABLE and apply_right:
            word = "Read the workspace again" if state == State.UNKNOWN else "Try the remaining steps again"
            yield Act("resume", word, reverse("change-resume", args=[number]), "go")
        if state == State.PARTIALLY_APPLIED and can(self.actor, Permission.OPEN, self.change.workspace):
            yield Act("compensate", "Take back what was sent", reverse("change-compensate", args=[number]))
        if state in REVISABLE and not self.is_moving and (apply_right or self.may.edit):
            tone = "go" if state == State.STALE else ""
            yield Act("replan", "Plan again", reverse("change-replan", args=[number]), tone)
        if self.may_withdraw:
            yield Act("withdraw", "Withdraw", reverse("change-withdraw", args=[number]), "danger", is_link=True)
        if state in TERMINAL - {State.APPLIED} and can(self.actor, Permission.OPEN, self.change.workspace):
            address = f"{reverse('change-new')}?{urlencode({'ws': self.change.workspace.slug, 'again': number})}"
            yield Act("again", "Open a new change with these documents", address, is_link=True)

    @property
    def may_withdraw(self) -> bool:
        """May the reader withdraw the change as it stands: its author or an admin, while nothing is being sent?"""
        if State.WITHDRAWN not in MOVES[State(self.change.state)]:
            return False
        own = self.change.author_id == self.actor.user_id
        return own or can(self.actor, Permission.MANAGE, self.change.workspace)

    def _why_not_apply(self, apply_right: bool) -> str:
        if not apply_right:
            return "It takes the role operator or admin in this workspace to apply."
        if self.stops:
            return f"Checks stop it: {'; '.join(stop.reason for stop in self.stops)}."
        return ""


def _happened(event: Event) -> Happened:
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
    return Happened(words, event.at, tone, detail.note if detail else "")
