"""The pages of runs: list, one run, its logs. What is not mirrored yet a task fetches, never the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, can
from mlopsportal.specs.graph import graph_of
from mlopsportal.ui.drawing import Drawing, drawing_of
from mlopsportal.ui.paging import KeysetPage, paginate
from mlopsportal.ui.times import duration_words
from registry import charts, facts
from registry.filters import RunFilter
from registry.models import DefinitionMatch, Finding, FindingKind, LogState, Run, Step, StepLog, Workspace
from registry.pipelines import Again, run_again
from registry.raw import body_of, raw_of
from registry.views.access import visible_workspace
from registry.workflow import request_logs, request_steps


@dataclass(frozen=True)
class RunListPage:
    """What `registry/run_list.html` shows."""

    workspace: Workspace
    filter_form: Any  # django-filter builds the form class at run time
    runs: KeysetPage[Run]
    strangers: Sequence[str] = ()


@dataclass
class RunPage:
    """What `registry/run_detail.html` and its live part show."""

    workspace: Workspace
    run: Run
    steps: list[Step]
    drawing: Drawing
    inputs: list[Port]
    outputs: list[Port]
    timeline: dict[str, Any] | None
    curves: dict[str, Any] | None
    metrics: list[tuple[Step, str, float, int]]
    stranger: Finding | None
    may_run: bool
    may_cancel: bool
    again: Again | None

    @property
    def is_live(self) -> bool:
        """True while asking again can show something new."""
        return self.run.missing_since is None and (not self.run.is_terminal or not self.run.steps_final)


@dataclass(frozen=True)
class Port:
    """An input or output of the run: a link to the asset, else the value or address as it stands."""

    name: str
    ref: str
    value: str


@dataclass(frozen=True)
class LogPage:
    """What `registry/run_logs.html` and its live part show; `listing` is None when nobody asked for the logs yet."""

    workspace: Workspace
    run: Run
    run_id_azure: str
    step: Step | None
    listing: StepLog | None
    files: list[StepLog]

    @property
    def is_waiting(self) -> bool:
        return self.listing is not None and self.listing.state == LogState.WANTED


@login_required
@require_safe
def run_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The runs, newest first."""
    workspace = visible_workspace(request, slug)
    narrowed = RunFilter(request.GET, queryset=Run.objects.filter(workspace=workspace).for_list(), workspace=workspace)
    runs = paginate(narrowed.shown, request, order=("-started_at", "-id"))
    page = RunListPage(workspace, narrowed.form, runs, narrowed.strangers)
    return render(request, "registry/run_list.html", {"page": page}, status=narrowed.status)


def visible_run(request: HttpRequest, slug: str, job_name: str) -> tuple[Workspace, Run]:
    workspace = visible_workspace(request, slug)
    rows = Run.objects.select_related("definition", "part", "pipeline", "workspace")
    return workspace, get_object_or_404(rows, workspace=workspace, job_name=job_name)


@login_required
@require_safe
def run_detail(request: HttpRequest, slug: str, job_name: str) -> HttpResponse:
    """One run."""
    workspace, run = visible_run(request, slug, job_name)
    return render(request, "registry/run_detail.html", {"page": run_page(request, workspace, run)})


@login_required
@require_POST
def run_refresh(request: HttpRequest, slug: str, job_name: str) -> HttpResponse:
    """Have a worker read the run anew; the live part as it is now, or the page for a browser without script."""
    workspace, run = visible_run(request, slug, job_name)
    request_steps(run)
    if "HX-Request" not in request.headers:
        return redirect("run-detail", slug, job_name)
    return render(request, "registry/_run_live.html", {"page": run_page(request, workspace, run)})


def run_page(request: HttpRequest, workspace: Workspace, run: Run) -> RunPage:
    """Read everything the page of a run shows."""
    actor = actor_of(request)
    steps = list(run.steps.in_time())
    properties = facts.properties_of(raw_of(run))
    return RunPage(
        workspace=workspace,
        run=run,
        steps=steps,
        drawing=_drawing(workspace, run, steps),
        inputs=_ports(properties.get("inputs")),
        outputs=_ports(properties.get("outputs")),
        timeline=charts.timeline(steps, timezone.now().timestamp() * 1000),
        curves=charts.metric_curves(steps),
        metrics=[
            (step, name, points[-1][1], len(points)) for step in steps for name, points in sorted(step.metrics.items())
        ],
        stranger=_stranger(workspace, run),
        may_run=can(actor, Permission.RUN, workspace) or can(actor, Permission.OPEN, workspace),
        may_cancel=can(actor, Permission.CANCEL, workspace),
        again=run_again(run),
    )


def _drawing(workspace: Workspace, run: Run, steps: list[Step]) -> Drawing:
    graph = graph_of(body_of(run.definition) if run.definition else {}, with_ports=True)
    by_path = {step.path: step for step in steps}
    notes = {path: duration_words(step.duration_seconds) for path, step in by_path.items() if step.ended_at}
    states = {path: "reused" if step.is_reused else step.status for path, step in by_path.items()}
    return drawing_of(graph, workspace=workspace, states=states, notes=notes, label=f"Steps of {run.job_name}")


def _ports(values: Any) -> list[Port]:
    ports = []
    for name, value in sorted(facts.mapping(values).items()):
        written = facts.mapping(value)
        ref = facts.asset_ref(written.get("uri"), "data")
        shown = written.get("uri", written.get("value"))
        ports.append(Port(name, str(ref) if ref else "", facts.text(shown, 1000)))
    return ports


def _stranger(workspace: Workspace, run: Run) -> Finding | None:
    """The finding about the definition of a run that is not registered."""
    if run.definition_match != DefinitionMatch.UNREGISTERED:
        return None
    rows = Finding.objects.filter(workspace=workspace, kind=FindingKind.UNREGISTERED_DEFINITION, resolved_at=None)
    return rows.filter(detail__definition=run.definition_id).first()


@login_required
@require_safe
def run_logs(request: HttpRequest, slug: str, job_name: str, run_id_azure: str) -> HttpResponse:
    """The logs of a run or one of its steps, as far as they were fetched. With htmx: only the part that changes."""
    workspace, run = visible_run(request, slug, job_name)
    page = log_page(workspace, run, run_id_azure)
    template = "registry/_run_logs.html" if "HX-Request" in request.headers else "registry/run_logs.html"
    return render(request, template, {"page": page})


@login_required
@require_POST
def run_logs_fetch(request: HttpRequest, slug: str, job_name: str, run_id_azure: str) -> HttpResponse:
    """Have a worker read the logs."""
    workspace, run = visible_run(request, slug, job_name)
    log_page(workspace, run, run_id_azure)
    request_logs(run, run_id_azure)
    if "HX-Request" not in request.headers:
        return redirect("run-logs", slug, job_name, run_id_azure)
    return render(request, "registry/_run_logs.html", {"page": log_page(workspace, run, run_id_azure)})


def log_page(workspace: Workspace, run: Run, run_id_azure: str) -> LogPage:
    """Read what was fetched. Raises Http404 for an id that is neither the run's nor a step's."""
    step = run.steps.filter(run_id_azure=run_id_azure).first()
    if step is None and run_id_azure != run.job_name:
        raise Http404
    rows = list(StepLog.objects.filter(run=run, run_id_azure=run_id_azure).order_by("name"))
    listing = next((row for row in rows if not row.name), None)
    return LogPage(workspace, run, run_id_azure, step, listing, [row for row in rows if row.name])
