"""Mirrors the steps of a run from run history: times, reuse, data in and out, metrics; and with them its lineage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mlopsportal import azureml
from mlopsportal.azureml import Json
from mlopsportal.specs import normalize
from mlopsportal.specs.ref import Ref, parse_azure_reference
from registry import facts
from registry.models import TERMINAL_STATUSES, Edge, EdgeRole, Run, RunStatus, Step, Version, Workspace
from registry.outage import words
from registry.raw import raw_of
from registry.stages import Cursor, StageResult

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection

RECENT_RUNS = 40
"""Of so many of the newest runs a sync reads the steps by itself; of older ones when somebody looks."""
RUNS_AT_ONCE = 5
ENOUGH_SECONDS = 4.0
"""A piece ends after this many runs or seconds: a run with many metrics takes many requests, and the lease is short."""
PRODUCERS_AT_ONCE = 10
DEEPEST = 4
MOST_STEPS = 1000
_PIPELINE = "azureml.PipelineRun"


@dataclass(frozen=True)
class Child:
    """One child run at its node path; `node` is the key of its node."""

    path: str
    node: str
    raw: Json


def steps(workspace: Workspace, connection: Connection, cursor: Cursor | None, now: datetime) -> StageResult:
    """Stage: the steps of recent runs and of those under way, a few runs at a time."""
    began, count = time.monotonic(), 0
    waiting = wanting_steps(workspace, now, RUNS_AT_ONCE)
    for run in waiting:
        count += _fetch_or_tell(workspace, connection, run)
        if time.monotonic() - began > ENOUGH_SECONDS:
            return StageResult({}, {"steps seen": count})
    return StageResult({} if len(waiting) == RUNS_AT_ONCE else None, {"steps seen": count})


def wanting_steps(workspace: Workspace, now: datetime, most: int) -> list[Run]:
    """Return at most `most` runs whose steps this sync should read: recent ones first, then those under way."""
    runs = Run.objects.filter(workspace=workspace).order_by("-started_at", "-id")
    oldest = runs.values_list("started_at", flat=True)[RECENT_RUNS - 1 : RECENT_RUNS]
    unread = Q(steps_synced_at=None) | Q(steps_synced_at__lt=now)
    rows = runs.filter(unread, steps_final=False, missing_since=None).select_related("part", "workspace")
    recent = list((rows.filter(started_at__gte=oldest[0]) if oldest else rows)[:most])
    known = {run.pk for run in recent}
    return (recent + [run for run in rows.active()[:most] if run.pk not in known])[:most]


def producers(workspace: Workspace, connection: Connection, cursor: Cursor | None, now: datetime) -> StageResult:
    """Stage: models that name a step nobody knows yet lead to the run whose steps are then read."""
    after = (cursor or {}).get("after", 0)
    models = Version.objects.filter(workspace=workspace, kind="model", pk__gt=after).exclude(job_name="")
    known = Step.objects.filter(run__workspace=workspace).values("run_id_azure")
    roots = Run.objects.filter(workspace=workspace).values("job_name")
    unknown = models.exclude(job_name__in=known).exclude(job_name__in=roots).order_by("pk")
    waiting = list(unknown.values_list("pk", "job_name")[:PRODUCERS_AT_ONCE])
    for _, job_name in waiting:
        _read_producer(workspace, connection, job_name)
    done = len(waiting) < PRODUCERS_AT_ONCE
    return StageResult(None if done else {"after": waiting[-1][0]}, {})


def _read_producer(workspace: Workspace, connection: Connection, job_name: str) -> None:
    try:
        history = connection.reader.run(job_name)
    except azureml.Unauthorized:
        raise
    except (azureml.Refused, azureml.BadResponse):  # the next sync asks for it again
        return
    root = facts.text((history or {}).get("rootRunId"))
    run = Run.objects.filter(workspace=workspace, job_name=root, steps_synced_at=None).select_related("part").first()
    if run is not None:
        _fetch_or_tell(workspace, connection, run)


def _fetch_or_tell(workspace: Workspace, connection: Connection, run: Run) -> int:
    """Read a run's steps; when Azure refuses this one run, its row says so and the sync goes on with the others.

    What concerns the whole workspace ends the piece. Raises Throttled, Unauthorized, Unreachable.
    """
    began = timezone.now()
    try:
        return fetch_steps(workspace, connection, run)
    except azureml.Unauthorized:
        raise
    except (azureml.Refused, azureml.BadResponse) as error:
        Run.objects.filter(pk=run.pk).update(steps_synced_at=began, steps_error=_why(error))
        return 0


def _why(error: azureml.AzureError) -> str:
    if isinstance(error, azureml.NotFound):
        return f"run history does not know all of it: {error}. The next sync tries again."
    return words(error)


def fetch_steps(workspace: Workspace, connection: Connection, run: Run) -> int:
    """Read a run's times, steps, metrics and lineage from run history and write them; return how many steps it has."""
    began = timezone.now()
    history = connection.reader.run(run.job_name)
    if history is None:
        Run.objects.filter(pk=run.pk).update(steps_synced_at=began, steps_final=run.is_terminal)
        return 0
    # By id: a listing that grows while it is read tells a step twice.
    listed = islice(_children(connection, run), MOST_STEPS)
    children = list({facts.text(child.raw.get("runId")): child for child in listed}.values())
    metrics = {child.path: _metrics(connection, child) for child in children}
    with transaction.atomic():
        _write_times(run, history, began)
        rows = [_step(run, child, metrics[child.path]) for child in children]
        _write_steps(run, rows)
        _write_edges(workspace, run, rows)
    return len(rows)


