"""What a cluster's worker process calls: the one door to every task, and the canary; knows no app."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.utils.module_loading import import_string
from django_q.conf import Conf

from mlopsportal.queue.broker import WORKER
from mlopsportal.queue.heartbeat import beat as write_beat
from mlopsportal.queue.wishes import Wish

# A folder of the worker command where each process holds a lock on its own file while it runs a task.
BUSY_FOLDER = "MLOPSPORTAL_WORKER_BUSY"


def run(path: str, pk: int | None) -> None:
    """Call one allowed task with its id; django-q2 calls nothing else. Raises NotAllowed."""
    wish = Wish(path, pk)
    task = import_string(wish.path)
    with busy():
        if wish.pk is None:
            task()
        else:
            task(wish.pk)


def beat() -> None:
    """The canary: prove that this worker's part of the cluster still takes tasks."""
    write_beat(os.environ.get(WORKER, ""), Conf.CLUSTER_NAME)


@contextmanager
def busy() -> Iterator[None]:
    """Show the watchdog that this process works. The lock ends with the process, however that ends."""
    folder = os.environ.get(BUSY_FOLDER)
    if not folder:
        yield
        return
    with (Path(folder) / f"{Conf.CLUSTER_NAME}-{os.getpid()}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def busy_processes(folder: Path, cluster: str) -> int:
    """Return how many processes of the cluster are inside a task now."""
    return sum(is_locked(path) for path in folder.glob(f"{cluster}-*"))


def is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
