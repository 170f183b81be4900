"""Change requests: what people wish, what was planned, who agreed, and what was sent. Knows no Azure.

Rows here are the record of the work; the queue only wakes somebody up to look at them.
"""

from __future__ import annotations

import hashlib
import json

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from mlopsportal import azureml
from mlopsportal.accounts.models import User
from mlopsportal.accounts.roles import Permission, workspaces_for
from mlopsportal.changes.states import (
    NEXT,
    TERMINAL,
    Origin,
    Outcome,
    PlanState,
    Policy,
    State,
    StepAction,
    StepState,
    Verdict,
)
from registry.models import Workspace


class ChangeQuerySet(models.QuerySet["ChangeRequest"]):
    """The vocabulary of lists of changes."""

    def for_user(self, user: User | AnonymousUser) -> ChangeQuerySet:
        return self.filter(workspace__in=workspaces_for(user))

    def open(self) -> ChangeQuerySet:
        return self.exclude(state__in=TERMINAL)

    def awaiting(self, user: User | AnonymousUser) -> ChangeQuerySet:
        """Return what waits for a review that this user may write: their roles allow it, no part of it is theirs,
        and they have not said a word about its current plan."""
        if not isinstance(user, User):
            return self.none()
        return (
            self.filter(state=State.IN_REVIEW, workspace__in=workspaces_for(user, Permission.REVIEW))
            .exclude(author__person=user.person)
            .exclude(submitted_by__person=user.person)
            .exclude(pk__in=Revision.objects.filter(editor__person=user.person).values("change"))
            .exclude(
                pk__in=Review.objects.filter(person=user.person, plan_digest=models.F("change__plan__digest"))
                .exclude(verdict=Verdict.COMMENT)
                .values("change")
            )
        )

    def for_list(self) -> ChangeQuerySet:
        """Bring along what a row of a list shows."""
        return self.select_related("workspace", "author", "plan")


class ChangeRequest(models.Model):
    """One wish of one person for one workspace. Its number is its key."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="changes")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="changes")
    origin = models.CharField(max_length=16, choices=Origin.choices, default=Origin.FORM)
    policy = models.CharField(max_length=16, choices=Policy.choices, default=Policy.REVIEW)
    overrides = models.JSONField(default=list, help_text="Soft checks set aside: {code, plan_digest, by, reason}")
    state = models.CharField(max_length=24, choices=State.choices, default=State.DRAFT)
    reason = models.TextField(
        blank=True, default="", help_text="Why it is in this state, in words, where that needs saying"
    )
    revision_number = models.PositiveIntegerField(default=1)
    plan = models.ForeignKey("Plan", null=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="submitted_changes"
    )
    submitted_by_token = models.BooleanField(
        default=False, help_text="A token sent it in, or revised it since: the standing policy never covers it"
    )
    queued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="queued_changes"
    )
    queued_at = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0, help_text="Grows with each claim; a worker with an older one must stop")
    lease_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=255, blank=True, default="", help_text="Process that holds the lease")
    claims = models.PositiveIntegerField(default=0, help_text="How often a worker took it for applying")
    deaths = models.PositiveIntegerField(default=0, help_text="Claims since it was queued whose worker died")
    retry_at = models.DateTimeField(null=True, help_text="When the sweep should look again")
    woken_at = models.DateTimeField(null=True, help_text="When a worker was last asked to look at it")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "state", "-id"], name="change_by_state"),
            models.Index(fields=["workspace", "-id"], name="change_newest"),
            models.Index(fields=["author", "-id"], name="change_by_author"),
            models.Index(fields=["state", "retry_at"], name="change_due"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="change_state_known"),
        ]

    def __str__(self) -> str:
        return f"change:{self.pk}"

    @property
    def number(self) -> int:
        return self.pk

    @property
    def is_open(self) -> bool:
        return self.state not in TERMINAL

    @property
    def next(self) -> str:
        """What has to happen next, or that nothing does, in words."""
        return NEXT[State(self.state)]

    @property
    def revision(self) -> Revision:
        """The current revision."""
        return self.revisions.get(number=self.revision_number)

    @property
    def plan_digest(self) -> str:
        """The digest to review, "" while no plan of the current revision is made."""
        return self.plan.digest if self.plan is not None and self.plan.state == PlanState.MADE else ""


class Revision(models.Model):
    """The documents of a change as one person submitted them. Never edited: an edit is the next revision."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change", "number"], name="revision_once")]

    def __str__(self) -> str:
        return f"{self.change}@{self.number}"


class Document(models.Model):
    """One document of a revision: the text as sent in, and what the checker and the repairs say of it."""

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="documents")
    position = models.PositiveIntegerField()
    path = models.CharField(max_length=255)
    content = models.TextField()
    kind = models.CharField(max_length=32)
    ref = models.CharField(max_length=400, blank=True, default="")
    problems = models.JSONField(default=list)
    repairs = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "path"], name="document_once"),
            models.UniqueConstraint(fields=["revision", "position"], name="document_position_once"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.revision}:{self.path}"


