"""Runs, their steps and logs, and the lineage they leave."""

from __future__ import annotations

from django.db import models

from mlopsportal.specs.ref import Ref
from registry.models.assets import Version
from registry.models.mirrored import Definition, Mirrored
from registry.models.workspaces import Workspace


class RunStatus(models.TextChoices):
    """Azure's words for the state of a run or step, as they arrive."""

    NOT_STARTED = "NotStarted", "Not started"
    STARTING = "Starting", "Starting"
    PROVISIONING = "Provisioning", "Provisioning"
    PREPARING = "Preparing", "Preparing"
    QUEUED = "Queued", "Queued"
    RUNNING = "Running", "Running"
    FINALIZING = "Finalizing", "Finalizing"
    CANCEL_REQUESTED = "CancelRequested", "Cancel requested"
    COMPLETED = "Completed", "Completed"
    FAILED = "Failed", "Failed"
    CANCELED = "Canceled", "Cancelled"
    NOT_RESPONDING = "NotResponding", "Not responding"
    PAUSED = "Paused", "Paused"
    UNKNOWN = "Unknown", "Unknown"


TERMINAL_STATUSES = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED})
ACTIVE_STATUSES = tuple(status for status in RunStatus if status not in TERMINAL_STATUSES)


class DefinitionMatch(models.TextChoices):
    """Whether what a run executed is a registered pipeline version."""

    REGISTERED = "registered", "Registered"
    UNREGISTERED = "unregistered", "Unregistered"
    UNKNOWN = "unknown", "Unknown"


class RunQuerySet(models.QuerySet["Run"]):
    def listed(self, *workspaces: Workspace) -> RunQuerySet:
        """Return the runs of these workspaces that lists show: those that are not archived.

        Written as IN: Django turns `is_archived=False` into `NOT is_archived`, for which SQLite uses no index.
        """
        return self.filter(workspace__in=workspaces, is_archived__in=[False])

    def active(self) -> RunQuerySet:
        """Return the runs that have not ended: few, found by status, where "not ended" would read every run."""
        return self.filter(status__in=ACTIVE_STATUSES)

    def for_list(self) -> RunQuerySet:
        return self.defer("remainder", "metrics").select_related("pipeline").defer("pipeline__remainder")


