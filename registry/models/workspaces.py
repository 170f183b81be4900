"""A workspace: where it is, how to sign in, and the portal's own settings for it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from mlopsportal import azureml
from mlopsportal.accounts.models import User
from mlopsportal.accounts.roles import workspaces_for


class Cloud(models.TextChoices):
    AZURE = "azure", "Azure"
    CHINA = "azure-china", "Azure China"
    US_GOVERNMENT = "azure-us-government", "Azure US Government"
    SANDBOX = "sandbox", "Sandbox"


class Tier(models.TextChoices):
    DEVELOPMENT = "development", "Development"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"


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
