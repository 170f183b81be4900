"""The background work of scheduling: forecasts grow old without any sync, so the passed ones are made anew."""

from __future__ import annotations

from django.utils import timezone

from registry.models import Workspace
from scheduling.models import Schedule
from scheduling.sync import set_fire_times


def sweep() -> None:
    """Forecast again where the next fire has passed."""
    now = timezone.now()
    due = Schedule.objects.due_next().filter(next_fire_at__lte=now).order_by().values("workspace")
    for workspace in Workspace.objects.filter(pk__in=due):
        set_fire_times(workspace, now)
