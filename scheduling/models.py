"""Schedules mirrored from Azure ML, the states they have had, and triggers of our own. Knows no change requests."""

from __future__ import annotations

from django.db import models

from mlopsportal.specs.ref import Ref
from registry.models import Mirrored, Version, Workspace


class TriggerType(models.TextChoices):
    RECURRENCE = "recurrence", "Recurrence"
    CRON = "cron", "Cron"
    OTHER = "other", "Other"


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def present(self) -> ScheduleQuerySet:
        """Return the schedules that the workspace still has."""
        return self.filter(missing_since=None)

    def due_next(self) -> ScheduleQuerySet:
        """Return the enabled schedules that will fire, the nearest first."""
        return self.present().filter(is_enabled=True).exclude(next_fire_at=None).order_by("next_fire_at", "id")

    def running(self, version: Version) -> ScheduleQuerySet:
        """Return the schedules that run this pipeline version."""
        return self.present().filter(pipeline=version)

    def for_list(self) -> ScheduleQuerySet:
        return self.select_related("workspace").defer("remainder")


class Schedule(Mirrored):
    """One Azure ML schedule as the workspace has it."""

    name = models.CharField(max_length=255)
    display_name = models.CharField(max_length=255, blank=True, default="")
    description = models.TextField(blank=True, default="")
    tags = models.JSONField(default=dict, blank=True)
    is_enabled = models.BooleanField(default=True)
    provisioning_state = models.CharField(max_length=24, blank=True, default="")
    trigger_type = models.CharField(max_length=16, choices=TriggerType.choices)
    trigger = models.JSONField(default=dict, help_text="The trigger in Azure's own form")
    action_type = models.CharField(max_length=32, blank=True, default="")
    definition = models.ForeignKey("registry.Definition", null=True, on_delete=models.PROTECT, related_name="schedules")
    pipeline = models.ForeignKey(Version, null=True, on_delete=models.SET_NULL, related_name="schedules")
    pipeline_ref = models.CharField(max_length=400, blank=True, default="")
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    last_fire_at = models.DateTimeField(null=True, help_text="Start of the newest run it started")
    next_fire_at = models.DateTimeField(null=True, help_text="Our forecast; null = never again or disabled")

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="schedule_once")]
        indexes = [
            models.Index(fields=["workspace", "name", "id"], name="schedule_by_name"),
            models.Index(fields=["workspace", "is_enabled", "next_fire_at", "id"], name="schedule_by_fire"),
            models.Index(fields=["pipeline"], name="schedule_pipeline"),
        ]

    def __str__(self) -> str:
        return f"schedule:{self.name}"

    @property
    def ref(self) -> Ref:
        return Ref("schedule", self.name)

    @property
    def pipeline_target(self) -> Ref | None:
        """The pipeline version it runs; None when it runs something else."""
        return Ref.parse(self.pipeline_ref) if self.pipeline_ref else None

    @property
    def state(self) -> str:
        """One word for the badge: enabled, disabled or missing."""
        if self.missing_since is not None:
            return "missing"
        return "enabled" if self.is_enabled else "disabled"


class ScheduleUse(models.Model):
    """One reference of a schedule's job to a version: its pipeline, the data it feeds in, what an inline job names."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="uses")
    node = models.CharField(max_length=255, blank=True, default="", help_text="Path of the node, empty for the job")
    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=255)
    version = models.CharField(max_length=64, blank=True, default="")
    label = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "node", "kind", "name", "version", "label"], name="schedule_use_once"
            )
        ]
        indexes = [models.Index(fields=["workspace", "kind", "name", "version"], name="schedule_use_target")]

    def __str__(self) -> str:
        return f"{self.schedule} uses {self.kind}:{self.name}:{self.version or self.label}"


class ScheduleState(models.Model):
    """What a schedule was at some time: `schedule:<name>@<digest>` stays readable after the schedule has changed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    raw = models.BinaryField(help_text="zlib-compressed raw JSON")
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name", "digest", "first_seen_at"], name="schedule_state_once")
        ]
        indexes = [models.Index(fields=["workspace", "name", "-first_seen_at"], name="schedule_state_newest")]

    def __str__(self) -> str:
        return f"schedule:{self.name}@{self.digest[:12]}"


class Trigger(models.Model):
    """A trigger the portal keeps because Azure ML has none of its kind: today, new data at a path.

    Written only by the apply of a change. `is_firing` is False while this version of the portal only
    stores the trigger and watches nothing; the page says so.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="triggers")
    name = models.CharField(max_length=255)
    display_name = models.CharField(max_length=255, blank=True, default="")
    description = models.TextField(blank=True, default="")
    type = models.CharField(max_length=32)
    spec = models.JSONField(default=dict)
    pipeline_ref = models.CharField(max_length=400)
    is_enabled = models.BooleanField(default=True)
    is_firing = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=64)
    change = models.BigIntegerField(help_text="Number of the change whose approval stands behind it")
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="trigger_once")]

    def __str__(self) -> str:
        return f"trigger:{self.name}"
