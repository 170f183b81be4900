"""A whole portal for browser tests: `up` in its own processes, with its sandbox, and ways to ask both."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from mlopsportal.management.startup import ROOT
from tests.site.processes import clean_environment, free_port, running, status_of, wait_for

PASSWORD = "a-password-for-browser-tests"
ACCOUNTS = ("author", "reviewer", "operator", "auditor", "viewer", "admin")
# A step of a run takes 5 to 15 minutes of the sandbox's clock: with this, about one to four seconds.
TIME_SCALE = 240


@dataclass(frozen=True)
class Portal:
    """Where a running portal and its sandbox are; addresses without a slash at the end."""

    address: str
    sandbox: str
    data: Path

    def at(self, path: str) -> str:
        return f"{self.address}{path}"

    def add_root(self) -> None:
        """Make the site's administrator `root`, as the README says to; once is enough."""
        env = clean_environment(MLOPSPORTAL_DATA=str(self.data), DJANGO_SUPERUSER_PASSWORD=PASSWORD)
        command = [sys.executable, "manage.py", "createsuperuser", "--noinput", "--username", "root", "--email", ""]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "already taken" in done.stderr, done.stderr

    def journal(self) -> list[dict[str, Any]]:
        """Return what the sandbox wrote down of every request it ever got, oldest first."""
        entries: list[dict[str, Any]] = []
        while True:
            after = entries[-1]["id"] if entries else 0
            with urlopen(f"{self.sandbox}/sandbox/journal?after={after}", timeout=30) as answer:  # noqa: S310
                page = json.load(answer)["entries"]
            entries += page
            if not page:
                return entries

    def writes(self, arm_id: str) -> list[dict[str, Any]]:
        """Return the journal's entries of everything but reading at this ARM id."""
        entries = (entry for entry in self.journal() if entry["method"] not in ("GET", "HEAD"))
        return [entry for entry in entries if entry["path"].lower() == arm_id.lower()]


@contextmanager
def running_portal(folder: Path, *options: str) -> Iterator[Portal]:
    """Run `up` on a fresh data folder until the block ends; it is yielded once its first sync is done."""
    port, data = free_port(), folder / "data"
    address = f"http://127.0.0.1:{port}"
    env = clean_environment(MLOPSPORTAL_DEMO_PASSWORD=PASSWORD, TZ="UTC")
    arguments = ("up", "--port", str(port), "--data", str(data), "--time-scale", str(TIME_SCALE), *options)
    with running(*arguments, env=env, log=folder / "log"):
        wait_for(lambda: status_of(f"{address}/readyz") == 200, seconds=180)
        told = json.loads((data / "sandbox.json").read_text())
        yield Portal(address, told["url"].rstrip("/"), data)
