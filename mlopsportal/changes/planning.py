"""Making a plan: claim it, read the workspace, build the steps, store them; sends nothing.

A plan is made against the workspace itself, never against the mirror. Attempts are counted before the work, so
that a plan that kills its worker ends too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from mlopsportal import azureml
from mlopsportal.audit.actions import SYSTEM, Action
from mlopsportal.changes import bundling, checks, owners
from mlopsportal.changes.building import Building
from mlopsportal.changes.checking import checked
from mlopsportal.changes.drafts import Draft
from mlopsportal.changes.errors import LostClaim
from mlopsportal.changes.impact import schedules_told
from mlopsportal.changes.live import LiveWorkspace
from mlopsportal.changes.models import ChangeRequest, Document, Plan, Revision, Step
from mlopsportal.changes.moving import Facts, move, record
from mlopsportal.changes.plans import digest_of, summary_of
from mlopsportal.changes.settling import settle
from mlopsportal.changes.states import PlanState, State, StepAction, StepState, Verdict
from mlopsportal.changes.told import tell
from mlopsportal.specs.interface import Verdict as InterfaceVerdict
from mlopsportal.specs.order import DocumentCycle
from mlopsportal.specs.practices import PRACTICES, Level, told
from mlopsportal.specs.problems import Problem
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.validate import Judgement
from registry.practices import levels_of

LEASE: Final = timedelta(seconds=90)
RENEW_AFTER: timedelta = timedelta(seconds=20)
MOST_ATTEMPTS: Final = 8
_MOST_NAMED: Final = 10
SLOWEST_RETRY: Final = timedelta(minutes=2)
_WEIGHT: Final = (InterfaceVerdict.PATCH, InterfaceVerdict.MINOR, InterfaceVerdict.UNKNOWN, InterfaceVerdict.BREAKING)


@dataclass
class Made:
    """What came of planning: steps, or why there are none. `error` is for what no document is to blame for."""

    judged: Sequence[Judgement]
    building: Building | None = None
    checks: Sequence[checks.Check] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)
    error: str = ""

    @property
    def problems(self) -> dict[str, list[dict[str, Any]]]:
        """Every problem by path, those of the checker and those of the plan."""
        return {
            item.document.path: bundling.storable(problem.as_json() for problem in self._problems(item))
            for item in self.judged
        }

    def _problems(self, item: Judgement) -> list[Problem]:
        """Once the checks are made, what they say of the documents as sent stands for what was advised before."""
        path = item.document.path
        planned = self.building.problems.get(path, ()) if self.building is not None else ()
        if not self.checks:
            return [*item.problems, *planned]
        kept = [problem for problem in item.problems if problem.code not in PRACTICES]
        advised = [problem for check in self.checks for problem in _told(check, path)]
        return sorted([*kept, *planned, *advised], key=lambda problem: problem.line or 0)

    def weighty(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the problems with their paths, of the practices only what hard ones found; the checks tell the rest."""
        hard = {check.code for check in self.checks if check.level == "hard"}
        for path, found in self.problems.items():
            yield from ((path, item) for item in found if item["code"] not in PRACTICES or item["code"] in hard)

    @property
    def has_failed(self) -> bool:
        errors = any(problem["severity"] == "error" for found in self.problems.values() for problem in found)
        hard = any(check.level == "hard" and not check.passed for check in self.checks)
        return bool(self.error) or self.building is None or errors or hard


def _told(check: checks.Check, path: str) -> list[Problem]:
    found = [place.problem for place in check.places if place.file == path]
    return told(found, check.level, in_workspace=True)


def make_plan(plan_id: int) -> None:
    """Make the plan, unless somebody else is at it or it is made already.

    A workspace that is throttled or cannot be reached is tried again later, at most MOST_ATTEMPTS times.
    """
    plan = _claim(plan_id)
    if plan is None:
        return
    try:
        made = _made(plan)
    except (azureml.Throttled, azureml.Unreachable, azureml.BadResponse) as error:
        if plan.attempts < MOST_ATTEMPTS:
            _postpone(plan, error)
            return
        made = Made((), error=f"{explain(error)} It was tried {plan.attempts} times; have it planned again later.")
    except azureml.AzureError as error:
        made = Made((), error=explain(error))
    except LostClaim:  # another worker makes it then
        return
    _store(plan, made)


