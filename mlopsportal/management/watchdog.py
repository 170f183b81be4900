"""A worker host: one child per queue cluster, and a watchdog over each; knows no task.

A cluster that looks alive may have stopped taking tasks for good: when one of its idle processes is
killed, it takes the lock of the cluster's inner queue along. So each cluster has a canary task, sent only
to this host's part of it; when the canary falls silent although a process of the cluster is free, the
whole group is killed and started again. Each start in vain doubles the patience with the next one: on a
host so slow that a start takes longer than a silence, it would otherwise never come to its first beat.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import threading
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from mlopsportal.management.supervisor import Child, Supervisor, command
from mlopsportal.queue import ticker
from mlopsportal.queue.broker import WORKER
from mlopsportal.queue.tasks import BUSY_FOLDER, busy_processes
from mlopsportal.queue.wishes import CLUSTERS

LONGEST_SILENCE = timedelta(seconds=15)
LONGEST_PATIENCE = timedelta(minutes=4)

logger = logging.getLogger(__name__)


class Worker:
    """The processes of this host, and since when each cluster has had the chance to beat."""

    def __init__(self, grace: timedelta) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.busy = Path(tempfile.mkdtemp(prefix="mlopsportal-worker-"))
        self.supervisor = Supervisor(grace)
        self.clusters: dict[str, Child] = {}
        self.chance_since: dict[str, datetime] = {}
        self.patience = dict.fromkeys(CLUSTERS, LONGEST_SILENCE)
        self.silent: set[str] = set()
        self.ended = threading.Event()

    def run(self) -> None:
        """Run until asked to stop; let running tasks end within the grace, then leave no process."""
        os.environ[WORKER] = self.name
        os.environ[BUSY_FOLDER] = str(self.busy)
        self.supervisor.heed_signals()
        for cluster in CLUSTERS:
            self.chance_since[cluster] = timezone.now()
            child = Child(f"cluster {cluster}", command("cluster"), env={"Q_CLUSTER_NAME": cluster})
            self.clusters[cluster] = self.supervisor.start(child)
        clock = threading.Thread(target=self.keep_time, name="ticker", daemon=True)
        clock.start()
        try:
            self.supervisor.watch(self.restart_silent)
        finally:
            self.ended.set()
            self.supervisor.stop()
            clock.join(timeout=1)
            self.leave()

    def keep_time(self) -> None:
        """Tick until the end. In a thread, so that a slow database does not stop the watch over the children."""
        while not self.ended.is_set():
            try:
                ticker.tick(self.name)
                self.look_for_silence()
            except DatabaseError:
                logger.exception("The database did not answer; the next tick tries again")
                self.give_new_chance()
                connections.close_all()
            self.ended.wait(ticker.TICK.total_seconds())

    def look_for_silence(self) -> None:
        for cluster in CLUSTERS:
            if self.is_silent(cluster):
                self.silent.add(cluster)

    def is_silent(self, cluster: str) -> bool:
        """Say whether the canary is overdue although a process was free to sing."""
        chance, beat = self.chance_since[cluster], ticker.silent_since(self.name, cluster)
        if beat and beat > chance:
            self.patience[cluster] = LONGEST_SILENCE
            chance = beat
        if timezone.now() - chance <= self.patience[cluster]:
            return False
        return busy_processes(self.busy, cluster) < pool_size(cluster)

    def give_new_chance(self) -> None:
        """Count silence from now on: nobody can beat while the database is away."""
        self.chance_since = dict.fromkeys(CLUSTERS, timezone.now())

    def restart_silent(self) -> None:
        """Kill and start again each silent cluster. Called between two looks of the supervisor."""
        while self.silent:
            cluster = self.silent.pop()
            logger.error("Cluster %s takes no tasks any more; its processes are started again", cluster)
            self.chance_since[cluster] = timezone.now()
            self.patience[cluster] = min(2 * self.patience[cluster], LONGEST_PATIENCE)
            self.supervisor.restart(self.clusters[cluster])

    def leave(self) -> None:
        """Take this host's traces out of the database, as far as it still answers."""
        shutil.rmtree(self.busy, ignore_errors=True)
        try:
            ticker.clear(self.name)
        except DatabaseError:
            logger.warning("The database does not answer; this worker's heartbeat stays there until tomorrow")


def pool_size(cluster: str) -> int:
    """Return how many tasks the cluster runs at the same time on one host."""
    own = settings.Q_CLUSTER["ALT_CLUSTERS"].get(cluster, {})
    return int(own.get("workers", settings.Q_CLUSTER["workers"]))
