"""A change as JSON, to the letter of the REST interface; reads rows, decides nothing."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from mlopsportal.audit.leaf import instant
from mlopsportal.changes import approvals, policy
from mlopsportal.changes.models import ChangeRequest, Document, Plan, Step
from mlopsportal.changes.states import NEXT, PlanState, State
from mlopsportal.specs.digest import ABSENT

Json = dict[str, Any]


class DocumentJSON(TypedDict):
    path: str
    ref: str
    problems: list[Json]
    repairs: list[Json]


class PlanJSON(TypedDict):
    """A made plan: `requests` is the Azure part in sending order, `steps` all of it."""

    digest: str
    made_at: str
    summary: Json
    verdict: str
    requests: list[Json]
    steps: list[Json]


class ChangeJSON(TypedDict):
    """A change as `GET changes/<n>/` answers it; `plan` is None until it is made."""

    number: int
    workspace: str
    state: str
    title: str
    author: str
    revision: int
    revision_digest: str
    documents: list[DocumentJSON]
    plan: PlanJSON | None
    checks: list[Json]
    reviews: list[Json]
    approvals: Json
    steps: list[Json]
    next: str


class RowJSON(TypedDict):
    """A change as a list shows it."""

    number: int
    workspace: str
    state: str
    title: str
    author: str
    revision: int
    created_at: str
    updated_at: str
    next: str


def change_json(change: ChangeRequest) -> ChangeJSON:
    """Return the whole change. A fixed number of queries, however many documents, steps and reviews it has."""
    revision = change.revision
    documents = list(revision.documents.order_by("position"))
    plan = change.plan if change.plan is not None and change.plan.state == PlanState.MADE else None
    steps = [] if plan is None else list(plan.steps.order_by("position").prefetch_related("attempts"))
    judged = approvals.approvals_of(change)
    return {
        "number": change.pk,
        "workspace": change.workspace.slug,
        "state": change.state,
        "title": change.title,
        "author": change.author.username,
        "revision": change.revision_number,
        "revision_digest": revision.digest,
        "documents": [_document(document) for document in documents],
        "plan": None if plan is None else _plan(plan, steps),
        "checks": [_check(row) for row in change.plan.checks] if change.plan is not None else [],
        "reviews": _reviews(change),
        "approvals": {"needed": judged.needed, "given": judged.given, "why": list(judged.why)},
        "steps": [_progress(step) for step in steps],
        "next": next_of(change),
    }


def row_json(change: ChangeRequest) -> RowJSON:
    return {
        "number": change.pk,
        "workspace": change.workspace.slug,
        "state": change.state,
        "title": change.title,
        "author": change.author.username,
        "revision": change.revision_number,
        "created_at": instant(change.created_at),
        "updated_at": instant(change.updated_at),
        "next": next_of(change),
    }


def _document(document: Document) -> DocumentJSON:
    return {
        "path": document.path,
        "ref": document.ref,
        "problems": document.problems,
        "repairs": document.repairs,
    }


def _check(row: Json) -> Json:
    return {key: row[key] for key in ("code", "level", "passed", "message")}


def _plan(plan: Plan, steps: list[Step]) -> PlanJSON:
    return {
        "digest": plan.digest,
        "made_at": "" if plan.made_at is None else plan.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "summary": plan.summary,
        "verdict": plan.verdict,
        "requests": [_request(step) for step in steps if step.is_remote],
        "steps": [
            {"ref": step.ref, "action": step.action, "base": None if step.base == ABSENT else step.base}
            for step in steps
        ],
    }


def _request(step: Step) -> Json:
    payload = step.payload_bytes
    return {
        "method": step.method,
        "arm_id": step.arm_id,
        "api_version": step.api_version,
        "body": json.loads(payload) if payload else None,
    }


def _progress(step: Step) -> Json:
    return {"ref": step.ref, "state": step.state, "attempts": len(step.attempts.all())}


def _reviews(change: ChangeRequest) -> list[Json]:
    counting = approvals.counting_reviews(change)
    return [
        {
            "reviewer": review.reviewer.username,
            "verdict": review.verdict,
            "plan_digest": review.plan_digest,
            "counts": review.pk in counting and review.verdict != "comment",
            "comment": review.comment,
        }
        for review in change.reviews.select_related("reviewer").order_by("at", "pk")
    ]


def next_of(change: ChangeRequest) -> str:
    """Say what happens next, and why it waits, where there is something to say beyond the state."""
    plan, state = change.plan, State(change.state)
    if state == State.DRAFT and plan is not None and plan.state == PlanState.FAILED:
        return f"{plan.error} Its author sends a new revision, or has it planned again."
    if plan is not None and plan.state == PlanState.MAKING and state in (State.DRAFT, State.PLANNING):
        return plan.error or NEXT[State.PLANNING]
    if state == State.IN_REVIEW and not change.reason:
        return _wanted(policy.APPROVALS_NEEDED)
    return f"{change.reason} Next: {NEXT[state]}." if change.reason else NEXT[state]


def _wanted(count: int) -> str:
    return "one approval by a reviewer" if count == 1 else f"{count} approvals by reviewers"