def _claim(plan_id: int) -> Plan | None:
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + 3 * LEASE)
    due = Q(retry_at=None) | Q(retry_at__lte=now)
    with transaction.atomic():
        taken = Plan.objects.filter(free, due, pk=plan_id, state=PlanState.MAKING).update(
            lease_until=now + LEASE, retry_at=None, attempts=F("attempts") + 1, claimed_by=owners.me()
        )
        if not taken:
            return None
        plan = Plan.objects.select_related("revision__change__workspace").get(pk=plan_id)
    if plan.attempts > MOST_ATTEMPTS:
        _store(plan, Made((), error="Making the plan stopped its worker again and again. An operator has to look."))
        return None
    return plan


class _Hold:
    """One worker's hold on one plan: the lease grows while the work goes on, however slow the workspace is."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.renewed = time.monotonic()

    def keep(self) -> None:
        """Renew the lease when a part of it has passed. Raises LostClaim when a newer claim has the plan."""
        if time.monotonic() - self.renewed < RENEW_AFTER.total_seconds():
            return
        mine = Plan.objects.filter(pk=self.plan.pk, state=PlanState.MAKING, attempts=self.plan.attempts)
        if not mine.update(lease_until=timezone.now() + LEASE):
            raise LostClaim(self.plan.revision.change_id, self.plan.attempts)
        self.renewed = time.monotonic()


def explain(error: azureml.AzureError) -> str:
    """Say in words why the workspace did not do it, and what helps."""
    if isinstance(error, azureml.Unauthorized):
        return f"The workspace did not accept the portal's sign-in ({error}). Check the credential of the workspace."
    if isinstance(error, azureml.Forbidden):
        return f"The portal's identity may not do that in the workspace ({error}). Give it the role it lacks."
    if isinstance(error, azureml.NotFound):
        return f"The workspace does not have what was asked for ({error}). Does it still exist?"
    if isinstance(error, azureml.NotConfigured):
        return f"The workspace is not configured to be used ({error})."
    if isinstance(error, azureml.Throttled):
        return f"The workspace asks to slow down ({error})."
    if isinstance(error, azureml.Unreachable):
        return f"The workspace cannot be reached ({error})."
    if isinstance(error, azureml.BadResponse):
        return f"The workspace answers with an error of its own ({error})."
    return f"The workspace refused it ({error})."


def _postpone(plan: Plan, error: azureml.AzureError) -> None:
    """Leave the plan to the sweep, after the delay that was asked for or one that doubles."""
    delay = min(timedelta(seconds=2 ** min(plan.attempts, 7)), SLOWEST_RETRY)
    if isinstance(error, azureml.Throttled):
        delay = max(error.retry_after, timedelta(seconds=1))
    until = timezone.now() + delay
    message = f"{explain(error)} It is tried again at {until:%H:%M:%S} UTC."
    Plan.objects.filter(pk=plan.pk, state=PlanState.MAKING, attempts=plan.attempts).update(
        lease_until=None, retry_at=until, woken_at=None, claimed_by="", error=message
    )


def _made(plan: Plan) -> Made:
    change, revision = plan.revision.change, plan.revision
    workspace = change.workspace
    connection = azureml.connect(workspace.target())
    try:
        live = LiveWorkspace(connection, workspace.default_compute, go_on=_Hold(plan).keep)
        live.require_workspace()
        pairs = list(revision.documents.order_by("position").values_list("path", "content"))
        compute = workspace.default_compute or None
        levels = levels_of(workspace)
        judged = bundling.examine(pairs, mirror=live, default_compute=compute, now=timezone.now(), levels=levels)
        if not all(item.ok for item in judged):
            return Made(judged)
        try:
            ordered = bundling.in_order(judged)
        except DocumentCycle as error:
            return Made(judged, error=f"These documents need each other: {error}.")
        building = Building(
            workspace,
            live,
            kept=_kept(revision),
            run_prefix=_run_prefix(revision),
            earlier_runs=_earlier_runs(revision),
        )
        building.build(ordered)
        return Made(judged, building, checked(change, building, judged, levels), levels)
    finally:
        connection.close()


def _kept(revision: Revision) -> dict[str, Ref]:
    """The versions that an earlier plan of this revision has fixed, by path."""
    rows = revision.documents.exclude(ref="").values_list("path", "ref")
    refs = {path: Ref.parse(ref) for path, ref in rows}
    return {path: ref for path, ref in refs.items() if ref.kind == "component" and ref.version is not None}


def _run_prefix(revision: Revision) -> str:
    """The beginning of the names of this revision's runs: the same in every plan, so that nothing runs twice."""
    made = f"{revision.created_at.timestamp():.6f}".replace(".", "")
    return f"chg{revision.change_id}r{revision.number}-{revision.digest[:6]}{int(made) % 0xFFFFFF:06x}"


