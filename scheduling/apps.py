"""Registers the scheduling app and hangs its stage into the sync of the mirror."""

from __future__ import annotations

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        from registry.stages import register  # noqa: PLC0415 - models are ready only now
        from scheduling.sync import stage  # noqa: PLC0415 - models are ready only now

        register("schedules", stage)
