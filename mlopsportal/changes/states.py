"""The states of a change request and the moves allowed between them; one table, nothing else."""

from __future__ import annotations

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


TERMINAL = frozenset(
    {State.APPLIED, State.NO_CHANGE, State.REJECTED, State.WITHDRAWN, State.SUPERSEDED, State.EXPIRED}
)


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
