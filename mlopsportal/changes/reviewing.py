"""What people say of a change: verdicts on the current plan, and comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.utils import timezone

from mlopsportal.accounts.roles import Permission, require
from mlopsportal.audit.actions import Action, Actor
from mlopsportal.changes import approvals
from mlopsportal.changes.errors import InvalidDocuments, NotEligible, StaleReview, WrongState
from mlopsportal.changes.models import ChangeRequest, Comment, Review
from mlopsportal.changes.moving import Facts, record
from mlopsportal.changes.proposing import checked_text, locked, user_of
from mlopsportal.changes.settling import settle
from mlopsportal.changes.states import REVIEWABLE, Verdict

_ACTION: Final[Mapping[Verdict, Action]] = {
    Verdict.APPROVE: Action.CHANGE_APPROVED,
    Verdict.REQUEST_CHANGES: Action.CHANGE_CHANGES_REQUESTED,
    Verdict.REJECT: Action.CHANGE_REJECTED,
    Verdict.COMMENT: Action.CHANGE_COMMENTED,
}


def review(change: ChangeRequest, *, verdict: str, plan_digest: str, comment: str = "", actor: Actor) -> ChangeRequest:
    """Say something of the plan with this digest.

    Takes the role reviewer and a browser session; to approve, one must have no part in the change. Raises
    NotAllowed, NotEligible, WrongState, and StaleReview when `plan_digest` is not the current one.
    """
    said = Verdict(verdict)
    comment = checked_text(comment, "comment")
    with transaction.atomic():
        change = locked(change)
        require(actor, Permission.REVIEW, change.workspace)
        reason = approvals.why_not(change, actor)
        if said != Verdict.COMMENT and reason is not None:
            raise NotEligible(reason)
        if change.state not in REVIEWABLE:
            raise WrongState(change.state, "review")
        plan = change.plan
        if plan is None or not change.plan_digest or plan_digest != change.plan_digest:
            raise StaleReview(plan_digest, change.plan_digest, change.state)
        Review.objects.create(
            change=change,
            plan=plan,
            plan_digest=plan_digest,
            reviewer=user_of(actor),
            person=actor.person,
            verdict=said,
            comment=comment,
            at=timezone.now(),
        )
        reason_shown = comment if said in (Verdict.REQUEST_CHANGES, Verdict.REJECT) else ""
        facts: Facts = {"plan_digest": plan_digest, "revision": change.revision_number, "verdict": str(said)}
        if said == Verdict.COMMENT or not settle(
            change, actor=actor, action=_ACTION[said], reason=reason_shown, note=comment, facts=facts
        ):
            record(change, _ACTION[said], actor=actor, note=comment, facts=facts)
    return change


def comment(change: ChangeRequest, *, text: str, actor: Actor) -> Comment:
    """Add a line to the conversation, whatever the state. Raises NotAllowed, InvalidDocuments."""
    text = checked_text(text, "comment").strip()
    if not text:
        raise InvalidDocuments("The comment is empty.")
    with transaction.atomic():
        change = locked(change)
        require(actor, Permission.COMMENT, change.workspace)
        written = Comment.objects.create(change=change, author=user_of(actor), text=text, at=timezone.now())
        record(change, Action.CHANGE_COMMENTED, actor=actor, note=text)
    return written
