"""Components, data, models and environments, their versions, and what uses what."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from mlopsportal.specs.ref import Ref
from registry.models.mirrored import Definition, Mirrored
from registry.models.workspaces import Workspace


class AssetKind(models.TextChoices):
    COMPONENT = "component", "Component"
    DATA = "data", "Data"
    MODEL = "model", "Model"
    ENVIRONMENT = "environment", "Environment"


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
    newest_at = models.DateTimeField(
        default=timezone.now, help_text="When `latest_version` came; the container's own date while it has none"
    )

    objects = AssetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "name"], name="asset_once")]
        indexes = [
            models.Index(
                fields=["workspace", "kind", "is_pipeline", "is_anonymous", "is_archived", "name", "id"],
                name="asset_by_name",
            ),
            models.Index(
                fields=["workspace", "kind", "is_pipeline", "is_anonymous", "is_archived", "-newest_at", "-id"],
                name="asset_by_newest",
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