def _earlier_runs(revision: Revision) -> list[str]:
    """The runs that earlier revisions of the change have started, oldest first."""
    started = Step.objects.filter(
        plan__revision__change=revision.change_id,
        plan__revision__number__lt=revision.number,
        action=StepAction.RUN,
        state=StepState.VERIFIED,
    )
    return list(started.order_by("pk").values_list("ref", flat=True)[:_MOST_NAMED])


def _store(plan: Plan, made: Made) -> None:
    """Write the plan's rows and move its change, in one transaction; nothing when a newer claim has the plan."""
    rows = _rows(plan, made)
    beside = _beside(plan, rows, made)  # reads much: not while the change is locked
    with transaction.atomic():
        change = (
            ChangeRequest.objects.select_for_update(of=("self",))
            .select_related("workspace", "author", "submitted_by", "queued_by")
            .get(pk=plan.revision.change_id)
        )
        state = PlanState.FAILED if made.has_failed else PlanState.MADE
        taken = Plan.objects.filter(pk=plan.pk, state=PlanState.MAKING, attempts=plan.attempts).update(
            state=state, lease_until=None, made_at=timezone.now(), error=_error_of(made)
        )
        if not taken:
            return
        plan.refresh_from_db()
        documents = _update_documents(plan.revision, made)
        plan.problems = [{"document": path, **problem} for path, problem in made.weighty()]
        plan.checks, plan.levels = [_stored(check) for check in made.checks], dict(made.levels)
        if state == PlanState.MADE and made.building is not None:
            for row, draft in zip(rows, made.building.drafts, strict=True):
                row.document = documents[draft.path]
            _write_steps(plan, change, rows)
            plan.reasons, plan.told = beside.reasons, beside.told
        plan.save()
        if change.plan_id == plan.pk:
            change.plan = plan
            _move_on(change, plan)


def _error_of(made: Made) -> str:
    if made.error:
        return made.error
    count = sum(problem["severity"] == "error" for found in made.problems.values() for problem in found)
    if count:
        return f"The documents have {count} problem{'' if count == 1 else 's'}."
    return " ".join(check.message for check in made.checks if check.level == "hard" and not check.passed)


def _stored(check: checks.Check) -> dict[str, Any]:
    """The check as JSON that any database takes."""
    row = check.as_json()
    [text] = bundling.storable([row])
    return {**text, "places": bundling.storable(row["places"])}


def _update_documents(revision: Revision, made: Made) -> Mapping[str, Document]:
    """Keep what the checker says against the live workspace, the repairs, and the versions that are now fixed."""
    documents = {document.path: document for document in revision.documents.all()}
    problems = made.problems
    for item in made.judged:
        document = documents[item.document.path]
        document.problems = problems[document.path]
        document.repairs = bundling.storable(repair.as_json() for repair in item.repairs)
        if made.building is not None:
            document.repairs += [note.as_json() for note in made.building.notes.get(document.path, ())]
            ref = made.building.refs.get(document.path)
            document.ref = document.ref if ref is None else str(ref)
        document.save(update_fields=["problems", "repairs", "ref"])
    return documents


