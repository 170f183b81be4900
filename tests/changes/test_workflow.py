"""What people may do to a change, in which state, and what becomes of approvals."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django_q.models import OrmQ

from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.models import Event
from mlopsportal.changes import approvals, workflow
from mlopsportal.changes.errors import (
    InvalidDocuments,
    NotEligible,
    NotSubmittable,
    StaleReview,
    WrongState,
)
from mlopsportal.changes.models import ChangeRequest, Review, Revision
from mlopsportal.changes.states import State
from mlopsportal.management.startup import ROOT
from registry.models import Workspace
from tests.changes.building import PREP, Team, approved, component_text, events_of, fresh, opened, plan_of, queued
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox


def approve(team: Team, change: ChangeRequest, by: str) -> ChangeRequest:
    return workflow.review(change, verdict="approve", plan_digest=change.plan_digest, actor=team.actor(by))


# Who approves


def test_the_author_with_every_role_does_not_approve(team: Team) -> None:
    team.add("everything", *Role)
    change = opened(team, by="everything")
    with pytest.raises(NotEligible, match="the author of this change"):
        approve(team, change, "everything")
    assert "another person" in str(approvals.why_not(change, team.actor("everything")))


def test_another_account_of_the_authors_person_does_not_approve(team: Team) -> None:
    team.add("second_account", Role.REVIEWER, person=team["author"].person)
    change = opened(team)
    with pytest.raises(NotEligible):
        approve(team, change, "second_account")


def test_an_editor_of_any_revision_does_not_approve(team: Team) -> None:
    team.add("editing_reviewer", Role.AUTHOR, Role.REVIEWER)
    change = opened(team)
    workflow.revise(change, [("a.yml", component_text())], actor=team.actor("editing_reviewer"))
    drain()
    workflow.revise(change, [("a.yml", component_text("b"))], actor=team.actor("author"))
    drain()
    with pytest.raises(NotEligible, match="an editor"):
        approve(team, fresh(change), "editing_reviewer")


def test_the_submitter_does_not_approve(team: Team) -> None:
    team.add("submitting_reviewer", Role.AUTHOR, Role.REVIEWER)
    change = opened(team, submit=False)
    workflow.submit(change, actor=team.actor("submitting_reviewer"))
    with pytest.raises(NotEligible, match="the submitter"):
        approve(team, fresh(change), "submitting_reviewer")


def test_a_reviewers_token_does_not_approve(team: Team) -> None:
    change = opened(team)
    with pytest.raises(PermissionDenied, match="token"):
        workflow.review(change, verdict="approve", plan_digest=change.plan_digest, actor=team.token("reviewer"))


@pytest.mark.parametrize("who", ["viewer", "author", "operator", "auditor", "admin"])
def test_nobody_without_the_reviewers_role_approves(team: Team, who: str) -> None:
    change = opened(team)
    with pytest.raises(PermissionDenied):
        approve(team, change, who)
    assert (fresh(change).state, Review.objects.count()) == (State.IN_REVIEW, 0)


# Verdicts


def test_a_review_of_another_plan_is_refused_and_says_which_is_current(team: Team) -> None:
    change = opened(team)
    with pytest.raises(StaleReview) as refused:
        workflow.review(change, verdict="approve", plan_digest="0" * 64, actor=team.actor("reviewer"))
    assert refused.value.current == change.plan_digest


def test_changes_are_requested_and_made(team: Team) -> None:
    change = opened(team)
    workflow.review(
        change,
        verdict="request_changes",
        plan_digest=change.plan_digest,
        comment="Another name, please.",
        actor=team.actor("reviewer"),
    )
    change = fresh(change)
    assert (change.state, change.reason) == (State.CHANGES_REQUESTED, "Another name, please.")
    team.add("second", Role.REVIEWER)
    approve(team, change, "second")
    assert fresh(change).state == State.CHANGES_REQUESTED
    workflow.revise(change, [("a.yml", component_text())], actor=team.actor("author"))
    drain()
    change = fresh(change)
    assert (change.state, change.reason) == (State.IN_REVIEW, "")
    assert approved(team, change).state == State.APPROVED


def test_who_asked_for_changes_can_take_it_back(team: Team) -> None:
    change = opened(team)
    said: dict[str, Any] = {"plan_digest": change.plan_digest, "actor": team.actor("reviewer")}
    workflow.review(change, verdict="request_changes", comment="Why?", **said)
    workflow.review(change, verdict="approve", comment="I see.", **said)
    assert fresh(change).state == State.APPROVED


def test_a_rejected_change_has_ended(team: Team) -> None:
    change = opened(team)
    workflow.review(change, verdict="reject", plan_digest=change.plan_digest, actor=team.actor("reviewer"))
    change = fresh(change)
    assert (change.state, change.closed_at is not None) == (State.REJECTED, True)
    acts: list[Callable[[], object]] = [
        lambda: workflow.withdraw(change, actor=team.actor("author")),
        lambda: workflow.revise(change, [("a.yml", component_text())], actor=team.actor("author")),
        lambda: workflow.replan(change, actor=team.actor("author")),
        lambda: workflow.resume(change, actor=team.actor("operator")),
        lambda: approve(team, change, "reviewer"),
    ]
    for act in acts:
        with pytest.raises(WrongState):
            act()


# What becomes of an approval


def test_a_new_revision_voids_the_approval_even_when_it_plans_the_same(team: Team) -> None:
    change = approved(team, opened(team))
    digest = change.plan_digest
    workflow.revise(change, [("prep.yml", f"{PREP}\n# only a remark\n")], actor=team.actor("author"))
    drain()
    change = fresh(change)
    assert (change.plan_digest, change.state) == (digest, State.IN_REVIEW)
    assert approvals.approvals_of(change).given == 0
    assert "change.approvals_voided" in events_of(change)


def test_a_new_plan_with_the_same_digest_keeps_the_approval(team: Team) -> None:
    change = approved(team, opened(team))
    digest = change.plan_digest
    workflow.replan(change, actor=team.actor("author"))
    drain()
    change = fresh(change)
    assert (change.plan_digest, change.state) == (digest, State.APPROVED)
    assert "change.approvals_voided" not in events_of(change)


def test_a_new_plan_with_another_digest_voids_the_approval(team: Team, sandbox: RunningSandbox) -> None:
    documents = [("a.yml", component_text()), ("prep.yml", PREP)]
    change = approved(team, opened(team, documents))
    digest = change.plan_digest
    other = opened(team, [("a.yml", component_text())])
    queued(team, approved(team, other))
    drain()
    workflow.replan(change, actor=team.actor("author"))
    drain()
    change = fresh(change)
    assert change.plan_digest != digest
    assert (change.state, approvals.approvals_of(change).given) == (State.IN_REVIEW, 0)
    assert "change.approvals_voided" in events_of(change)


def test_the_same_documents_again_are_no_new_revision(team: Team) -> None:
    change = approved(team, opened(team))
    workflow.revise(change, [("prep.yml", PREP)], actor=team.actor("author"))
    assert (fresh(change).state, Revision.objects.count()) == (State.APPROVED, 1)


def test_an_operator_does_not_replace_documents_they_could_not_write(team: Team) -> None:
    change = opened(team)
    with pytest.raises(PermissionDenied):
        workflow.revise(
            change,
            [("stop.yml", 'action: disable\ntarget: "schedule:nightly"\n')],
            actor=team.actor("operator"),
        )
    assert fresh(change).revision_number == 1


def test_another_title_is_no_new_revision(team: Team) -> None:
    change = approved(team, opened(team))
    workflow.edit(change, title="Better words", actor=team.actor("author"))
    assert (fresh(change).title, fresh(change).state) == ("Better words", State.APPROVED)


# Opening, submitting, giving up


def test_a_draft_is_planned_and_waits_for_its_author(team: Team) -> None:
    change = opened(team, submit=False)
    assert (change.state, plan_of(change).summary) == (State.DRAFT, {"add": 1, "change": 0, "remove": 0})
    workflow.submit(change, actor=team.actor("author"))
    assert fresh(change).state == State.IN_REVIEW
    with pytest.raises(WrongState):
        workflow.submit(change, actor=team.actor("author"))


def test_a_draft_that_is_submitted_before_its_plan_is_made_goes_on_by_itself(team: Team) -> None:
    change = workflow.open_change(team.workspace, [("a.yml", PREP)], actor=team.actor("author"), title="A change")
    assert workflow.submit(change, actor=team.actor("author")).state == State.PLANNING
    drain()
    assert fresh(change).state == State.IN_REVIEW


def test_documents_with_problems_cannot_be_submitted(team: Team) -> None:
    change = opened(team, [("a.yml", "a: [")])
    assert change.state == State.DRAFT
    with pytest.raises(NotSubmittable) as refused:
        workflow.submit(change, actor=team.actor("author"))
    assert list(refused.value.problems) == ["a.yml"]


@pytest.mark.parametrize(
    "paths", [["a.yml", "./a.yml"], ["../a.yml"], ["/a.yml"], [""], ["a\x00.yml"], ["a" * 300], []]
)
def test_what_is_no_bundle_is_refused_before_anything_is_written(team: Team, paths: list[str]) -> None:
    with pytest.raises(InvalidDocuments):
        opened(team, [(path, PREP) for path in paths])
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize("who", ["viewer", "reviewer", "operator", "auditor", "admin"])
def test_only_authors_open_changes(team: Team, who: str) -> None:
    with pytest.raises(PermissionDenied):
        opened(team, by=who)


@pytest.mark.parametrize("stage", ["draft", "review", "approved", "queued"])
def test_an_author_gives_up_until_something_is_sent(team: Team, stage: str) -> None:
    change = opened(team, submit=stage != "draft")
    if stage in ("approved", "queued"):
        change = approved(team, change)
    if stage == "queued":
        change = queued(team, change)
    workflow.withdraw(change, actor=team.actor("author"), reason="Not needed any more.")
    drain()
    assert fresh(change).state == State.WITHDRAWN


def test_nothing_is_given_up_while_it_is_being_sent(team: Team) -> None:
    change = opened(team)
    ChangeRequest.objects.filter(pk=change.pk).update(state=State.APPLYING)
    with pytest.raises(WrongState):
        workflow.withdraw(change, actor=team.actor("author"))


def test_a_change_is_not_given_up_while_it_is_unknown_what_arrived(team: Team) -> None:
    change = approved(team, opened(team))
    ChangeRequest.objects.filter(pk=change.pk).update(state=State.UNKNOWN)
    plan_of(change).steps.update(state="unknown")
    change = fresh(workflow.resume(fresh(change), actor=team.actor("operator")))
    assert change.state == State.QUEUED
    with pytest.raises(WrongState, match="unknown"):
        workflow.withdraw(change, actor=team.actor("author"))


def test_only_its_author_and_an_admin_give_a_change_up(team: Team) -> None:
    team.add("colleague", Role.AUTHOR)
    change = opened(team)
    with pytest.raises(NotEligible):
        workflow.withdraw(change, actor=team.actor("colleague"))
    assert workflow.withdraw(change, actor=team.actor("admin")).state == State.WITHDRAWN


@pytest.mark.parametrize("who", ["author", "reviewer", "viewer", "auditor"])
def test_only_operators_and_admins_apply(team: Team, who: str) -> None:
    change = approved(team, opened(team))
    with pytest.raises(PermissionDenied):
        workflow.request_apply(change, actor=team.actor(who))
    with pytest.raises(PermissionDenied, match="token"):
        workflow.request_apply(change, actor=team.token("operator"))
    assert workflow.request_apply(change, actor=team.actor("admin")).state == State.QUEUED


def test_only_a_soft_check_is_overridden_and_only_with_a_reason(team: Team) -> None:
    change = opened(team)
    operator = team.actor("operator")
    for code, reason in (("no-secrets", "x"), ("nothing-uses-it", " "), ("banana", "x")):
        with pytest.raises(InvalidDocuments):
            workflow.override(change, code=code, reason=reason, actor=operator)
    with pytest.raises(PermissionDenied):
        workflow.override(change, code="nothing-uses-it", reason="x", actor=team.actor("author"))


def test_only_a_partial_change_is_taken_back(team: Team) -> None:
    with pytest.raises(WrongState):
        workflow.compensate(opened(team), actor=team.actor("author"))


def test_comments_are_kept_in_every_state(team: Team) -> None:
    change = opened(team)
    workflow.withdraw(change, actor=team.actor("author"))
    workflow.comment(change, text="Thanks all the same.", actor=team.actor("reviewer"))
    assert [comment.text for comment in change.comments.all()] == ["Thanks all the same."]
    with pytest.raises(PermissionDenied):
        workflow.comment(change, text="x", actor=team.actor("viewer"))
    with pytest.raises(InvalidDocuments):
        workflow.comment(change, text="  ", actor=team.actor("reviewer"))


# Lists


def test_what_awaits_a_reviewer(team: Team) -> None:
    team.add("both", Role.AUTHOR, Role.REVIEWER)
    theirs, own = opened(team), opened(team, by="both")
    awaiting = ChangeRequest.objects.awaiting(team["both"])
    assert list(awaiting) == [theirs]
    workflow.review(theirs, verdict="comment", plan_digest=theirs.plan_digest, actor=team.actor("both"))
    assert theirs in ChangeRequest.objects.awaiting(team["both"])
    approve(team, theirs, "both")
    assert not ChangeRequest.objects.awaiting(team["both"]).exists()
    assert list(ChangeRequest.objects.awaiting(team["reviewer"])) == [own]
    assert not ChangeRequest.objects.awaiting(team["author"]).exists()


def test_an_outsider_sees_no_change(team: Team) -> None:
    opened(team)
    elsewhere = Team(Workspace.objects.create(slug="x", subscription_id="0", resource_group="r", name="x"))
    assert not ChangeRequest.objects.for_user(elsewhere.add("outsider", *Role)).exists()
    assert ChangeRequest.objects.for_user(team["viewer"]).count() == 1


# The log


def test_every_verb_is_in_the_log_with_its_actor(team: Team) -> None:
    change = opened(team, submit=False)
    workflow.submit(change, actor=team.actor("author"))
    approve(team, fresh(change), "reviewer")
    queued(team, change)
    drain()
    assert events_of(change) == [
        "change.opened",
        "change.planned",
        "change.submitted",
        "change.approved",
        "change.queued",
        "change.gate_passed",
        "change.applying",
        "step.begin",
        "step.end",
        "change.applied",
    ]
    actors = dict(Event.objects.filter(change=change.pk).values_list("action", "actor_ref"))
    assert actors["change.approved"] == str(team["reviewer"].ref)
    assert actors["change.applied"] == "system"
    [event] = Event.objects.filter(change=change.pk, action="change.approved")
    assert json.loads(bytes(event.leaf))["facts"]["plan_digest"] == fresh(change).plan_digest


def test_a_verb_that_is_rolled_back_leaves_no_row_no_event_and_no_task(team: Team) -> None:
    change = approved(team, opened(team))
    before = Event.objects.count()
    with transaction.atomic():
        workflow.request_apply(change, actor=team.actor("operator"))
        transaction.set_rollback(True)
    assert (fresh(change).state, Event.objects.count(), OrmQ.objects.count()) == (State.APPROVED, before, 0)


# One door


def test_nothing_but_the_apply_sends() -> None:
    """Looks at every call of `<something>.send(` in the product outside the room that owns the connection."""
    callers = set()
    for folder in ("mlopsportal", "registry", "scheduling"):
        for path in (ROOT / folder).rglob("*.py"):
            if {"azureml", "sandbox", "migrations"} & set(path.parts):
                continue
            calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
            if any(isinstance(call.func, ast.Attribute) and call.func.attr == "send" for call in calls):
                callers.add(str(Path(path).relative_to(ROOT)))
    assert callers == {"mlopsportal/changes/applying.py"}
