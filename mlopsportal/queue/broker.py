"""django-q2's broker over rows of plain text: what a row may become, and which rows a worker reads.

django-q2 keeps each task as a pickle signed with the secret key and calls whatever path it names. Here
the row holds text, and only a path of the allow-list becomes a task, made afresh on the worker's side.
A row that anything else wrote is refused, logged and removed.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any
from uuid import uuid4

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from mlopsportal.queue.wishes import NotAllowed, Wish, wish_of

RUN = "mlopsportal.queue.tasks.run"
WORKER = "MLOPSPORTAL_WORKER"

logger = logging.getLogger(__name__)


def own_key(cluster: str) -> str:
    """Return the key that only this worker's part of the cluster reads; for its canary."""
    return f"{cluster}@{os.environ.get(WORKER, '')}"


class PlainBroker(ORM):  # type: ignore[misc]  # django_q has no types
    """django-q2's ORM broker over plain rows, reading the shared queue of its cluster and its host's own."""

    @staticmethod
    def get_cache() -> None:
        """Keep no statistics: they would be two more writes to the database in each second."""
        return

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Take the oldest waiting tasks, each with a compare-and-swap on its lock; None after an idle pause."""
        keys = (self.list_key, own_key(self.list_key))
        waiting = self.get_connection().filter(key__in=keys, lock__lt=timezone.now()).order_by("pk")
        rows = list(waiting[: Conf.BULK])
        if not rows:
            time.sleep(Conf.POLL)
            return None
        return [(row.pk, package) for row in rows if self.claim(row) and (package := self.package(row))]

    def claim(self, row: OrmQ) -> bool:
        mine = self.get_connection().filter(pk=row.pk, lock=row.lock)
        return bool(mine.update(lock=self.timeout(None)))

    def package(self, row: OrmQ) -> str:
        """Return the task for django-q2's worker; "" and a log line for a row that must not run."""
        try:
            wish = wish_of(row.payload)
        except NotAllowed:
            logger.error("Refused a queue row that the portal did not write: %s", row.pk)
            self.fail(row.pk)
            return ""
        return str(SignedPackage.dumps(task_of(wish)))


def task_of(wish: Wish) -> dict[str, Any]:
    """Return django-q2's form of a task: acknowledged also when it fails, for the sweep decides what comes next."""
    return {
        "id": uuid4().hex,
        "name": wish.path,
        "func": RUN,
        "args": (wish.path, wish.pk),
        "kwargs": {},
        "ack_failure": True,
        "started": timezone.now(),
    }
