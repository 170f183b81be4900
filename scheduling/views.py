"""The pages of schedules: the list, one schedule with its forecast, and the live preview of a form's fires."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, can
from mlopsportal.ui.paging import KeysetPage, paginate
from registry.models import Run, Workspace
from registry.raw import raw_of
from scheduling.documents import is_form_editable, job_compute, job_experiment, job_inputs
from scheduling.filters import ScheduleFilter
from scheduling.forecast import Forecast, forecast
from scheduling.forms import TriggerForm
from scheduling.models import Schedule, ScheduleState, Trigger

_FIRES_SHOWN = 10
_RUNS_SHOWN = 10


@dataclass(frozen=True)
class ScheduleListPage:
    """What `scheduling/schedule_list.html` shows."""

    workspace: Workspace
    filter_form: Any  # django-filter builds the form class at run time
    schedules: KeysetPage[Schedule]
    triggers: list[Trigger]
    may_open: bool
    strangers: Sequence[str] = ()


@dataclass(frozen=True)
class SchedulePage:
    """What `scheduling/schedule_detail.html` shows."""

    workspace: Workspace
    schedule: Schedule
    forecast: Forecast
    inputs: dict[str, Any]
    experiment: str
    compute: str
    raw: dict[str, Any]
    runs: list[Run]
    has_trigger: bool
    states: list[ScheduleState]
    is_form_editable: bool
    may_open: bool
    may_pause: bool


@login_required
@require_GET
def schedule_list(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = get_object_or_404(Workspace.objects.for_user(request.user), slug=slug)
    narrowed = ScheduleFilter(request.GET, queryset=Schedule.objects.filter(workspace=workspace).for_list())
    page = ScheduleListPage(
        workspace=workspace,
        filter_form=narrowed.form,
        schedules=paginate(narrowed.shown, request, order=("name", "id")),
        triggers=list(Trigger.objects.filter(workspace=workspace).order_by("name")[:200]),
        may_open=can(actor_of(request), Permission.OPEN, workspace),
        strangers=narrowed.strangers,
    )
    return render(request, "scheduling/schedule_list.html", {"page": page}, status=narrowed.status)


@login_required
@require_GET
def schedule_detail(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Show a schedule, or the portal's trigger of that name: where both are, the trigger is at `?kind=trigger`."""
    workspace = get_object_or_404(Workspace.objects.for_user(request.user), slug=slug)
    trigger = Trigger.objects.filter(workspace=workspace, name=name).first()
    schedule = Schedule.objects.select_related("part", "pipeline").filter(workspace=workspace, name=name).first()
    if trigger is not None and (schedule is None or request.GET.get("kind") == "trigger"):
        context = {"workspace": workspace, "trigger": trigger, "has_schedule": schedule is not None}
        return render(request, "scheduling/trigger_detail.html", context)
    if schedule is None:
        raise Http404
    raw = raw_of(schedule)
    actor = actor_of(request)
    runs = Run.objects.filter(workspace=workspace, schedule_name=name).for_list()
    page = SchedulePage(
        workspace=workspace,
        schedule=schedule,
        forecast=forecast(schedule.trigger, after=timezone.now(), count=_FIRES_SHOWN),
        inputs=job_inputs(raw),
        experiment=job_experiment(raw),
        compute=job_compute(raw),
        raw=raw,
        runs=list(runs.order_by("-started_at", "-id")[:_RUNS_SHOWN]),
        has_trigger=trigger is not None,
        states=list(
            ScheduleState.objects.filter(workspace=workspace, name=name).order_by("-first_seen_at").defer("raw")[:20]
        ),
        is_form_editable=is_form_editable(raw),
        may_open=can(actor, Permission.OPEN, workspace),
        may_pause=can(actor, Permission.PAUSE, workspace),
    )
    return render(request, "scheduling/schedule_detail.html", {"page": page})


@login_required
@require_GET
def schedule_state(request: HttpRequest, slug: str, name: str, digest: str) -> HttpResponse:
    """Show a schedule as it once was."""
    workspace = get_object_or_404(Workspace.objects.for_user(request.user), slug=slug)
    states = ScheduleState.objects.filter(workspace=workspace, name=name, digest=digest).order_by("-first_seen_at")
    state = states.first() or get_object_or_404(states)
    raw = json.loads(zlib.decompress(bytes(state.raw)))
    context = {"workspace": workspace, "state": state, "text": json.dumps(raw, indent=2, ensure_ascii=False)}
    return render(request, "scheduling/schedule_state.html", context)


@login_required
@require_GET
def schedule_preview(request: HttpRequest) -> HttpResponse:
    """Answer the form's live preview: the next fires of what has been typed so far, or what is wrong with it."""
    form = TriggerForm(request.GET)
    found = forecast(form.trigger(), after=timezone.now(), count=_FIRES_SHOWN) if form.is_valid() else None
    return render(request, "scheduling/_preview.html", {"form": form, "forecast": found})
