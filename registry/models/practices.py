"""How strictly a workspace takes each best practice; knows nothing of what the practices look for."""

from __future__ import annotations

from django.db import models

from mlopsportal.specs.practices import LEVELS
from registry.models.workspaces import Workspace


class PracticeLevel(models.Model):
    """The level of one practice in one workspace, where it differs from the practice's default."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="practice_levels")
    code = models.CharField(max_length=64)
    level = models.CharField(max_length=16, choices=[(level, level) for level in LEVELS])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "code"], name="practice_level_once"),
            models.CheckConstraint(condition=models.Q(level__in=LEVELS), name="practice_level_known"),
        ]

    def __str__(self) -> str:
        return f"{self.code} is {self.level} in {self.workspace}"