def _children(connection: Connection, run: Run) -> Iterator[Child]:
    """Yield every step, each before its own; the one node of the one-node form is left out, its steps move up."""
    jobs = facts.properties_of(raw_of(run)).get("jobs")
    unwrapped = normalize.MAIN if normalize.unwrap_main(jobs) is not None else None
    yield from _level(connection, run.job_name, "", DEEPEST + 1, unwrapped)


def _level(connection: Connection, parent: str, prefix: str, levels: int, unwrapped: str | None) -> Iterator[Child]:
    if levels == 0:
        return
    for page in connection.reader.children(parent):
        for raw in page.items:
            node = facts.text(raw.get("displayName") or raw.get("runId"))
            path = f"{prefix}.{node}" if prefix else node
            if unwrapped is not None and node == unwrapped:
                yield from _level(connection, str(raw.get("runId")), "", levels - 1, None)
                continue
            yield Child(path[:600], node, raw)
            if _is_pipeline(raw):
                yield from _level(connection, str(raw.get("runId")), path, levels - 1, None)


def _is_pipeline(raw: Json) -> bool:
    properties = facts.mapping(raw.get("properties"))
    return _PIPELINE in (raw.get("runType"), properties.get("azureml.runsource"))


def _metrics(connection: Connection, child: Child) -> dict[str, list[list[float]]]:
    """Return a step's series, `{name: [[step, value], ...]}`; a service without metrics has none to tell."""
    if _is_pipeline(child.raw) or not child.raw.get("startTimeUtc") or _is_reused(child.raw):
        return {}
    try:
        series = connection.reader.metrics(str(child.raw.get("runId")))
    except (azureml.Refused, azureml.BadResponse):
        return {}
    found = {facts.text(name): _points(values) for name, values in series.items()}
    return {name: points for name, points in found.items() if points}


def _points(values: list[Json]) -> list[list[float]]:
    points = []
    for index, value in enumerate(values):
        numbers = [number for number in facts.mapping(value.get("data")).values() if isinstance(number, int | float)]
        if numbers:
            step = value.get("step")
            points.append([float(step if isinstance(step, int) else index), float(numbers[0])])
    return points


def _is_reused(raw: Json) -> bool:
    return str(facts.mapping(raw.get("properties")).get("azureml.isreused", "")).lower() == "true"


def _write_times(run: Run, history: Json, began: datetime) -> None:
    """Set what run history knows better than a listing; the run is final once it was read after its end."""
    run.started_at = facts.moment(history.get("startTimeUtc"), run.started_at)
    run.ended_at = facts.moment_or_none(history.get("endTimeUtc"))
    run.status = facts.status_of(history.get("status") or run.status)
    run.error = error_of(history)
    run.steps_synced_at, run.steps_error = began, ""
    run.steps_final = run.status in TERMINAL_STATUSES
    run.save(
        update_fields=["started_at", "ended_at", "status", "error", "steps_synced_at", "steps_error", "steps_final"]
    )


def error_of(history: Json) -> str:
    inner = facts.mapping(facts.mapping(history.get("error")).get("error"))
    return facts.text(inner.get("message"), 4000)