class Plan(models.Model):
    """What applying a revision would do, worked out against the live workspace. Never edited once made.

    `digest` covers all ordered steps with bodies, base fingerprints and target. `summary` is
    `{"add", "change", "remove"}`; `checks` is a list of `{code, level, passed, message, places}`, `levels` the
    level of every check when the plan was made, also of those that were off; `problems` says, in the form of
    `specs.Problem.as_json`, why a failed plan failed. `told` is what its reviewers read of users and scores, as
    `changes.told` keeps it; {} for a plan made before that was kept.
    """

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="plans")
    state = models.CharField(max_length=16, choices=PlanState.choices, default=PlanState.MAKING)
    digest = models.CharField(max_length=64, blank=True, default="")
    verdict = models.CharField(max_length=16, blank=True, default="")
    reasons = models.JSONField(default=list)
    summary = models.JSONField(default=dict)
    checks = models.JSONField(default=list)
    levels = models.JSONField(default=dict)
    told = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    error = models.TextField(blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=255, blank=True, default="", help_text="Process that holds the lease")
    retry_at = models.DateTimeField(null=True, help_text="When the sweep should have it tried again")
    woken_at = models.DateTimeField(null=True, help_text="When a worker was last asked to make it")
    attempts = models.PositiveIntegerField(default=0)
    requested_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "lease_until"], name="plan_due")]

    def __str__(self) -> str:
        return f"plan {self.digest[:12] or 'not made'} of {self.revision}"


class Step(models.Model):
    """One ordered step of a plan: at most one request to Azure, or one write to the portal's own tables.

    What will be sent (`method` to `payload`) is fixed when the plan is made; the rest records what
    happened. `payload` holds the exact bytes of the request body.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveIntegerField()
    ref = models.CharField(max_length=400)
    action = models.CharField(max_length=16, choices=StepAction.choices)
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="steps")
    method = models.CharField(max_length=8, blank=True, default="")
    arm_id = models.CharField(max_length=600, blank=True, default="")
    api_version = models.CharField(max_length=32, blank=True, default="")
    payload = models.BinaryField(default=bytes)
    payload_sha256 = models.CharField(max_length=64, blank=True, default="")
    base = models.CharField(
        max_length=64, blank=True, default="", help_text="Fingerprint of the object as planned against"
    )
    before = models.JSONField(null=True, help_text="The object as planned against, normalised")
    after = models.JSONField(null=True, help_text="The object as it will be, normalised")
    changes = models.JSONField(default=list, help_text="Semantic differences, as specs.diff gives them")
    notes = models.JSONField(default=list, help_text="Repairs and other lines a reviewer must see")
    verdict = models.CharField(max_length=16, blank=True, default="")
    with_defaults = models.BooleanField(default=False, help_text="A run that changes none of its version's defaults")
    state = models.CharField(max_length=16, choices=StepState.choices, default=StepState.PENDING)
    error = models.TextField(blank=True, default="")
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "position"], name="step_position_once")]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"step {self.position} of {self.plan}"

    @property
    def is_remote(self) -> bool:
        """True for a request to Azure, False for a write to the portal's own tables."""
        return bool(self.method)

    @property
    def payload_bytes(self) -> bytes:
        return bytes(self.payload)

    @property
    def request(self) -> azureml.Request:
        """The approved request. Raises ValueError when its bytes are not the ones that were planned."""
        payload = self.payload_bytes
        body = json.loads(payload) if payload else None
        request = azureml.Request(self.method, self.arm_id, self.api_version, body)
        if request.payload != payload or hashlib.sha256(payload).hexdigest() != self.payload_sha256:
            raise ValueError(f"{self}: the stored bytes are not the planned ones")
        return request


class Attempt(models.Model):
    """One sending of one step: written before the first byte, ended exactly once."""

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    fence = models.BigIntegerField()
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, blank=True, default="", choices=Outcome.choices)
    status_code = models.IntegerField(null=True)
    request_id = models.CharField(max_length=100, blank=True, default="")
    message = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "number"], name="attempt_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"attempt {self.number} at {self.step}"


class Review(models.Model):
    """What one person said of one plan. An approval of another plan than the current one does not count."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="reviews")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="reviews")
    plan_digest = models.CharField(max_length=64)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    person = models.CharField(max_length=200)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    comment = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["change", "at"], name="review_by_change")]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer} on {self.change}"


class Comment(models.Model):
    """A line of the conversation of a change."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["change", "at"], name="comment_by_change")]

    def __str__(self) -> str:
        return f"comment of {self.author} on {self.change}"


class ObjectLock(models.Model):
    """At most one change applies to one object at a time. Held from claim to the end of the apply."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    ref = models.CharField(max_length=400)
    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="locks")
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "ref"], name="lock_once")]

    def __str__(self) -> str:
        return f"lock on {self.ref} by {self.change}"
