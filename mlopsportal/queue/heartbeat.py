"""Signs of life in the database: who beat when, and whose turn a sweep is; knows no task."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from django.utils import timezone

from mlopsportal.queue.models import Heartbeat

EVERYWHERE = "*"


def beat(host: str, part: str) -> None:
    """Note that this part of this host is alive now."""
    values = {"at": timezone.now(), "pid": os.getpid()}
    if not Heartbeat.objects.filter(host=host, part=part).update(**values):
        Heartbeat.objects.update_or_create(host=host, part=part, defaults=values)


def last_beat(host: str, part: str) -> datetime | None:
    return Heartbeat.objects.filter(host=host, part=part).values_list("at", flat=True).first()


def take_turn(part: str, every: timedelta) -> bool:
    """Say whether the caller is the one, of all hosts, to do `part` now; it is then nobody's turn for `every`."""
    now = timezone.now()
    Heartbeat.objects.get_or_create(host=EVERYWHERE, part=part, defaults={"at": now - every})
    due = Heartbeat.objects.filter(host=EVERYWHERE, part=part, at__lte=now - every)
    return bool(due.update(at=now, pid=os.getpid()))


def forget(host: str) -> None:
    """Drop the signs of a host that stops, and of those that fell silent a day ago."""
    Heartbeat.objects.filter(host=host).delete()
    Heartbeat.objects.filter(at__lt=timezone.now() - timedelta(days=1)).exclude(host=EVERYWHERE).delete()
