"""Registers the queue app."""

from __future__ import annotations

from django.apps import AppConfig


class QueueConfig(AppConfig):
    name = "mlopsportal.queue"
    label = "queue"
