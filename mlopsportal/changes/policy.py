"""Which approvals a change needs, who may give one, and why somebody may not; plain values, no Django, no tables.

The same functions judge on the page ("why not you"), when a review is written and again at the gate, right
before anything is sent; what differs is only the facts they are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

APPROVALS_NEEDED = 1
STANDING_ACTIONS: Mapping[str, str] = {"cancel": "cancel", "disable": "pause", "run": "run"}
"""Actions that an operator may take without a further approval, with the permission each needs."""


@dataclass(frozen=True)
class Party:
    """Somebody whose work the change is: never an approver of it. `role` is author, editor or submitter."""

    person: str
    name: str
    role: str


@dataclass(frozen=True)
class Candidate:
    """Somebody who may or may not approve; `may_review` is the reviewer role, `in_session` a browser session."""

    person: str
    may_review: bool
    in_session: bool = True
    is_active: bool = True


@dataclass(frozen=True)
class ReviewFact:
    """One review, with what is true of its writer now (not when it was written)."""

    name: str
    person: str
    verdict: str
    plan_digest: str
    revision: int
    at: datetime
    may_review: bool


@dataclass(frozen=True)
class StepFact:
    """What the standing policy asks of a step. `with_defaults` is true for a run that changes no default."""

    ref: str
    action: str
    with_defaults: bool = False


class Decision(StrEnum):
    """Where the reviews leave a plan."""

    WAITING = "waiting"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Approvals:
    """The state of a plan's approvals: `why` says in words why so many are needed, `counting` whose count."""

    needed: int
    given: int
    why: tuple[str, ...]
    counting: frozenset[str]
    decision: Decision


def why_not(candidate: Candidate, parties: Iterable[Party]) -> str | None:
    """Say why `candidate` may not approve; None when they may. Admins are bound like everybody."""
    if not candidate.in_session:
        return "A token never reviews: that takes a person in a browser session."
    if not candidate.is_active or not candidate.person:
        return "This account is not active."
    for party in parties:
        if party.person == candidate.person:
            return f"You are {_a(party.role)} of this change ({party.name}); another person has to approve it."
    if not candidate.may_review:
        return "It takes the role reviewer in this workspace."
    return None


def _a(role: str) -> str:
    return f"an {role}" if role == "editor" else f"the {role}"


def counts(review: ReviewFact, parties: Iterable[Party], *, plan_digest: str, revision: int) -> bool:
    """Say whether a review is about this very plan of this very revision, by somebody who may review it now."""
    candidate = Candidate(review.person, review.may_review)
    same_plan = bool(plan_digest) and review.plan_digest == plan_digest and review.revision == revision
    return same_plan and why_not(candidate, parties) is None


def judge(
    reviews: Sequence[ReviewFact],
    parties: Sequence[Party],
    *,
    plan_digest: str,
    revision: int,
    standing: bool,
) -> Approvals:
    """Return where the plan stands. The last word of each person counts, one per person.

    A rejection, or a wish for changes that its writer has not taken back, outweighs any approval.
    """
    last_words = _last_words(review for review in reviews if review.verdict != "comment")
    valid = [review for review in last_words if counts(review, parties, plan_digest=plan_digest, revision=revision)]
    verdicts = {review.verdict for review in valid}
    given = frozenset(review.person for review in valid if review.verdict == "approve")
    needed = 0 if standing else APPROVALS_NEEDED
    if "reject" in verdicts:
        decision = Decision.REJECTED
    elif "request_changes" in verdicts:
        decision = Decision.CHANGES_REQUESTED
    else:
        decision = Decision.APPROVED if len(given) >= needed else Decision.WAITING
    return Approvals(needed, len(given), _why(standing), given, decision)


def _last_words(reviews: Iterable[ReviewFact]) -> list[ReviewFact]:
    latest: dict[str, ReviewFact] = {}
    for review in sorted(reviews, key=lambda review: review.at):
        latest[review.person] = review
    return list(latest.values())


def _why(standing: bool) -> tuple[str, ...]:
    if standing:
        return ("Standing policy: an operator may cancel a run, pause a schedule, or run an applied version as it is.",)
    return ("Every change needs one approval by a reviewer who is not its author, editor or submitter.",)


def is_standing(steps: Sequence[StepFact], permissions: Iterable[str]) -> bool:
    """Say whether every step falls under the standing policy for somebody with these permissions. Never when empty."""
    granted = set(permissions)
    return bool(steps) and all(_is_standing_step(step, granted) for step in steps)


def _is_standing_step(step: StepFact, granted: set[str]) -> bool:
    permission = STANDING_ACTIONS.get(step.action)
    if permission is None or permission not in granted:
        return False
    return step.with_defaults if step.action == "run" else True