class Run(Mirrored):
    """Azure's job. `job_name` is Azure's id of it."""

    job_name = models.CharField(max_length=255)
    display_name = models.CharField(max_length=255, blank=True, default="")
    experiment = models.CharField(max_length=255, blank=True, default="")
    type = models.CharField(max_length=32, blank=True, default="")
    status = models.CharField(max_length=24)
    started_at = models.DateTimeField(help_text="Start, or creation while it has not started: the sort column")
    ended_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=200, blank=True, default="")
    schedule_name = models.CharField(max_length=255, blank=True, default="")
    tags = models.JSONField(default=dict, blank=True)
    is_archived = models.BooleanField(default=False)
    definition = models.ForeignKey(Definition, null=True, on_delete=models.PROTECT, related_name="runs")
    definition_match = models.CharField(max_length=16, choices=DefinitionMatch.choices, default=DefinitionMatch.UNKNOWN)
    pipeline = models.ForeignKey(Version, null=True, on_delete=models.SET_NULL, related_name="runs")
    pipeline_name = models.CharField(max_length=255, blank=True, default="")
    metrics = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="", help_text="Why it failed, in Azure's words")
    steps_requested_at = models.DateTimeField(null=True, help_text="When somebody last asked for its steps")
    steps_synced_at = models.DateTimeField(null=True, help_text="When its steps were last read; null = not yet")
    steps_error = models.TextField(blank=True, default="", help_text="Why its steps could not be read last time")
    steps_final = models.BooleanField(default=False, help_text="Steps were read after the run had ended")

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "job_name"], name="run_once")]
        indexes = [
            models.Index(fields=["workspace", "is_archived", "-started_at", "-id"], name="run_by_time"),
            models.Index(fields=["workspace", "status", "-started_at", "-id"], name="run_by_status"),
            models.Index(fields=["workspace", "pipeline_name", "-started_at", "-id"], name="run_by_pipeline"),
            models.Index(fields=["workspace", "schedule_name", "-started_at", "-id"], name="run_by_schedule"),
            models.Index(fields=["workspace", "experiment", "-started_at", "-id"], name="run_by_experiment"),
            models.Index(fields=["workspace", "created_by", "-started_at", "-id"], name="run_by_creator"),
            models.Index(fields=["pipeline", "-started_at", "-id"], name="run_by_version"),
        ]

    def __str__(self) -> str:
        return f"run:{self.job_name}"

    @property
    def ref(self) -> Ref:
        return Ref("run", self.job_name)

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL_STATUSES

    @property
    def duration_seconds(self) -> float | None:
        """Seconds from start to end; None while it has not ended or its times were not read."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


class StepQuerySet(models.QuerySet["Step"]):
    def in_time(self) -> StepQuerySet:
        """Return the steps as they began, those that have not at the end."""
        return self.order_by(models.F("started_at").asc(nulls_last=True), "id")


class Step(models.Model):
    """A child run. `path` is its node path inside the pipeline, the one node of a one-node run unwrapped."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    run_id_azure = models.CharField(max_length=255)
    path = models.CharField(max_length=600)
    display_name = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=24)
    component_name = models.CharField(max_length=255, blank=True, default="")
    component_version = models.CharField(max_length=64, blank=True, default="")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    is_reused = models.BooleanField(default=False)
    reused_from = models.CharField(max_length=255, blank=True, default="")
    inputs = models.JSONField(default=dict, blank=True)
    outputs = models.JSONField(default=dict, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="")

    objects = StepQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "run_id_azure"], name="step_once")]
        indexes = [
            models.Index(fields=["component_name", "component_version"], name="step_component"),
            models.Index(fields=["run_id_azure"], name="step_azure_id"),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.path}"

    @property
    def ref(self) -> Ref | None:
        """The component version it executed, None for an inline one."""
        if not self.component_name or not self.component_version:
            return None
        return Ref("component", self.component_name, self.component_version)

    @property
    def ref_words(self) -> str:
        return f"{self.component_name} {self.component_version}"

    @property
    def duration_seconds(self) -> float | None:
        """Seconds from start to end; None while one of them is not known."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at and self.started_at else None


class LogState(models.TextChoices):
    WANTED = "wanted", "Being fetched"
    READY = "ready", "Fetched"
    FAILED = "failed", "Could not be fetched"


class StepLog(models.Model):
    """The text of one log file, fetched by a task when somebody looked: pages never talk to Azure.

    `run_id_azure` is the step's, or the run's own name. The row with an empty `name` stands for the list of
    files: it says that it was asked for, and how that went.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="logs")
    run_id_azure = models.CharField(max_length=255)
    name = models.CharField(max_length=400, blank=True, default="")
    state = models.CharField(max_length=16, choices=LogState.choices, default=LogState.WANTED)
    text = models.TextField(blank=True, default="")
    is_cut = models.BooleanField(default=False, help_text="Only the first part of a long file is kept")
    message = models.TextField(blank=True, default="")
    requested_at = models.DateTimeField()
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "run_id_azure", "name"], name="step_log_once")]

    def __str__(self) -> str:
        return f"{self.run_id_azure} {self.name}"


class EdgeRole(models.TextChoices):
    INPUT = "input", "Input"
    OUTPUT = "output", "Output"
    EXECUTES = "executes", "Executes"


class Edge(models.Model):
    """One lineage fact: a run read (`input`), wrote (`output`) or executed a version. `ref` is a Ref's text."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="edges")
    step = models.CharField(max_length=600, blank=True, default="")
    role = models.CharField(max_length=16, choices=EdgeRole.choices)
    port = models.CharField(max_length=255, blank=True, default="")
    ref = models.CharField(max_length=400)
    at = models.DateTimeField(help_text="The run's start, so that a version's newest runs are one index scan")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "step", "role", "port", "ref"], name="edge_once")]
        indexes = [models.Index(fields=["workspace", "ref", "role", "-at", "-id"], name="edge_by_ref")]

    def __str__(self) -> str:
        return f"{self.run} {self.role} {self.ref}"
