"""Events for tests."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from mlopsportal.audit.actions import Action, Actor
from mlopsportal.audit.log import record
from mlopsportal.audit.models import Event

ALICE = Actor("session", 7, "a11ce", "alice", "local:alice", "req-1", "192.0.2.7")


def make_event(action: Action = Action.CHANGE_OPENED, **told: Any) -> Event:
    """Record an event by alice on a component of workspace demo, or what `told` says instead."""
    told = {"actor": ALICE, "workspace": "demo", "target": "component:train:3", **told}
    with transaction.atomic():
        return record(action, **told)
