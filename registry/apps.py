"""Registers the registry app and keeps the search index in place after every migrate."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from registry import search_index


def install_search(using: str, **kwargs: Any) -> None:
    """Put back what a migration took away. The receiver of `post_migrate`."""
    connection = connections[using]
    if search_index.TABLE in connection.introspection.table_names():
        search_index.install(connection)


class RegistryConfig(AppConfig):
    name = "registry"

    def ready(self) -> None:
        post_migrate.connect(install_search, sender=self, dispatch_uid="registry-search-index")
