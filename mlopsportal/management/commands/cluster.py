"""One queue cluster of one worker; started by `worker`, which watches over it."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand
from django_q.cluster import Cluster

from mlopsportal.management import startup


class Command(BaseCommand):
    help = "Run the queue cluster named by Q_CLUSTER_NAME. Started by `worker`."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        # The master's death would leave its children running as orphans, so each dies with its parent.
        os.register_at_fork(before=remember_parent, after_in_child=follow_parent)
        Cluster().start()


_parents: list[int] = []


def remember_parent() -> None:
    _parents[:] = [os.getpid()]


def follow_parent() -> None:
    startup.die_with(_parents[0])
