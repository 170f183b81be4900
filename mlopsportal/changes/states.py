"""The states of a change request and the moves allowed between them; one table, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import models


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    PLANNING = "planning", "Planning"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    QUEUED = "queued", "Queued"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Applied"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    WAITING_FOR_WINDOW = "waiting_for_window", "Waiting for its window"
    WAITING_FOR_LOCK = "waiting_for_lock", "Waiting for another change"
    PLAN_FAILED = "plan_failed", "Plan failed"
    STALE = "stale", "Stale"
    FAILED = "failed", "Failed"
    PARTIALLY_APPLIED = "partially_applied", "Partially applied"
    UNKNOWN = "unknown", "Outcome unknown"
    NO_CHANGE = "no_change", "No change"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Superseded"
    EXPIRED = "expired", "Expired"


TERMINAL: Final = frozenset(
    {State.APPLIED, State.NO_CHANGE, State.REJECTED, State.WITHDRAWN, State.SUPERSEDED, State.EXPIRED}
)

_CLOSERS = frozenset({State.WITHDRAWN, State.EXPIRED, State.SUPERSEDED})
_BEFORE_SENDING = frozenset({State.APPLYING, State.STALE, State.IN_REVIEW, State.CHANGES_REQUESTED, State.FAILED})

MOVES: Final[Mapping[State, frozenset[State]]] = {
    State.DRAFT: _CLOSERS | {State.PLANNING, State.IN_REVIEW, State.APPROVED, State.NO_CHANGE},
    State.PLANNING: _CLOSERS
    | {State.IN_REVIEW, State.APPROVED, State.CHANGES_REQUESTED, State.PLAN_FAILED, State.NO_CHANGE},
    State.IN_REVIEW: _CLOSERS | {State.APPROVED, State.CHANGES_REQUESTED, State.REJECTED, State.PLANNING},
    State.CHANGES_REQUESTED: _CLOSERS | {State.IN_REVIEW, State.APPROVED, State.REJECTED, State.PLANNING},
    State.APPROVED: _CLOSERS | {State.QUEUED, State.IN_REVIEW, State.CHANGES_REQUESTED, State.REJECTED, State.PLANNING},
    State.QUEUED: _CLOSERS | _BEFORE_SENDING | {State.WAITING_FOR_LOCK, State.WAITING_FOR_WINDOW},
    State.WAITING_FOR_LOCK: _CLOSERS | _BEFORE_SENDING | {State.QUEUED, State.WAITING_FOR_WINDOW},
    State.WAITING_FOR_WINDOW: _CLOSERS | _BEFORE_SENDING | {State.QUEUED, State.WAITING_FOR_LOCK},
    State.APPLYING: frozenset({State.APPLIED, State.STALE, State.FAILED, State.PARTIALLY_APPLIED, State.UNKNOWN}),
    State.PLAN_FAILED: _CLOSERS | {State.PLANNING},
    State.STALE: _CLOSERS | {State.PLANNING},
    State.FAILED: _CLOSERS | {State.QUEUED, State.PLANNING},
    State.PARTIALLY_APPLIED: _CLOSERS | {State.QUEUED, State.PLANNING},
    State.UNKNOWN: frozenset({State.QUEUED}),
    **{state: frozenset() for state in TERMINAL},
}
"""Every allowed move. A state that is not a key's value cannot be reached from it; terminal states never leave."""

NEXT: Final[Mapping[State, str]] = {
    State.DRAFT: "its author submits it for review",
    State.PLANNING: "the plan is being made",
    State.IN_REVIEW: "one approval by a reviewer",
    State.APPROVED: "an operator applies it",
    State.QUEUED: "a worker picks it up",
    State.APPLYING: "its steps are being sent and read back",
    State.CHANGES_REQUESTED: "its author sends a new revision, or the reviewer who asked for changes approves",
    State.WAITING_FOR_WINDOW: "its window opens",
    State.WAITING_FOR_LOCK: "another change to the same object ends",
    State.PLAN_FAILED: "its author sends a new revision, or has it planned again",
    State.STALE: "it is planned again against what is there now, and reviewed again",
    State.FAILED: "an operator tries again, or its author has it planned again",
    State.PARTIALLY_APPLIED: "an operator resumes the remaining steps, or an author has the sent ones taken back",
    State.UNKNOWN: "an operator has the workspace read again, to learn whether the last step arrived",
    State.NO_CHANGE: "nothing: the workspace is already as wished",
    State.REJECTED: "nothing: a reviewer rejected it",
    State.APPLIED: "nothing: it is applied and verified",
    State.WITHDRAWN: "nothing: it was withdrawn",
    State.SUPERSEDED: "nothing: another change took its place",
    State.EXPIRED: "nothing: it expired",
}

SUBMITTED: Final = frozenset(State) - TERMINAL - {State.DRAFT}
REVISABLE: Final = frozenset(
    {
        State.DRAFT,
        State.PLANNING,
        State.IN_REVIEW,
        State.CHANGES_REQUESTED,
        State.APPROVED,
        State.PLAN_FAILED,
        State.STALE,
        State.FAILED,
        State.PARTIALLY_APPLIED,
    }
)
"""Where a new revision, or a new plan of the same one, may be asked for: nothing is being sent."""
REVIEWABLE: Final = frozenset({State.IN_REVIEW, State.CHANGES_REQUESTED, State.APPROVED})
WAITING: Final = frozenset({State.WAITING_FOR_LOCK, State.WAITING_FOR_WINDOW})
CLAIMABLE: Final = WAITING | {State.QUEUED, State.APPLYING}
"""Where a worker may take a change for applying."""
RESUMABLE: Final = frozenset({State.FAILED, State.PARTIALLY_APPLIED, State.UNKNOWN})


class StepState(models.TextChoices):
    PENDING = "pending", "Pending"
    SENDING = "sending", "Sending"
    VERIFIED = "verified", "Verified"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Outcome unknown"
    STALE = "stale", "Stale"


class StepAction(models.TextChoices):
    CREATE = "create", "Create"
    UPDATE = "update", "Update"
    ARCHIVE = "archive", "Archive"
    RESTORE = "restore", "Restore"
    ENABLE = "enable", "Enable"
    DISABLE = "disable", "Disable"
    DELETE = "delete", "Delete"
    RUN = "run", "Run"
    CANCEL = "cancel", "Cancel"
    STORE = "store", "Store in the portal"


class Verdict(models.TextChoices):
    """What a reviewer says."""

    APPROVE = "approve", "Approve"
    REQUEST_CHANGES = "request_changes", "Request changes"
    REJECT = "reject", "Reject"
    COMMENT = "comment", "Comment"


class PlanState(models.TextChoices):
    MAKING = "making", "Being made"
    MADE = "made", "Made"
    FAILED = "failed", "Failed"


class Origin(models.TextChoices):
    FORM = "form", "Form"
    API = "api", "API"
    COMMAND = "command", "Command"


class Policy(models.TextChoices):
    """Under which approval a change may be applied."""

    REVIEW = "review", "One approval by a reviewer"
    STANDING = "standing", "Standing policy of the operator"


class Outcome(models.TextChoices):
    """How one attempt at a step ended."""

    OK = "ok", "Arrived"
    REFUSED = "refused", "Refused"
    THROTTLED = "throttled", "Asked to wait"
    NOT_SENT = "not_sent", "Not sent"
    UNKNOWN = "unknown", "Unknown"
