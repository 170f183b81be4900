"""Who may approve, what counts, what the standing policy covers: pure values, every pair."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.changes import policy
from mlopsportal.changes.policy import Candidate, Decision, Party, ReviewFact, StepFact

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARTIES = [Party("p:author", "ann", "author"), Party("p:editor", "ed", "editor"), Party("p:sub", "sue", "submitter")]


def fact(person: str = "p:rev", verdict: str = "approve", *, minute: int = 0, **change: object) -> ReviewFact:
    values: dict[str, object] = {
        "name": person,
        "person": person,
        "verdict": verdict,
        "plan_digest": "d1",
        "revision": 1,
        "at": NOON + timedelta(minutes=minute),
        "may_review": True,
    }
    return ReviewFact(**{**values, **change})  # type: ignore[arg-type]  # a test builder


def judged(*reviews: ReviewFact, standing: bool = False) -> policy.Approvals:
    return policy.judge(reviews, PARTIES, plan_digest="d1", revision=1, standing=standing)


def test_one_approval_by_another_person_is_enough() -> None:
    found = judged(fact())
    assert (found.decision, found.needed, found.given) == (Decision.APPROVED, 1, 1)


@pytest.mark.parametrize("party", PARTIES, ids=lambda party: party.role)
@pytest.mark.parametrize("may_review", [True, False])
def test_nobody_approves_their_own_work_whatever_their_roles(party: Party, may_review: bool) -> None:
    assert policy.why_not(Candidate(party.person, may_review), PARTIES)
    assert judged(fact(party.person, may_review=may_review)).decision is Decision.WAITING


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate("p:rev", may_review=True, in_session=False),
        Candidate("p:rev", may_review=False),
        Candidate("p:rev", may_review=True, is_active=False),
        Candidate("", may_review=True),
    ],
)
def test_a_token_a_stranger_and_an_unresolved_person_may_not(candidate: Candidate) -> None:
    assert policy.why_not(candidate, PARTIES)


@pytest.mark.parametrize("change", [{"plan_digest": "d2"}, {"revision": 2}, {"may_review": False}, {"plan_digest": ""}])
def test_an_approval_of_something_else_does_not_count(change: dict[str, Any]) -> None:
    assert judged(fact(**change)).decision is Decision.WAITING


def test_nothing_is_approved_while_there_is_no_plan() -> None:
    found = policy.judge([fact(plan_digest="")], PARTIES, plan_digest="", revision=1, standing=False)
    assert found.decision is Decision.WAITING


def test_the_last_word_of_a_person_counts() -> None:
    assert judged(fact(), fact(verdict="request_changes", minute=1)).decision is Decision.CHANGES_REQUESTED
    assert judged(fact(verdict="request_changes"), fact(minute=1)).decision is Decision.APPROVED
    assert judged(fact(), fact(verdict="comment", minute=1)).decision is Decision.APPROVED


def test_a_wish_for_changes_outweighs_somebody_elses_approval() -> None:
    assert judged(fact("p:a", "request_changes"), fact("p:b", minute=1)).decision is Decision.CHANGES_REQUESTED


def test_a_rejection_outweighs_everything() -> None:
    assert judged(fact("p:a", "reject"), fact("p:b"), fact("p:c", "request_changes")).decision is Decision.REJECTED


@given(
    st.lists(
        st.builds(
            fact,
            st.sampled_from(["p:author", "p:editor", "p:sub", "p:a", "p:b"]),
            st.sampled_from(["approve", "request_changes", "reject", "comment"]),
            minute=st.integers(0, 30),
            plan_digest=st.sampled_from(["d1", "d2"]),
            revision=st.integers(1, 2),
            may_review=st.booleans(),
        )
    )
)
def test_whatever_is_said_only_others_who_may_review_this_plan_approve_it(reviews: list[ReviewFact]) -> None:
    found = judged(*reviews)
    assert found.counting <= {"p:a", "p:b"}
    for person in found.counting:
        assert any(
            (review.person, review.verdict, review.plan_digest, review.revision, review.may_review)
            == (person, "approve", "d1", 1, True)
            for review in reviews
        )
    assert (found.decision is Decision.APPROVED) <= (found.given >= 1)


def test_the_standing_policy_needs_every_step_and_its_permission() -> None:
    cancel, run = StepFact("run:a", "cancel"), StepFact("run:b", "run", with_defaults=True)
    assert policy.is_standing([cancel, run], ["cancel", "run"])
    assert not policy.is_standing([cancel, run], ["cancel"])
    assert not policy.is_standing([cancel, StepFact("component:a:1", "create")], ["cancel", "run", "pause"])
    assert not policy.is_standing([StepFact("run:b", "run", with_defaults=False)], ["run"])
    assert not policy.is_standing([StepFact("schedule:a", "enable")], ["pause"])
    assert not policy.is_standing([], ["cancel", "run", "pause"])
    assert judged(standing=True).decision is Decision.APPROVED
