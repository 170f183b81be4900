"""Gives the names that are there, and their search entries, the time of their newest version."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Idempotent; one statement for all names, and one for each kind of search entry."""
    asset, version, entry = (apps.get_model("registry", name) for name in ("Asset", "Version", "SearchEntry"))
    newest = version.objects.filter(asset=OuterRef("pk")).order_by("-created_at", "-id").values("created_at")[:1]
    asset.objects.update(newest_at=Coalesce(Subquery(newest), F("created_at")))
    for kind in ("component", "pipeline", "data", "model", "environment"):
        named = asset.objects.filter(
            workspace=OuterRef("workspace"),
            kind="component" if kind == "pipeline" else kind,
            name=OuterRef("title"),
        )
        found = entry.objects.filter(kind=kind)
        found.update(at=Coalesce(Subquery(named.values("newest_at")[:1]), F("at")))


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_newest_version_time")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
