"""How a model was made: run, steps, component versions, data versions, and who approved each; joins registry, changes
and audit, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlopsportal.audit.actions import Action
from mlopsportal.audit.models import Event
from mlopsportal.changes.models import ChangeRequest, Review
from mlopsportal.changes.models import Step as PlanStep
from mlopsportal.changes.states import Policy, State, StepAction, StepState, Verdict
from mlopsportal.specs.ref import Ref
from registry.lineage import maker_of
from registry.models import Edge, EdgeRole, Run, Step, Version, Workspace

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
    """A step of the run with the version it executed and the data it read; `wrote_it`: the model came out of it."""

    step: Step
    component: Part | None
    data: tuple[Part, ...]
    wrote_it: bool


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


def making_of(version: Version) -> Making:
    """Return how a model or data version was made, as far as the mirror knows; a fixed number of queries."""
    workspace, run = version.workspace, maker_of(version)
    if run is None:
        return Making(version, None, own=_part(version.ref, approvals_of(workspace, [version.ref])))
    run = Run.objects.for_list().get(pk=run.pk)
    steps = list(run.steps.in_time()[:MOST_STEPS])
    edges = list(Edge.objects.filter(run=run).only("step", "role", "port", "ref")[: MOST_STEPS * 8])
    refs = {version.ref, run.ref, *(Ref.parse(edge.ref) for edge in edges), *(s.ref for s in steps if s.ref)}
    if run.pipeline is not None:
        refs.add(run.pipeline.ref)
    schedule = Ref("schedule", run.schedule_name) if run.schedule_name else None
    if schedule is not None:
        refs.add(schedule)
    approved = approvals_of(workspace, refs)
    wrote = {edge.ref for edge in edges if edge.role == EdgeRole.OUTPUT} | {str(version.ref)}
    reads = [edge for edge in edges if edge.role == EdgeRole.INPUT and edge.ref not in wrote]
    return Making(
        version=version,
        run=run,
        run_part=_part(run.ref, approved),
        schedule=_schedule_part(schedule, run, approved) if schedule else None,
        pipeline=_part(run.pipeline.ref, approved, is_pipeline=True) if run.pipeline else None,
        steps=[_made_step(step, version, edges, approved) for step in steps],
        data=[_part(ref, approved) for ref in dict.fromkeys(Ref.parse(edge.ref) for edge in reads)],
        own=_part(version.ref, approved),
    )


_Approved = Mapping[str, tuple[Approval, ...]]


def _part(ref: Ref, approved: _Approved, *, is_pipeline: bool = False) -> Part:
    return Part(ref, approved.get(str(ref), ()), is_pipeline)


def _schedule_part(schedule: Ref, run: Run, approved: _Approved) -> Part:
    """Return the schedule with the changes that had written it before it started the run, the newest first."""
    before = [item for item in approved.get(str(schedule), ()) if item.at is None or item.at <= run.started_at]
    return Part(schedule, tuple(before))


def _made_step(step: Step, version: Version, edges: Sequence[Edge], approved: _Approved) -> MadeStep:
    own = [edge for edge in edges if edge.step == step.path]
    reads = dict.fromkeys(Ref.parse(edge.ref) for edge in own if edge.role == EdgeRole.INPUT)
    wrote = version.job_name == step.run_id_azure or any(
        edge.role == EdgeRole.OUTPUT and edge.ref == str(version.ref) for edge in own
    )
    component = _part(step.ref, approved) if step.ref else None
    return MadeStep(step, component, tuple(_part(ref, approved) for ref in reads), wrote)


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