def _rows(plan: Plan, made: Made) -> list[Step]:
    """Return the steps to be written, in their order; none for a plan that failed."""
    if made.has_failed or made.building is None:
        return []
    return [_row(plan, position, draft) for position, draft in enumerate(made.building.drafts)]


def _write_steps(plan: Plan, change: ChangeRequest, rows: Sequence[Step]) -> None:
    Step.objects.bulk_create(rows)
    plan.digest = digest_of(change.workspace, rows)
    plan.summary = dict(summary_of(rows))
    plan.verdict = _worst(row.verdict for row in rows)


@dataclass(frozen=True)
class _Beside:
    """What is said of the steps, beside them: why the verdict is what it is, and what reviewers are told."""

    reasons: list[dict[str, Any]] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)


def _beside(plan: Plan, rows: Sequence[Step], made: Made) -> _Beside:
    if made.has_failed or made.building is None:
        return _Beside()
    workspace, now = plan.revision.change.workspace, timezone.now()
    compared = [(draft.ref, draft.comparison) for draft in made.building.drafts if draft.comparison is not None]
    judged = [{"ref": str(ref), **reason.as_json()} for ref, comparison in compared for reason in comparison.reasons]
    moved = schedules_told(workspace, rows, [ref for ref, _ in compared], now=now)
    return _Beside(bundling.storable([*judged, *moved]), tell(workspace, rows, now=now))


def _row(plan: Plan, position: int, draft: Draft) -> Step:
    request = draft.request
    return Step(
        plan=plan,
        position=position,
        ref=str(draft.ref),
        action=draft.action,
        method="" if request is None else request.method,
        arm_id="" if request is None else request.arm_id,
        api_version="" if request is None else request.api_version,
        payload=b"" if request is None else request.payload,
        payload_sha256="" if request is None else request.sha256,
        base=draft.base,
        before=draft.before,
        after=draft.after,
        changes=draft.changes,
        notes=list(draft.notes),
        verdict=_verdict_of(draft),
        with_defaults=draft.with_defaults,
    )


def _verdict_of(draft: Draft) -> str:
    """A new version of something is what its interface says; a new thing is minor; everything else a patch."""
    if draft.comparison is not None:
        return str(draft.comparison.verdict)
    return str(InterfaceVerdict.MINOR if draft.action is StepAction.CREATE else InterfaceVerdict.PATCH)


def _worst(verdicts: Iterable[str]) -> str:
    found = set(verdicts)
    return next((str(verdict) for verdict in reversed(_WEIGHT) if str(verdict) in found), "")


def _move_on(change: ChangeRequest, plan: Plan) -> None:
    """Say that the plan is made, void approvals of another one, and move the change to where that leaves it."""
    facts: Facts = {"plan_digest": plan.digest, "revision": plan.revision.number}
    _void_other_approvals(change, plan)
    if change.state == State.PLANNING:
        settle(change, actor=SYSTEM, action=Action.CHANGE_PLANNED, facts=facts)
    elif change.state == State.DRAFT and plan.state == PlanState.FAILED:
        record(change, Action.CHANGE_PLAN_FAILED, actor=SYSTEM, note=plan.error, facts=facts)
    elif change.state == State.DRAFT and not plan.steps.exists():
        move(change, State.NO_CHANGE, actor=SYSTEM, reason="The workspace is already as the documents say.")
    elif change.state == State.DRAFT:
        record(change, Action.CHANGE_PLANNED, actor=SYSTEM, facts=facts)


def _void_other_approvals(change: ChangeRequest, plan: Plan) -> None:
    """Approvals of another digest do not count any more (policy sees to that); the log says so."""
    given = change.reviews.filter(plan__revision=plan.revision, verdict=Verdict.APPROVE)
    voided = given.exclude(plan_digest=plan.digest).count()
    if plan.state == PlanState.MADE and voided:
        facts: Facts = {"given": voided, "because": "plan", "plan_digest": plan.digest}
        record(change, Action.CHANGE_APPROVALS_VOIDED, actor=SYSTEM, facts=facts)
