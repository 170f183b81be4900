"""What every mirrored row carries, and the table of documents that are kept once."""

from __future__ import annotations

from django.db import models

from mlopsportal.specs.ref import Ref
from registry.models.workspaces import Workspace


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
