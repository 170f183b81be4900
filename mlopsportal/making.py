"""How a model was made: run, steps, component versions, data versions, and who approved each; joins registry, changes
and audit, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from mlopsportal.audit.actions import Action
from mlopsportal.audit.models import Event
from mlopsportal.changes.models import ChangeRequest, Review
from mlopsportal.changes.models import Step as PlanStep
from mlopsportal.changes.states import Policy, State, StepAction, StepState, Verdict
from mlopsportal.specs import normalize
from mlopsportal.specs.ref import Ref
from registry.lineage import maker_of
from registry.models import AssetKind, Edge, EdgeRole, Run, Step, Version, Workspace
from registry.raw import body_of, raw_of

_APPLIED = (State.APPLIED, State.PARTIALLY_APPLIED)
_MAKING = (StepAction.CREATE, StepAction.UPDATE, StepAction.ENABLE, StepAction.RUN)
MOST_STEPS = 200


@dataclass(frozen=True)
class Approval:
    """A change that wrote something, and who agreed to it. `approvers` is empty where a standing policy was enough."""

    change: ChangeRequest
    approvers: tuple[str, ...]

    @property
    def plan_digest(self) -> str:
        """The digest of what was agreed to and sent."""
        return self.change.plan.digest if self.change.plan else ""

    @property
    def is_standing(self) -> bool:
        return self.change.policy == Policy.STANDING

    @property
    def at(self) -> datetime | None:
        return self.change.closed_at


@dataclass(frozen=True)
class Part:
    """Something that had a hand in it. `approvals` is empty for what did not come through the portal."""

    ref: Ref
    approvals: tuple[Approval, ...]
    is_pipeline: bool = False


@dataclass(frozen=True)
class MadeStep:
    """A step of the run with the version it executed and the data it read; `wrote_it`: the model came out of it.

    `values` are its inputs that are no data, by name. `environment` and `compute` are "" where the mirror has none.
    """

    step: Step
    component: Part | None
    data: tuple[Part, ...]
    wrote_it: bool
    values: tuple[tuple[str, str], ...] = ()
    environment: str = ""
    compute: str = ""


@dataclass(frozen=True)
class Making:
    """The whole story of one version. `run` None: no run is known to have made it."""

    version: Version
    run: Run | None
    run_part: Part | None = None
    schedule: Part | None = None
    pipeline: Part | None = None
    steps: Sequence[MadeStep] = ()
    data: Sequence[Part] = ()
    own: Part | None = None
    parameters: Sequence[tuple[str, str]] = ()
    metrics: Sequence[tuple[str, str]] = ()

    @property
    def unapproved(self) -> list[Part]:
        """What nobody approved here, of all that had a hand in it: published, registered or started elsewhere.

        The run is not among them when the schedule that started it was let in by somebody.
        """
        start = self.schedule if self.schedule is not None and self.schedule.approvals else self.run_part
        parts = [start, self.pipeline, *(step.component for step in self.steps), *self.data]
        return list(dict.fromkeys(part for part in parts if part is not None and not part.approvals))

    @property
    def is_wholly_approved(self) -> bool:
        """Did everything that is known to have had a hand in it come through the portal?"""
        return self.run is not None and bool(self.steps) and not self.unapproved


def makeable(workspace: Workspace, ref: Ref) -> QuerySet[Version]:
    """Return the one version that a ref names if something can have made it: a model or data version; else none."""
    named = Version.objects.named(workspace, ref).filter(kind__in=[AssetKind.MODEL, AssetKind.DATA])
    return named.for_list().select_related("workspace")


def making_of(version: Version) -> Making:
    """Return how a model or data version was made, as far as the mirror knows; a fixed number of queries."""
    workspace, run = version.workspace, maker_of(version)
    if run is None:
        return Making(version, None, own=_part(version.ref, approvals_of(workspace, [version.ref])))
    run = Run.objects.select_related("pipeline", "definition", "part", "workspace").get(pk=run.pk)
    steps = list(run.steps.in_time()[:MOST_STEPS])
    edges = list(Edge.objects.filter(run=run).only("step", "role", "port", "ref")[: MOST_STEPS * 8])
    refs = {version.ref, run.ref, *(Ref.parse(edge.ref) for edge in edges), *(s.ref for s in steps if s.ref)}
    if run.pipeline is not None:
        refs.add(run.pipeline.ref)
    schedule = Ref("schedule", run.schedule_name) if run.schedule_name else None
    if schedule is not None:
        refs.add(schedule)
    approved, places = approvals_of(workspace, refs), _Places.of(run, steps)
    wrote = {edge.ref for edge in edges if edge.role == EdgeRole.OUTPUT} | {str(version.ref)}
    reads = [edge for edge in edges if edge.role == EdgeRole.INPUT and edge.ref not in wrote]
    return Making(
        version=version,
        run=run,
        run_part=_part(run.ref, approved),
        schedule=_schedule_part(schedule, run, approved) if schedule else None,
        pipeline=_part(run.pipeline.ref, approved, is_pipeline=True) if run.pipeline else None,
        steps=[_made_step(step, version, edges, approved, places) for step in steps],
        data=[_part(ref, approved) for ref in dict.fromkeys(Ref.parse(edge.ref) for edge in reads)],
        own=_part(version.ref, approved),
        parameters=_parameters(run),
        metrics=[(name, metric_words(value)) for name, value in sorted(run.metrics.items())],
    )


def _parameters(run: Run) -> list[tuple[str, str]]:
    """Return what the run was given, by input: a value, or the data version; then its settings."""
    normal = normalize.normalized("run", raw_of(run))
    return [
        (name if section == "inputs" else f"{section}.{name}", _value(value))
        for section in ("inputs", "settings")
        for name, value in sorted((normal.get(section) or {}).items())
    ]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("value", value.get("uri", value.get("path", value)))
    return str(value)


def metric_words(value: Any) -> str:
    """Write a metric with six digits that count; anything but a number as it is."""
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


@dataclass(frozen=True)
class _Places:
    """Where the steps of a run ran: environments by component, computes by step, and the compute of all others."""

    environments: Mapping[Ref, str]
    computes: Mapping[str, str]
    default: str

    @classmethod
    def of(cls, run: Run, steps: Sequence[Step]) -> _Places:
        """Read them from the definitions of the run and of what its steps executed; one query."""
        refs = {step.ref for step in steps if step.ref}
        rows = Version.objects.filter(
            workspace=run.workspace_id,
            kind=AssetKind.COMPONENT,
            name__in={ref.name for ref in refs},
            version__in={ref.version or "" for ref in refs},
        )
        found = {row.ref: row for row in rows.select_related("definition").defer("remainder")}
        bodies = {ref: body_of(row.definition) for ref in refs if (row := found.get(ref)) and row.definition}
        jobs = (body_of(run.definition) if run.definition else {}).get("jobs") or {}
        settings = normalize.normalized("run", raw_of(run)).get("settings") or {}
        return cls(
            {ref: body["environment"] for ref, body in bodies.items() if isinstance(body.get("environment"), str)},
            {name: node["compute"] for name, node in jobs.items() if isinstance(node.get("compute"), str)},
            str(settings.get("default_compute", "")),
        )

    def compute(self, path: str) -> str:
        """Return the compute of a step; that of the step it is inside where it names none itself."""
        named = self.computes.get(path) or self.computes.get(path.partition(".")[0])
        return (named or self.default).removeprefix("compute:")


_Approved = Mapping[str, tuple[Approval, ...]]


def _part(ref: Ref, approved: _Approved, *, is_pipeline: bool = False) -> Part:
    return Part(ref, approved.get(str(ref), ()), is_pipeline)


def _schedule_part(schedule: Ref, run: Run, approved: _Approved) -> Part:
    """Return the schedule with the changes that had written it before it started the run, the newest first."""
    before = [item for item in approved.get(str(schedule), ()) if item.at is None or item.at <= run.started_at]
    return Part(schedule, tuple(before))


def _made_step(step: Step, version: Version, edges: Sequence[Edge], approved: _Approved, places: _Places) -> MadeStep:
    own = [edge for edge in edges if edge.step == step.path]
    reads = dict.fromkeys(Ref.parse(edge.ref) for edge in own if edge.role == EdgeRole.INPUT)
    wrote = version.job_name == step.run_id_azure or any(
        edge.role == EdgeRole.OUTPUT and edge.ref == str(version.ref) for edge in own
    )
    component = _part(step.ref, approved) if step.ref else None
    values = tuple((name, str(port["value"])) for name, port in sorted(step.inputs.items()) if "value" in port)
    return MadeStep(
        step=step,
        component=component,
        data=tuple(_part(ref, approved) for ref in reads),
        wrote_it=wrote,
        values=values,
        environment=places.environments.get(step.ref, "") if step.ref else "",
        compute=places.compute(step.path),
    )


def approvals_of(workspace: Workspace, refs: Iterable[Ref]) -> dict[str, tuple[Approval, ...]]:
    """Return by ref which changes made it, the newest first, and who approved them; a fixed number of queries.

    The audit log says which changes had to do with it; their plans' steps say whether it arrived, and that it was made
    and not only archived; the reviews that count are those of the plan that was applied.
    """
    texts = [str(ref) for ref in set(refs)]
    events = Event.objects.filter(workspace=workspace.slug, target__in=texts, action=Action.STEP_END)
    told = events.exclude(change=None).order_by("-id").values_list("change", flat=True)[:2000]
    numbers = {number for number in told if number is not None}
    changes = ChangeRequest.objects.filter(pk__in=numbers, workspace=workspace, state__in=_APPLIED)
    rows = {row.pk: row for row in changes.select_related("author", "plan")}
    plans = {row.plan_id: number for number, row in rows.items() if row.plan_id is not None}
    arrived = PlanStep.objects.filter(plan__in=plans, ref__in=texts, state=StepState.VERIFIED, action__in=_MAKING)
    made: dict[str, set[int]] = defaultdict(set)
    for plan, target in arrived.values_list("plan", "ref"):
        made[target].add(plans[plan])
    approvers = _approvers(rows)
    return {
        target: tuple(Approval(rows[number], approvers[number]) for number in sorted(found, reverse=True))
        for target, found in made.items()
    }


def _approvers(changes: Mapping[int, ChangeRequest]) -> dict[int, tuple[str, ...]]:
    """Return the names of those who approved the plan that each change applied."""
    given = Review.objects.filter(change__in=changes, verdict=Verdict.APPROVE).select_related("reviewer").order_by("at")
    found: dict[int, dict[str, None]] = {number: {} for number in changes}
    for review in given:
        plan = changes[review.change_id].plan
        if plan is not None and review.plan_digest == plan.digest:
            found[review.change_id][review.reviewer.username] = None
    return {number: tuple(names) for number, names in found.items()}