def _step(run: Run, child: Child, metrics: dict[str, list[list[float]]]) -> Step:
    raw = child.raw
    properties = facts.mapping(raw.get("properties"))
    name, version = _component(run, child, properties)
    reused = _is_reused(raw)
    return Step(
        run=run,
        run_id_azure=facts.text(raw.get("runId")),
        path=child.path,
        display_name=facts.text(raw.get("displayName")),
        status=facts.text(raw.get("status") or RunStatus.UNKNOWN, 24),
        component_name=name,
        component_version=version,
        started_at=facts.moment_or_none(raw.get("startTimeUtc")),
        ended_at=facts.moment_or_none(raw.get("endTimeUtc")),
        is_reused=reused,
        reused_from=facts.text(properties.get("azureml.reusedrunid")) if reused else "",
        inputs=_ports(raw.get("inputs")) | _parameters(raw.get("parameters")),
        outputs=_ports(raw.get("outputs")),
        metrics=metrics,
        error=error_of(raw),
    )


def _component(run: Run, child: Child, properties: Json) -> tuple[str, str]:
    """Return name and version of a step's component: by its id, else by the run's own graph, else by name."""
    written = properties.get("azureml.moduleid")
    found = parse_azure_reference(written, "component") if isinstance(written, str) else None
    if found is None and "." not in child.path:
        node = facts.mapping(facts.mapping(facts.properties_of(raw_of(run)).get("jobs")).get(child.node))
        use = facts.use_columns(normalize.component_text(node))
        if use is not None:
            return use["name"], use["version"]
    if found is not None and found.kind == "component":
        return facts.text(found.name), facts.text(found.version, 64)
    return facts.text(properties.get("azureml.moduleName")), ""


def _ports(ports: Any) -> dict[str, dict[str, str]]:
    """Return `{port: {"asset": Azure's id, "type": ..., "ref": our ref or ""}}`."""
    shown = {}
    for port, value in facts.mapping(ports).items():
        written = facts.mapping(value)
        ref = facts.asset_ref(written.get("assetId"), "data")
        shown[facts.text(port)] = {
            "asset": facts.text(written.get("assetId"), 1000),
            "type": facts.text(written.get("type")),
            "ref": str(ref) if ref else "",
        }
    return shown


def _parameters(values: Any) -> dict[str, dict[str, str]]:
    return {facts.text(name): {"value": facts.text(value, 1000)} for name, value in facts.mapping(values).items()}


def _write_steps(run: Run, rows: list[Step]) -> None:
    Step.objects.filter(run=run).exclude(run_id_azure__in=[row.run_id_azure for row in rows]).delete()
    columns = [f.name for f in Step._meta.concrete_fields if f.name not in ("id", "run", "run_id_azure")]
    Step.objects.bulk_create(
        rows, batch_size=100, update_conflicts=True, unique_fields=["run", "run_id_azure"], update_fields=columns
    )
    last = {f"{row.path}.{name}": points[-1][1] for row in rows for name, points in row.metrics.items()}
    Run.objects.filter(pk=run.pk).update(metrics=last)


def _write_edges(workspace: Workspace, run: Run, rows: list[Step]) -> None:
    """Write what is new of the steps' edges and delete what no longer holds; what stands is left alone."""
    wanted = set(_edges_of(rows))
    columns = ("pk", "step", "role", "port", "ref")
    known = {tuple(row[1:]): row[0] for row in Edge.objects.filter(run=run).exclude(step="").values_list(*columns)}
    gone = [pk for key, pk in known.items() if key not in wanted]
    if gone:
        Edge.objects.filter(pk__in=gone).delete()
    new = [
        Edge(workspace=workspace, run=run, step=step, role=role, port=port, ref=ref, at=run.started_at)
        for step, role, port, ref in sorted(wanted - known.keys())
    ]
    Edge.objects.bulk_create(new, batch_size=200, ignore_conflicts=True)
    Edge.objects.filter(run=run).exclude(at=run.started_at).update(at=run.started_at)


def _edges_of(rows: list[Step]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (step, role, port, ref). A reused step wrote nothing: its outputs are those of the run it points at."""
    for row in rows:
        if row.component_name and row.component_version and row.component_name not in facts.ANONYMOUS:
            ref = Ref("component", row.component_name, row.component_version)
            yield row.path, EdgeRole.EXECUTES.value, "", str(ref)[:400]
        sides = [(EdgeRole.INPUT.value, row.inputs)] + ([] if row.is_reused else [(EdgeRole.OUTPUT.value, row.outputs)])
        for role, ports in sides:
            for port, value in ports.items():
                if value.get("ref"):
                    yield row.path, role, port, value["ref"][:400]
