"""Registers the shared face of the portal as a Django app without models."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "mlopsportal.ui"
    label = "ui"
