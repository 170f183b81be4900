"""Registers the audit app, and puts its triggers back after every migration."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from mlopsportal.audit import triggers


class AuditConfig(AppConfig):
    name = "mlopsportal.audit"
    label = "audit"

    def ready(self) -> None:
        post_migrate.connect(triggers.heal, sender=self, dispatch_uid="audit-triggers")
