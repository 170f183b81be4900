"""What the mirroring itself keeps: its progress, what it noticed, and what the search looks through."""

from __future__ import annotations

from django.db import models

from registry.models.workspaces import Workspace


class SyncState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    PAUSED = "paused", "Slowed by Azure"


class SyncRun(models.Model):
    """One sync: a cursor that survives a killed worker, the progress shown on the page, and how it ended."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="syncs")
    state = models.CharField(max_length=16, choices=SyncState.choices, default=SyncState.RUNNING)
    reason = models.CharField(max_length=64, blank=True, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    resume_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    cursor = models.JSONField(default=dict, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"],
                condition=models.Q(state__in=["running", "paused"]),
                name="sync_one_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="sync_newest")]

    def __str__(self) -> str:
        return f"sync {self.pk} of {self.workspace}"


class FindingKind(models.TextChoices):
    CONTENT_CHANGED = "content_changed", "Content of an existing version changed"
    UNREGISTERED_DEFINITION = "unregistered_definition", "Ran an unregistered definition"
    MISSING = "missing", "No longer in the workspace"
    OUTSIDE_CHANGE = "outside_change", "Changed outside the portal"
    UNREADABLE = "unreadable", "Could not be read"


class Answer(models.TextChoices):
    """What a person said to a finding."""

    CONFIRMED = "confirmed", "Confirmed"
    DISMISSED = "dismissed", "Dismissed"


class Finding(models.Model):
    """Something the mirror noticed that a person should know."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=32, choices=FindingKind.choices)
    ref = models.CharField(max_length=400)
    detail = models.JSONField(default=dict, blank=True)
    found_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    held_before = models.DateTimeField(null=True, help_text="Of a landslide: the held rows were last seen before this")
    answer = models.CharField(max_length=16, choices=Answer.choices, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "ref"], condition=models.Q(resolved_at=None), name="finding_open_once"
            )
        ]
        indexes = [models.Index(fields=["workspace", "resolved_at", "-found_at", "-id"], name="finding_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class SearchEntry(models.Model):
    """What the text search looks through, one row an object; a trigram index on `text` is made in raw SQL."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16)
    ref = models.CharField(max_length=400)
    title = models.CharField(max_length=400)
    text = models.TextField()
    at = models.DateTimeField(help_text="The order of results: newest first")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "ref"], name="search_once")]
        indexes = [models.Index(fields=["workspace", "kind", "-at", "-id"], name="search_newest")]

    def __str__(self) -> str:
        return self.ref

    @property
    def is_pipeline(self) -> bool:
        return self.kind == "pipeline"
