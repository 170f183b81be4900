"""The reviews of a change as its page shows them, and what its reader may say to the plan; the rules lie below."""

from __future__ import annotations

from functools import cached_property

from mlopsportal.audit.actions import Actor
from mlopsportal.changes import approvals, policy
from mlopsportal.changes.models import ChangeRequest, Review
from mlopsportal.changes.states import REVIEWABLE, TERMINAL, State, Verdict


class ShownApprovals:
    """Who has approved, how many are still needed, and whether this reader is one who can."""

    def __init__(self, change: ChangeRequest, actor: Actor) -> None:
        self._change = change
        self._actor = actor

    @cached_property
    def _found(self) -> policy.Approvals:
        return approvals.approvals_of(self._change)

    @property
    def why(self) -> tuple[str, ...]:
        """Why it takes so many."""
        return self._found.why

    @cached_property
    def missing(self) -> range:
        """One for each approval that is still to be given; none once the change has ended."""
        missing = self._found.needed - self._found.given if self._change.is_open else 0
        return range(max(0, missing))

    @cached_property
    def words(self) -> str:
        """How many of how many there are, while they are awaited; else ""."""
        if self._change.state != State.IN_REVIEW:
            return ""
        needed = self._found.needed
        return f"{self._found.given} of {needed} approval{'' if needed == 1 else 's'}"

    @cached_property
    def _counting(self) -> set[int]:
        return approvals.counting_reviews(self._change)

    def counts(self, review: Review) -> bool:
        return review.pk in self._counting

    @cached_property
    def reviews(self) -> list[Review]:
        """Every review of the change, the oldest first."""
        return list(self._change.reviews.select_related("reviewer").order_by("at", "pk"))

    @cached_property
    def given(self) -> list[Review]:
        """The approvals that count for the current plan."""
        return [row for row in self.reviews if self.counts(row) and row.verdict == Verdict.APPROVE]

    @cached_property
    def last_of_reader(self) -> Review | None:
        """The newest approval this reader gave, whether it still counts or not."""
        mine = [row for row in self.reviews if row.person == self._actor.person and row.verdict == Verdict.APPROVE]
        return mine[-1] if mine else None

    @cached_property
    def _why_not(self) -> str | None:
        return approvals.why_not(self._change, self._actor)

    @cached_property
    def may_review(self) -> bool:
        reviewable = self._change.state in REVIEWABLE and bool(self._change.plan_digest)
        return reviewable and self._why_not is None

    @property
    def may_approve(self) -> bool:
        """Is there an approval left that this reader could give?"""
        return not self._has_approved

    @cached_property
    def note(self) -> str:
        """Why the reader may approve, or why not."""
        if self._change.state in TERMINAL or not self._found.needed:
            return ""
        if self._why_not is not None:
            return self._why_not
        if not self._change.plan_digest:
            return "You may approve once there is a plan."
        if self._has_approved:
            return "You approved this plan."
        return "You can approve: you did not write, edit or submit it."

    @cached_property
    def _has_approved(self) -> bool:
        return any(row.person == self._actor.person for row in self.given)
