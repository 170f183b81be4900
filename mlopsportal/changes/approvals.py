"""Who stands behind a change: its parties, its reviews as facts, the judgement of policy on them; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.models import User
from mlopsportal.accounts.roles import Permission, can
from mlopsportal.audit.actions import Action, Actor
from mlopsportal.audit.models import Event
from mlopsportal.changes import policy
from mlopsportal.changes.models import ChangeRequest, Plan, Review, Step
from mlopsportal.changes.states import PlanState, Policy, StepAction, StepState, Verdict
from registry.models import Workspace

_MAKING = (StepAction.CREATE, StepAction.RUN)
_STANDING = (Permission.RUN, Permission.CANCEL, Permission.PAUSE)


def parties_of(change: ChangeRequest) -> list[policy.Party]:
    """Return everybody whose work the change is: author, editors of any revision, submitter; one entry a role."""
    parties = [policy.Party(change.author.person, change.author.username, "author")]
    for revision in change.revisions.select_related("editor").order_by("number"):
        parties.append(policy.Party(revision.editor.person, revision.editor.username, "editor"))
    if change.submitted_by is not None:
        parties.append(policy.Party(change.submitted_by.person, change.submitted_by.username, "submitter"))
    return list(dict.fromkeys(parties))


def approvals_of(change: ChangeRequest, plan: Plan | None = None) -> policy.Approvals:
    """Return what policy says now of the current plan, or of `plan`."""
    plan = plan or change.plan
    parties = parties_of(change)
    return policy.judge(
        _facts(change, {party.person for party in parties}),
        parties,
        plan_digest=plan.digest if plan is not None and plan.state == PlanState.MADE else "",
        revision=change.revision_number,
        standing=change.policy == Policy.STANDING,
    )


def _facts(change: ChangeRequest, persons: set[str]) -> list[policy.ReviewFact]:
    reviews = change.reviews.select_related("reviewer", "plan__revision").order_by("at", "pk")
    return [_fact(change, review, persons) for review in reviews]


def _fact(change: ChangeRequest, review: Review, persons: set[str]) -> policy.ReviewFact:
    """The review with its writer's person and role of now; who was a party when writing stays one."""
    reviewer = review.reviewer
    may_review = can(actor_of_user(reviewer), Permission.REVIEW, change.workspace) and review.person not in persons
    return policy.ReviewFact(
        name=reviewer.username,
        person=reviewer.person,
        verdict=review.verdict,
        plan_digest=review.plan_digest,
        revision=review.plan.revision.number,
        at=review.at,
        may_review=may_review,
    )


def counting_reviews(change: ChangeRequest) -> set[int]:
    """Return the keys of the reviews that count for the current plan as it is."""
    parties = parties_of(change)
    persons = {party.person for party in parties}
    reviews = change.reviews.select_related("reviewer", "plan__revision")
    return {
        review.pk
        for review in reviews
        if policy.counts(
            _fact(change, review, persons), parties, plan_digest=change.plan_digest, revision=change.revision_number
        )
    }


def why_not(change: ChangeRequest, actor: Actor) -> str | None:
    """Say why `actor` may not approve this change; None when they may."""
    candidate = policy.Candidate(
        person=actor.person,
        may_review=can(actor, Permission.REVIEW, change.workspace),
        in_session=actor.is_person_in_session,
        is_active=actor.user_id is not None,
    )
    return policy.why_not(candidate, parties_of(change))


def is_standing(change: ChangeRequest, plan: Plan, *users: User | None) -> bool:
    """Say whether every step falls under the standing policy for each of these users, as their roles are now.

    Never for what a token sent in: the policy stands in for the click of a person in a session.
    """
    if change.submitted_by_token:
        return False
    steps = [
        policy.StepFact(step.ref, step.action, step.with_defaults)
        for step in plan.steps.only("ref", "action", "with_defaults")
    ]
    return bool(users) and all(
        user is not None and policy.is_standing(steps, _standing_permissions(change, user)) for user in users
    )


def _standing_permissions(change: ChangeRequest, user: User) -> list[str]:
    actor = actor_of_user(user)
    return [str(permission) for permission in _STANDING if can(actor, permission, change.workspace)]


@dataclass(frozen=True)
class Making:
    """The change that made an object, and who agreed to it; nobody had to where `is_standing`."""

    change: ChangeRequest
    approvers: tuple[str, ...]

    @property
    def is_standing(self) -> bool:
        return self.change.policy == Policy.STANDING


def making_of(workspace: Workspace, ref: str) -> Making | None:
    """Return which change published this version or started this run; None for what came another way.

    One query for that answer, three otherwise: the log knows by the object's name which changes wrote it.
    """
    ended = Event.objects.filter(workspace=workspace.slug, target=ref, action=Action.STEP_END).exclude(change=None)
    numbers = list(ended.order_by("id").values_list("change", flat=True)[:50])
    if not numbers:
        return None
    steps = Step.objects.filter(
        ref=ref, action__in=_MAKING, state=StepState.VERIFIED, plan__revision__change__in=numbers
    )
    made = steps.filter(plan__revision__change__workspace=workspace).select_related("plan__revision__change__author")
    step = made.order_by("pk").first()
    if step is None:
        return None
    change = step.plan.revision.change
    given = Review.objects.filter(change=change, plan_digest=step.plan.digest, verdict=Verdict.APPROVE)
    names = given.order_by("at").values_list("reviewer__username", flat=True)
    return Making(change, tuple(dict.fromkeys(names)))
