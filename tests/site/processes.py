"""Start real processes for tests, wait for what they do, and look for what they leave behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.conf import settings

from mlopsportal.management.startup import ROOT, SUPERVISOR

Value = TypeVar("Value")
LOG_CHARACTERS = 8_000


def wait_for(what: Callable[[], Value], seconds: float = 30) -> Value:
    """Return the first true answer of `what`; fail when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.1)
    return answer


def status_of(address: str) -> int:
    """Return the HTTP status at the address; 0 when nobody answers."""
    try:
        with urlopen(address, timeout=5) as answer:  # noqa: S310  (our own loopback address)
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_OURS = ("MLOPSPORTAL_", "DJANGO_", "AZUREML_")


def clean_environment(**more: str) -> dict[str, str]:
    """Return what a process needs and nothing of this one's settings, nor of what the SDK leaves in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    kept.pop("DATABASE_URL", None)
    return {**kept, **more}


def database_url() -> str:
    """Return the address of this test process's database, for another process."""
    entry = settings.DATABASES["default"]
    if entry["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{entry['NAME']}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{entry['NAME']}").geturl()


@contextmanager
def running(*command: str, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of our commands in a session of its own; kill what is left of the session at the end.

    It dies with this process too: a test run that is killed leaves no portal behind. The end of its log is
    printed, which pytest shows of a test that failed.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *command],
            env={**env, SUPERVISOR: str(os.getpid())},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for pid in [*descendants(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        sys.stdout.write(f"{' '.join(command)} wrote:\n{log.read_text(errors='replace')[-LOG_CHARACTERS:]}")


def descendants(pid: int) -> list[int]:
    """Return the processes below this one, children before grandchildren."""
    below = children_of(pid)
    return below + [deeper for child in below for deeper in descendants(child)]


def children_of(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(word) for word in listed.split()]


def is_alive(pid: int) -> bool:
    """Say whether the process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
