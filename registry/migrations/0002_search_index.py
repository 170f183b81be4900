"""Makes the trigram index of the text search."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from registry import search_index


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    search_index.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
