"""How a model was made: run, steps, component versions, data versions, and who approved each; joins registry, changes
and audit, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlopsportal.audit.actions import Action
from mlopsportal.audit.models import Event
from mlopsportal.changes.models import ChangeRequest, Review
from mlopsportal.changes.states import Policy, State, Verdict
from mlopsportal.specs.ref import Ref
from registry.lineage import maker_of
from registry.models import Edge, EdgeRole, Run, Step, Version, Workspace

_APPLIED = (State.APPLIED, State.PARTIALLY_APPLIED)
MOST_STEPS = 200


@dataclass(frozen=True)
class Approval:
    """A change that wrote something, and who agreed to it. `approvers` is empty where a standing policy was enough."""

    change: ChangeRequest
    approvers: tuple[str, ...]

    @property
    def is_standing(self) -> bool:
        return self.change.policy == Policy.STANDING

    @property
    def at(self) -> datetime | None:
        return self.change.closed_at

    def as_json(self) -> dict[str, Any]:
        return {
            "change": self.change.pk,
            "title": self.change.title,
            "author": self.change.author.username,
            "approved_by": list(self.approvers),
            "standing": self.is_standing,
        }


@dataclass(frozen=True)
class Part:
    """Something that had a hand in it. `approvals` is empty for what did not come through the portal."""

    ref: Ref
    approvals: tuple[Approval, ...]
    is_pipeline: bool = False
    made_by: Ref | None = None

    def as_json(self) -> dict[str, Any]:
        return {"ref": str(self.ref), "approvals": [item.as_json() for item in self.approvals]}


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
    pipeline: Part | None = None
    steps: Sequence[MadeStep] = ()
    data: Sequence[Part] = ()
    own: Part | None = None

    @property
    def unapproved(self) -> list[Part]:
        """What nobody approved here: it was published or started outside the portal."""
        parts = [self.pipeline, *(step.component for step in self.steps)]
        return list(dict.fromkeys(part for part in parts if part is not None and not part.approvals))

    def as_json(self) -> dict[str, Any]:
        return {
            "ref": str(self.version.ref),
            "run": self.run_part.as_json() | {"status": self.run.status} if self.run and self.run_part else None,
            "pipeline": self.pipeline.as_json() if self.pipeline else None,
            "steps": [
                {
                    "path": item.step.path,
                    "status": item.step.status,
                    "reused": item.step.is_reused,
                    "component": item.component.as_json() if item.component else None,
                    "data": [str(part.ref) for part in item.data],
                    "wrote_it": item.wrote_it,
                }
                for item in self.steps
            ],
            "data": [part.as_json() for part in self.data],
        }


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
    approved = approvals_of(workspace, refs)
    reads = [edge for edge in edges if edge.role == EdgeRole.INPUT]
    return Making(
        version=version,
        run=run,
        run_part=_part(run.ref, approved),
        pipeline=_part(run.pipeline.ref, approved, is_pipeline=True) if run.pipeline else None,
        steps=[_made_step(step, version, edges, approved) for step in steps],
        data=[_part(ref, approved) for ref in dict.fromkeys(Ref.parse(edge.ref) for edge in reads)],
        own=_part(version.ref, approved),
    )


_Approved = Mapping[str, tuple[Approval, ...]]


def _part(ref: Ref, approved: _Approved, *, is_pipeline: bool = False) -> Part:
    return Part(ref, approved.get(str(ref), ()), is_pipeline)


def _made_step(step: Step, version: Version, edges: Sequence[Edge], approved: _Approved) -> MadeStep:
    own = [edge for edge in edges if edge.step == step.path]
    reads = dict.fromkeys(Ref.parse(edge.ref) for edge in own if edge.role == EdgeRole.INPUT)
    wrote = version.job_name == step.run_id_azure or any(
        edge.role == EdgeRole.OUTPUT and edge.ref == str(version.ref) for edge in own
    )
    component = _part(step.ref, approved) if step.ref else None
    return MadeStep(step, component, tuple(_part(ref, approved) for ref in reads), wrote)


def approvals_of(workspace: Workspace, refs: Iterable[Ref]) -> dict[str, tuple[Approval, ...]]:
    """Return by ref which applied changes wrote it, the newest first, and who approved them; three queries.

    The audit log says which change wrote what; the reviews that count are those of the plan that was applied.
    """
    texts = [str(ref) for ref in set(refs)]
    events = Event.objects.filter(workspace=workspace.slug, target__in=texts, action=Action.STEP_END)
    wrote: dict[str, dict[int, None]] = defaultdict(dict)
    for target, number in events.exclude(change=None).order_by("-id").values_list("target", "change")[:2000]:
        wrote[target][int(number or 0)] = None
    numbers = {number for found in wrote.values() for number in found}
    changes = ChangeRequest.objects.filter(pk__in=numbers, workspace=workspace, state__in=_APPLIED)
    rows = {row.pk: row for row in changes.select_related("author", "plan")}
    approvers = _approvers(rows)
    return {
        target: tuple(Approval(rows[number], approvers[number]) for number in found if number in rows)
        for target, found in wrote.items()
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
