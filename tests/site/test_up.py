"""One command starts everything, keeps it running, and takes all of it along."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlopsportal.management.startup import ROOT
from tests.site.processes import (
    children_of,
    clean_environment,
    database_url,
    descendants,
    free_port,
    is_alive,
    running,
    status_of,
    wait_for,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed_db")]
PASSWORD = "a-password-for-this-test"


def environment() -> dict[str, str]:
    return clean_environment(DATABASE_URL=database_url(), MLOPSPORTAL_DEMO_PASSWORD=PASSWORD)


@contextmanager
def up(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run `up` over an empty workspace until its pages answer; yield the process and the address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    arguments = ("up", "--port", str(port), "--data", str(folder / "data"), "--empty")
    with running(*arguments, env=environment(), log=folder / "log") as process:
        wait_for(lambda: status_of(f"{address}/healthz") == 200, seconds=60)
        yield process, address


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with up(tmp_path) as found:
        yield found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def parts(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Return the leaders of the parts of `up` that run now, by the name of their command."""
    commands = {pid: command_of(pid) for pid in children_of(process.pid) if is_alive(pid)}
    names = ("sandbox", "web", "worker")
    return {name: pid for name in names for pid, line in commands.items() if f"manage.py {name}" in line}


def test_it_becomes_ready_and_ctrl_c_leaves_nothing(
    portal: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    process, address = portal
    wait_for(lambda: status_of(f"{address}/readyz") == 200, seconds=60)
    below = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert [pid for pid in below if is_alive(pid)] == []
    told = (tmp_path / "log").read_text()
    assert f"mlopsportal is at {address}/" in told
    assert PASSWORD in told
    for name in ("author", "reviewer", "operator", "auditor", "viewer", "admin"):
        assert name in told


def test_what_is_killed_comes_back(portal: tuple[subprocess.Popen[bytes], str]) -> None:
    process, address = portal
    wait_for(lambda: status_of(f"{address}/readyz") == 200, seconds=60)
    before = parts(process)
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not set(before.values()) & set(parts(process).values()) and len(parts(process)) == 3, seconds=5)
    wait_for(lambda: status_of(f"{address}/healthz") == 200, seconds=20)


def test_when_it_is_killed_itself_nothing_stays(portal: tuple[subprocess.Popen[bytes], str]) -> None:
    process, _ = portal
    wait_for(lambda: len(descendants(process.pid)) > 8)
    below = descendants(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in below), seconds=10)


def test_the_secrets_are_for_their_owner_alone(portal: tuple[subprocess.Popen[bytes], str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "secret_key").stat().st_mode) == 0o600
    assert len((data / "secret_key").read_text()) >= 50
    assert not (data / "demo_password").exists()


def refused(*arguments: str) -> str:
    """Run `up` where it must refuse; return what it says."""
    line = [sys.executable, str(ROOT / "manage.py"), "up", *arguments]
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_second_one_on_the_same_data_is_refused(portal: tuple[subprocess.Popen[bytes], str], tmp_path: Path) -> None:
    assert "Another `up`" in refused("--port", str(free_port()), "--data", str(tmp_path / "data"))


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = refused("--port", str(port), "--data", str(tmp_path / "data"))
    assert f"Port {port} cannot be used" in told


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "fast"])
def test_a_time_scale_that_is_no_speed_is_refused(tmp_path: Path, scale: str) -> None:
    assert "not a positive number" in refused("--data", str(tmp_path / "data"), f"--time-scale={scale}")
