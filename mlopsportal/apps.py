"""Registers the site itself, which holds the management commands and the composed pages."""

from __future__ import annotations

from django.apps import AppConfig


class MlopsportalConfig(AppConfig):
    name = "mlopsportal"
    label = "mlopsportal"
