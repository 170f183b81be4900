"""Registers the scheduling app and hangs its stage into the sync of the mirror."""

from __future__ import annotations

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        from registry.stages import register
        from scheduling.sync import stage

        register("schedules", stage)
