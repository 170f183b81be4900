"""The production worker process, for any number of hosts: queue clusters, their watchdog, and the ticker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlopsportal import health
from mlopsportal.management.watchdog import Worker


class Command(BaseCommand):
    help = "Run background tasks. Needs MLOPSPORTAL_SECRET_KEY and a migrated database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--grace", type=int, default=60, help="seconds a running task may take to end at SIGTERM")

    def handle(self, *args: Any, **options: Any) -> None:
        if missing := health.unapplied_migrations():
            raise CommandError(f"Run `manage.py migrate` first. Not applied: {', '.join(missing)}")
        Worker(grace=timedelta(seconds=options["grace"])).run()
