"""Registers the changes app."""

from __future__ import annotations

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "mlopsportal.changes"
    label = "changes"
