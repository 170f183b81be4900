"""The production web process, for any number of hosts."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlopsportal import health
from mlopsportal.management.serving import serve
from mlopsportal.management.static_files import collect_static


class Command(BaseCommand):
    help = "Serve the site. Needs MLOPSPORTAL_SECRET_KEY and a migrated database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", help="address:port, unix:path or fd://number; wins over --port")
        parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default 8000)")
        parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
        parser.add_argument("--threads", type=int, default=4, help="threads in each process (default 4)")

    def handle(self, *args: Any, **options: Any) -> None:
        if missing := health.unapplied_migrations():
            raise CommandError(f"Run `manage.py migrate` first. Not applied: {', '.join(missing)}")
        call_command("createcachetable", verbosity=0)  # no migration makes it, and it is harmless to repeat
        collect_static()
        bind = options["bind"] or f"127.0.0.1:{options['port']}"
        serve(bind, workers=options["workers"], threads=options["threads"])
