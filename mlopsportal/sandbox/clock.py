"""The sandbox's clock: wall time plus an offset that tests may advance; knows nothing of runs or schedules."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch, as the sandbox sees them; `offset_seconds` is what tests have added so far."""

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self.offset_seconds = offset_seconds

    def now(self) -> float:
        return time.time() + self.offset_seconds

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the new offset; raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self.offset_seconds += seconds
        return self.offset_seconds


def iso(at: float) -> str:
    """`2026-11-23T02:52:00.123456Z`, the form Azure Resource Manager gives times in."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def compact(at: float) -> str:
    """`20261123T025200Z`, as in the names of runs started by a schedule."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
