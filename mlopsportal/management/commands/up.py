"""Everything on one machine, for trying and for one person: database, sandbox, worker, web."""

from __future__ import annotations

import fcntl
import socket
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from mlopsportal.management import demo
from mlopsportal.management.startup import make_private
from mlopsportal.management.static_files import collect_static
from mlopsportal.management.supervisor import Child, Supervisor, command

GRACE = timedelta(seconds=10)


def speed(text: str) -> float:
    """Read --time-scale: a positive number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise ArgumentTypeError(f"{text!r} is not a positive number")
    return value


class Command(BaseCommand):
    help = "Run everything on this machine, on loopback only; Ctrl-C stops all of it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port of the pages (default 8000; 0: any free one)")
        parser.add_argument("--data", help="data folder (default .data, or MLOPSPORTAL_DATA)")
        parser.add_argument("--time-scale", type=speed, default=60.0, help="how much faster runs go (default 60)")
        parser.add_argument("--empty", action="store_true", help="an empty workspace instead of the demo's content")

    def handle(self, *args: Any, **options: Any) -> None:
        data = Path(settings.DATA_DIR)  # startup has read --data before Django read its settings
        with only_one(data), listening(options["port"]) as site:
            supervisor = Supervisor(GRACE)
            supervisor.heed_signals()
            try:
                self.start(supervisor, data, site, options)
                supervisor.watch()
            finally:
                supervisor.stop()

    def start(self, supervisor: Supervisor, data: Path, site: socket.socket, options: dict[str, Any]) -> None:
        """Start the parts, those first that a page needs; then say where it is."""
        sandbox_port = demo.sandbox_port(data)
        supervisor.start(sandbox(data, sandbox_port, options["time_scale"], empty=options["empty"]))
        call_command("migrate", interactive=False, verbosity=0)
        collect_static()
        supervisor.start(web(site))
        password = demo.password(data)
        try:
            accounts = demo.set_up(sandbox_port, password)
        except ValidationError as error:
            raise CommandError(f"MLOPSPORTAL_DEMO_PASSWORD will not do: {' '.join(error.messages)}") from error
        supervisor.start(Child("worker", command("worker", "--grace", str(int(GRACE.total_seconds()) - 2))))
        connections.close_all()
        address = f"http://127.0.0.1:{site.getsockname()[1]}/"
        self.stdout.write(f"mlopsportal is at {address}")
        self.stdout.write(f"Sign in as {', '.join(accounts)}; password: {password}")
        self.stdout.write("Ctrl-C stops everything.")
        sys.stdout.flush()


def sandbox(data: Path, port: int, time_scale: float, *, empty: bool) -> Child:
    """Return the stand-in workspace; it outlives the others, whose last tasks may still need it."""
    place = ("--port", str(port), "--data", str(data / "sandbox"))
    ways = ("--time-scale", str(time_scale), "--seed", "empty" if empty else "demo")
    return Child("sandbox", command("sandbox", *place, *ways), output=data / "sandbox.json", outlives=True)


def web(site: socket.socket) -> Child:
    """Return the web process over a socket that stays open while it is started again."""
    bind = f"fd://{site.fileno()}"
    env = {"MLOPSPORTAL_DEMO": "on", "MLOPSPORTAL_TLS": "off"}
    return Child("web", command("web", "--bind", bind), env=env, inherit=(site.fileno(),))


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder, open to its owner alone. Raises CommandError when another `up` holds it."""
    make_private(data)
    with (data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"Another `up` is running on {data}. Stop it, or give this one its own --data."
            ) from error
        yield


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Open the site's port on loopback. Raises CommandError when it is taken."""
    with socket.socket() as site:
        site.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            site.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise CommandError(f"Port {port} cannot be used ({error}). Give another one with --port.") from error
        site.listen(128)
        yield site
