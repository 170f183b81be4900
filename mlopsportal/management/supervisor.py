"""Keep child processes alive and take all of them along at the end; knows nothing of what they do.

Each child leads a session of its own, so that it can be killed with everything it started, and dies with
this process however that ends (startup.die_with). What dies is started again after a pause that doubles
from 0.2 to 5 seconds.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import FrameType

from mlopsportal.management.startup import ROOT, SUPERVISOR

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.1

logger = logging.getLogger(__name__)


@dataclass
class Child:
    """One process that must run: its command and what it is at the moment."""

    name: str
    command: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    inherit: tuple[int, ...] = ()
    output: Path | None = None
    outlives: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0

    def start(self) -> None:
        """Start the process in its own session, bound to this one's life."""
        env = {**os.environ, **self.env, SUPERVISOR: str(os.getpid())}
        # Restarted parts write their one line of output again, so the file is begun anew.
        output = self.output.open("wb") if self.output else None
        try:
            self.process = subprocess.Popen(
                self.command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output or sys.stderr,
                pass_fds=self.inherit,
                start_new_session=True,
            )
        finally:
            if output:
                output.close()
        self.started_at = time.monotonic()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Signal the leader alone: what it started is its own business as long as it lives."""
        if self.process is not None and self.is_running():
            self.process.send_signal(number)

    def kill(self) -> None:
        """Kill the whole session's group, the leader or what it left behind, and reap it."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def has_rested(self) -> bool:
        """Say whether the pause since its last start is over; it doubles with each quick death."""
        pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(self.failures, 10), LONGEST_PAUSE_SECONDS)
        return time.monotonic() - self.started_at >= pause


def command(*arguments: str) -> list[str]:
    """Return the command line of one of our own commands."""
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


class Supervisor:
    """Starts children, starts again what dies, and stops them all: first those that do not outlive the others."""

    def __init__(self, grace: timedelta) -> None:
        self.grace = grace
        self.children: list[Child] = []
        self.stops_asked = 0

    def heed_signals(self) -> None:
        """Stop at SIGINT, SIGTERM or SIGHUP; at the second one kill without waiting."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.ask_to_stop)

    def ask_to_stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        self.stops_asked += 1

    def start(self, child: Child) -> Child:
        self.children.append(child)
        child.start()
        return child

    def watch(self, also: Callable[[], None] | None = None) -> None:
        """Keep everything running, and call `also` at each look, until asked to stop."""
        while not self.stops_asked:
            for child in self.children:
                self.revive(child)
            if also:
                also()
            time.sleep(LOOK_EVERY_SECONDS)

    def revive(self, child: Child) -> None:
        """Start a dead child again, when its pause is over and after its leftovers are gone."""
        if child.process is None or child.is_running() or not child.has_rested():
            return
        steady = time.monotonic() - child.started_at >= STEADY_SECONDS
        child.failures = 0 if steady else child.failures + 1
        logger.error("%s ended with %s and is started again", child.name, child.process.returncode)
        child.kill()
        child.start()

    def restart(self, child: Child) -> None:
        """Kill a child that lives but no longer works, with its whole group, and start it again."""
        child.kill()
        child.start()

    def stop(self) -> None:
        """Ask all to end, wait for the grace, kill what is left; leaves no process."""
        for outliving in (False, True):
            self.stop_these([child for child in self.children if child.outlives is outliving])

    def stop_these(self, children: list[Child]) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        end = time.monotonic() + self.grace.total_seconds()
        while self.stops_asked < 2 and time.monotonic() < end and any(child.is_running() for child in children):
            time.sleep(LOOK_EVERY_SECONDS / 2)
        for child in children:
            if child.is_running():
                logger.error("%s did not end within %s and is killed", child.name, self.grace)
            child.kill()
