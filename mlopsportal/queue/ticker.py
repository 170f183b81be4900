"""The clock of a worker host: its heartbeat, the canaries of its clusters, and the sweeps; knows no process.

Sweeps are the portal's own timetable: django-q2's scheduler is switched off, because its rows name any
function unsigned and it ticks every half minute only.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ, Task

from mlopsportal.queue import heartbeat
from mlopsportal.queue.broker import own_key
from mlopsportal.queue.enqueue import enqueue
from mlopsportal.queue.models import TICKER
from mlopsportal.queue.wishes import BEAT, CLUSTERS, Wish, path_of, put

TICK = timedelta(seconds=5)
LONGEST_WAIT = 6 * TICK
# Two ticks, less what a tick may come early.
SWEEP_EVERY = timedelta(seconds=9)
KEEP_FAILURES = timedelta(days=14)
# The task that looks for what is due in each room, and the cluster it runs on.
SWEEPS = {
    "mlopsportal.changes.tasks.sweep": "changes",
    "registry.tasks.sweep": "sync",
    "scheduling.tasks.sweep": "changes",
}


def tick(worker: str) -> None:
    """Do what is due now on this host, and of what is due everywhere the part whose turn it gets."""
    heartbeat.beat(worker, TICKER)
    for cluster in CLUSTERS:
        send_canary(cluster)
    drop_dead_canaries()
    for path, cluster in SWEEPS.items():
        if heartbeat.take_turn(path.removesuffix(".tasks.sweep"), SWEEP_EVERY):
            send_sweep(path, cluster)
    if heartbeat.take_turn("prune", timedelta(hours=1)):
        Task.objects.filter(stopped__lt=timezone.now() - KEEP_FAILURES).delete()


def send_canary(cluster: str) -> None:
    """Put one canary before this host's part of the cluster, in the place of the last one.

    A cluster that hangs may have taken the last one along: its row then stays locked for the length of a retry.
    """
    key = own_key(cluster)
    OrmQ.objects.filter(key=key).delete()
    put(Wish(BEAT, None), key)


def drop_dead_canaries() -> None:
    """Remove the canaries of worker hosts that were killed: nobody else takes them, and they would count as a lag.

    A living host puts its own anew at each tick, so an old one that still waits has no host.
    """
    long_ago = timezone.now() - LONGEST_WAIT
    OrmQ.objects.filter(key__contains="@", lock__lt=long_ago).delete()


def send_sweep(path: str, cluster: str) -> None:
    """Enqueue a sweep, unless the same one still waits: a dead cluster must not find a thousand of them."""
    waiting = OrmQ.objects.filter(key=cluster, lock__lte=timezone.now()).order_by("pk")
    if path not in (path_of(payload) for payload in waiting.values_list("payload", flat=True)[:100]):
        with transaction.atomic():
            enqueue(path, cluster=cluster)


def silent_since(worker: str, cluster: str) -> datetime | None:
    """Return when the cluster's canary on this host last sang; None when it never did."""
    return heartbeat.last_beat(worker, cluster)


def clear(worker: str) -> None:
    """Take this host's canaries and heartbeats out of the database when its worker stops."""
    OrmQ.objects.filter(key__in=[own_key(cluster) for cluster in CLUSTERS]).delete()
    heartbeat.forget(worker)
