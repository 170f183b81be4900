"""Children are started again, stopped in order, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mlopsportal.management.startup import ROOT, SUPERVISOR
from mlopsportal.management.supervisor import Child, Supervisor
from tests.site.processes import children_of, is_alive, wait_for

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)",
]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor(timedelta(seconds=1))
    yield supervisor
    supervisor.ask_to_stop()
    supervisor.ask_to_stop()
    supervisor.stop()


def pid_of(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def revive(supervisor: Supervisor, child: Child, dead: int) -> None:
    """Look as the supervisor does until the child is another process."""

    def is_new() -> bool:
        supervisor.revive(child)
        return pid_of(child) != dead

    wait_for(is_new, seconds=5)


def test_a_child_runs_in_a_session_of_its_own(supervisor: Supervisor) -> None:
    child = supervisor.start(Child("sleeper", SLEEPER))
    assert child.is_running()
    assert os.getsid(pid_of(child)) == pid_of(child)


def test_what_dies_is_started_again_within_five_seconds(supervisor: Supervisor) -> None:
    child = supervisor.start(Child("sleeper", SLEEPER))
    first = pid_of(child)
    os.kill(first, signal.SIGKILL)
    revive(supervisor, child, first)
    assert child.is_running()


def test_the_pause_doubles_while_a_child_dies_at_once_and_ends_at_five_seconds() -> None:
    child = Child("broken", ["false"])
    child.started_at = time.monotonic() - 1
    child.failures = 2
    assert child.has_rested()
    child.failures = 3
    assert not child.has_rested()
    child.failures = 40
    child.started_at = time.monotonic() - 5
    assert child.has_rested()


def test_killing_a_child_kills_what_it_started(supervisor: Supervisor) -> None:
    child = supervisor.start(Child("parent", PARENT))
    (grandchild,) = wait_for(lambda: children_of(pid_of(child)))
    child.kill()
    wait_for(lambda: not is_alive(grandchild), seconds=5)


def test_the_leftovers_of_a_dead_child_go_before_it_is_started_again(supervisor: Supervisor) -> None:
    child = supervisor.start(Child("parent", PARENT))
    (grandchild,) = wait_for(lambda: children_of(pid_of(child)))
    os.kill(pid_of(child), signal.SIGKILL)
    revive(supervisor, child, pid_of(child))
    wait_for(lambda: not is_alive(grandchild), seconds=5)


def test_a_child_that_ignores_the_request_is_killed_after_the_grace(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(Child("stubborn", STUBBORN, output=tmp_path / "out"))
    wait_for(lambda: (tmp_path / "out").read_text())
    begun = time.monotonic()
    supervisor.stop()
    assert not is_alive(pid_of(child))
    assert 1 <= time.monotonic() - begun < 3


def test_a_second_request_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    supervisor = Supervisor(timedelta(seconds=30))
    child = supervisor.start(Child("stubborn", STUBBORN, output=tmp_path / "out"))
    wait_for(lambda: (tmp_path / "out").read_text())
    supervisor.ask_to_stop()
    supervisor.ask_to_stop()
    begun = time.monotonic()
    supervisor.stop()
    assert not is_alive(pid_of(child))
    assert time.monotonic() - begun < 3


def test_a_child_that_outlives_the_others_is_asked_last(supervisor: Supervisor, tmp_path: Path) -> None:
    mark = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print(time.time()), sys.exit(0)));"
    code = f"{mark} print(0, flush=True); time.sleep(60)"
    for name in ("last", "first"):
        child = Child(name, [sys.executable, "-c", code], output=tmp_path / name, outlives=name == "last")
        supervisor.start(child)
    wait_for(lambda: all((tmp_path / name).read_text() for name in ("first", "last")))
    supervisor.stop()
    first, last = (float((tmp_path / name).read_text().split()[-1]) for name in ("first", "last"))
    assert first <= last


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_child_dies_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    child = "from mlopsportal.management import startup; import os, time; startup.die_with(int(os.environ.pop('S')));"
    code = f"{child} print(os.getpid(), flush=True); time.sleep(60)"
    start = f"subprocess.Popen([sys.executable, '-c', {code!r}], env={{**os.environ, 'S': str(os.getpid())}})"
    parent = f"import os, subprocess, sys, time; {start}; time.sleep(60)"
    with (tmp_path / "out").open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=output)
    pid = int(wait_for(lambda: (tmp_path / "out").read_text().strip()))
    assert is_alive(pid)
    process.kill()
    process.wait()
    wait_for(lambda: not is_alive(pid), seconds=5)


def test_a_command_whose_supervisor_is_gone_already_does_not_start() -> None:
    env = {**os.environ, SUPERVISOR: "1"}
    done = subprocess.run([sys.executable, str(ROOT / "manage.py"), "check"], env=env, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"no issues" not in done.stdout
