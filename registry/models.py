"""The mirror of Azure ML: workspaces, assets, versions, runs, lineage. Written by `registry.sync` and nothing else.

Rows keep what lists and filters need. What would execute is kept once in `Definition`, addressed by its
digest; the rest of an object's raw JSON is kept compressed beside the row (`remainder`), so that the raw
document can be rebuilt exactly and lists never read it.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from mlopsportal import azureml
from mlopsportal.accounts.models import User
from mlopsportal.accounts.roles import workspaces_for
from mlopsportal.specs.ref import Ref


class Cloud(models.TextChoices):
    AZURE = "azure", "Azure"
    CHINA = "azure-china", "Azure China"
    US_GOVERNMENT = "azure-us-government", "Azure US Government"
    SANDBOX = "sandbox", "Sandbox"


class Tier(models.TextChoices):
    DEVELOPMENT = "development", "Development"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"


class AssetKind(models.TextChoices):
    COMPONENT = "component", "Component"
    DATA = "data", "Data"
    MODEL = "model", "Model"
    ENVIRONMENT = "environment", "Environment"


class ConnectionState(models.TextChoices):
    UNKNOWN = "unknown", "Not tested"
    TESTING = "testing", "Testing"
    GOOD = "good", "Connected"
    FAILED = "failed", "Failed"


LONGEST_TEST = timedelta(minutes=2)


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def for_user(self, user: User | AnonymousUser) -> WorkspaceQuerySet:
        """Return the workspaces this user may read; a site administrator reads all."""
        return self.filter(pk__in=workspaces_for(user))


class Workspace(models.Model):
    """One Azure ML workspace: where it is, how to sign in, and the portal's own settings for it."""

    slug = models.SlugField(max_length=64, unique=True)
    cloud = models.CharField(max_length=24, choices=Cloud.choices, default=Cloud.AZURE)
    endpoint = models.CharField(max_length=200, blank=True, default="", help_text="Sandbox only: its loopback address")
    subscription_id = models.CharField(max_length=64)
    resource_group = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    display_name = models.CharField(max_length=200, blank=True, default="")
    region = models.CharField(max_length=64, blank=True, default="")
    credential = models.CharField(max_length=64, blank=True, default="")
    default_compute = models.CharField(max_length=64, blank=True, default="serverless")
    tier = models.CharField(max_length=16, choices=Tier.choices, default=Tier.DEVELOPMENT)
    auto_apply = models.BooleanField(default=False)
    sync_every_seconds = models.PositiveIntegerField(default=120)
    runs_window_days = models.PositiveIntegerField(default=90)
    computes = models.JSONField(default=list, blank=True)
    datastores = models.JSONField(default=list, blank=True)
    connection_state = models.CharField(max_length=16, choices=ConnectionState.choices, default=ConnectionState.UNKNOWN)
    connection_message = models.TextField(blank=True, default="")
    connection_checked_at = models.DateTimeField(null=True)
    connection_asked_at = models.DateTimeField(null=True, help_text="When a worker was last asked to test it")
    synced_at = models.DateTimeField(null=True, help_text="When the newest complete sync began")
    created_at = models.DateTimeField(auto_now_add=True)
    added_by = models.CharField(
        max_length=64, blank=True, default="", help_text="The audit log's opaque name of the account that added it"
    )

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        constraints = [
            # Azure takes its names for the same whatever their case.
            models.UniqueConstraint(
                *("cloud", "endpoint", Lower("subscription_id"), Lower("resource_group"), Lower("name")),
                name="workspace_once",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def target(self) -> azureml.Target:
        return azureml.Target(
            subscription_id=self.subscription_id,
            resource_group=self.resource_group,
            workspace=self.name,
            cloud=self.cloud,
            endpoint=self.endpoint,
            credential=self.credential,
        )

    @property
    def connection(self) -> ConnectionState:
        """The state of the connection; a test that got no answer for two minutes was lost with its worker: failed."""
        state = ConnectionState(self.connection_state)
        asked = self.connection_asked_at
        is_lost = asked is None or timezone.now() - asked > LONGEST_TEST
        return ConnectionState.FAILED if state == ConnectionState.TESTING and is_lost else state

    @property
    def connection_words(self) -> str:
        """What came of the newest test of the connection."""
        if self.connection != self.connection_state:
            return "No answer: the worker that was asked is gone or busy. See that one runs, then test again."
        return self.connection_message

    @property
    def base(self) -> str:
        """The ARM id of the workspace, the prefix of every object's id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )


class Definition(models.Model):
    """A document kept once under the SHA-256 of its canonical JSON: what would execute, or a shared raw part."""

    digest = models.CharField(max_length=64, unique=True)
    body = models.BinaryField(help_text="zlib-compressed canonical JSON")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Mirrored(models.Model):
    """What every mirrored row carries: its raw JSON in two parts, and when a sync last saw it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    raw_digest = models.CharField(
        max_length=64, help_text="SHA-256 of the canonical raw JSON; unchanged rows are skipped"
    )
    remainder = models.BinaryField(default=bytes, help_text="zlib-compressed raw JSON without its shared part")
    part = models.ForeignKey(Definition, null=True, on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def ref(self) -> Ref:
        """The name of the object this row mirrors, without its workspace."""
        raise NotImplementedError  # abstract: each kind of row says how it is named


class AssetQuerySet(models.QuerySet["Asset"]):
    def listed(self, workspace: Workspace, kind: str, *, pipelines: bool = False) -> AssetQuerySet:
        """Return the assets that lists show: one kind, pipelines apart from components, nothing anonymous."""
        # IN: see RunQuerySet.listed
        return self.filter(workspace=workspace, kind=kind, is_pipeline__in=[pipelines], is_anonymous__in=[False])

    def for_list(self) -> AssetQuerySet:
        return self.defer("remainder").select_related(None)


class Asset(Mirrored):
    """A named container: all versions of one component, data asset, model or environment."""

    kind = models.CharField(max_length=16, choices=AssetKind.choices)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    is_pipeline = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)
    is_anonymous = models.BooleanField(default=False)
    latest_version = models.CharField(max_length=64, blank=True, default="")
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    objects = AssetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "name"], name="asset_once")]
        indexes = [
            models.Index(
                fields=["workspace", "kind", "is_pipeline", "is_anonymous", "is_archived", "name", "id"],
                name="asset_by_name",
            ),
            models.Index(
                fields=["workspace", "kind", "is_pipeline", "is_anonymous", "is_archived", "-modified_at", "-id"],
                name="asset_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.name)


class VersionQuerySet(models.QuerySet["Version"]):
    def named(self, workspace: Workspace, ref: Ref) -> VersionQuerySet:
        return self.filter(workspace=workspace, kind=ref.kind, name=ref.name, version=ref.version or "")

    def for_list(self) -> VersionQuerySet:
        return self.defer("remainder")


class Version(Mirrored):
    """One version of an asset. A pipeline version is a component version of type `pipeline`."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="versions")
    kind = models.CharField(max_length=16, choices=AssetKind.choices)
    name = models.CharField(max_length=255)
    version = models.CharField(max_length=64)
    type = models.CharField(max_length=64, blank=True, default="")
    display_name = models.CharField(max_length=255, blank=True, default="")
    description = models.TextField(blank=True, default="")
    tags = models.JSONField(default=dict, blank=True)
    is_archived = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200, blank=True, default="")
    modified_at = models.DateTimeField()
    definition = models.ForeignKey(Definition, null=True, on_delete=models.PROTECT, related_name="versions")
    executed_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="Pipelines: digest of what a run with an inline graph shows of it",
    )
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    job_name = models.CharField(max_length=255, blank=True, default="", help_text="The run that made it, if known")

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "name", "version"], name="version_once")]
        indexes = [
            models.Index(fields=["asset", "-created_at", "-id"], name="version_by_time"),
            models.Index(fields=["definition"], name="version_definition"),
            models.Index(fields=["workspace", "job_name"], name="version_job"),
            models.Index(fields=["workspace", "executed_digest"], name="version_executed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}:{self.version}"

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.name, self.version)

    @property
    def is_pipeline(self) -> bool:
        return self.kind == AssetKind.COMPONENT and self.type == "pipeline"


class Use(models.Model):
    """One reference of a version's definition to another version: where-used in one index look-up."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    consumer = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="uses")
    node = models.CharField(max_length=255, blank=True, default="", help_text="Path of the node, empty for the whole")
    kind = models.CharField(max_length=16)
    name = models.CharField(max_length=255)
    version = models.CharField(max_length=64, blank=True, default="")
    label = models.CharField(max_length=64, blank=True, default="")
    registry = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["consumer", "node", "kind", "name", "version", "label", "registry"], name="use_once"
            )
        ]
        indexes = [models.Index(fields=["workspace", "kind", "name", "version"], name="use_target")]

    def __str__(self) -> str:
        return f"{self.consumer} uses {self.kind}:{self.name}:{self.version or self.label}"


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
