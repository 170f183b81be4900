"""What happens by itself as the clock goes on: steps end, schedules fire; in the order of their times."""

from __future__ import annotations

import logging
import threading

from mlopsportal.sandbox import runs, schedules
from mlopsportal.sandbox.arm import ArmError
from mlopsportal.sandbox.runs import Run
from mlopsportal.sandbox.world import World, internal_call

logger = logging.getLogger(__name__)


def settle_until(world: World, at: float) -> None:
    """Settle what ended by a time, in the order of the ends."""
    while ended := _ended(world, at):
        runs.settle(world, ended)


def _ended(world: World, at: float) -> Run | None:
    """The unsettled run or step that ended first; children before the run that holds them."""
    found = runs.select(world.store, "settled = 0 AND ends_at <= ? ORDER BY ends_at, seq DESC LIMIT 1", (at,))
    return found[0] if found else None


def catch_up(world: World) -> None:
    """Do everything that is due by now, each at its own time, so that a long jump equals many small steps."""
    now = world.clock.now()
    while True:
        ended = _ended(world, now)
        fires = world.store.execute("SELECT schedule, next_at FROM fire WHERE next_at <= ? ORDER BY 2 LIMIT 1", (now,))
        if ended and (not fires or ended.ends_at <= fires[0][1]):
            runs.settle(world, ended)
        elif fires:
            _fire(world, *fires[0])
        else:
            return


def _fire(world: World, name: str, at: float) -> None:
    item = world.store.get(schedules.KIND, name)
    if item is None:
        world.store.execute("DELETE FROM fire WHERE schedule = ?", (name,))
        return
    call = internal_call(world, at, f"schedule-{name}")
    try:
        schedules.fire(call, item)
    except ArmError as error:
        # The definition was good when the schedule was written, and something it needs went away since.
        logger.warning("schedule %s could not fire: %s", name, error.message)
    schedules.plan(call, name, item.properties, after=at)


class Ticker(threading.Thread):
    """Catches up twice a second, so that schedules fire although nobody asks."""

    def __init__(self, world: World) -> None:
        super().__init__(name="sandbox-ticker", daemon=True)
        self._world = world
        self._stop_event = threading.Event()

    def run(self) -> None:
        while not self._stop_event.wait(0.5):
            with self._world.store.transaction():
                catch_up(self._world)

    def stop(self) -> None:
        self._stop_event.set()
        self.join(timeout=5)
