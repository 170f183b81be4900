"""What the steps of a plan would do to those who use the objects; read from the mirror as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from mlopsportal.changes.bundling import MOST_DOCUMENTS
from mlopsportal.changes.models import Step
from mlopsportal.changes.scheduled import pipeline_run_by, still_names, version_words
from mlopsportal.changes.states import StepAction
from mlopsportal.changes.wording import Line, Piece, fire, named
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.normalize import definition_of_schedule
from mlopsportal.specs.ref import InvalidRef, Ref
from registry.fitting import Fit, fit_of, misfits_at, misfits_of_call
from registry.impact import MOST_CONSUMERS, Consumer, consumers_of, is_newest, reaching
from registry.mirror import WorkspaceMirror
from registry.models import Asset, AssetKind, Use, Version, Workspace
from registry.raw import raw_of
from scheduling.documents import job_inputs, job_outputs
from scheduling.forecast import next_fire
from scheduling.impact import MOST_SCHEDULES, ScheduleUsing, schedules_using
from scheduling.models import Schedule, ScheduleUse

MOST_STEPS = MOST_DOCUMENTS
MOST_NAMED_OVER_STEPS = 10
_ENDING = (StepAction.ARCHIVE, StepAction.DELETE)


def impact_of_steps(
    workspace: Workspace, steps: Sequence[Step], *, now: datetime, beside: Sequence[Step] = ()
) -> dict[int, list[Line]]:
    """Return by position what each step means for others; steps without anything to say are left out.

    `beside` are all steps of the plan where `steps` are only some of them. A handful of queries for each step whose
    object anybody uses, none for the others.
    """
    asked = _Asked(workspace, now, beside or steps)
    found = {step.position: list(asked.lines(step)) for step in steps[:MOST_STEPS]}
    return {position: lines for position, lines in found.items() if lines}


def schedules_told(
    workspace: Workspace, steps: Sequence[Step], follows: Sequence[Ref], *, now: datetime
) -> list[dict[str, str]]:
    """Say in the form of a plan's reasons which schedules the change moves to another version, and which of those that
    run an earlier version of one of `follows` it leaves there; one query."""
    moves = [(step, new) for step in steps if (new := _moved_to(step)) is not None]
    reasons = [_reason("schedule:", "impact-moves", _moves_words(moves, now))] if moves else []
    wanted = Q()
    for ref in follows:
        wanted |= Q(pipeline_ref__startswith=f"component:{ref.name}:")
    rows = Schedule.objects.present().filter(wanted, workspace=workspace).order_by("name") if follows else ()
    states = {step.ref: step.after for step in steps}
    for ref in follows:
        staying = [row.name for row in rows if _stays(row, ref, states)]
        if staying:
            words = _several(staying)
            message = f"These schedules run an earlier version of {ref.name} and stay with it: {words}."
            reasons.append(_reason(str(ref), "impact-schedules", message))
    return reasons


def _reason(ref: str, rule: str, message: str) -> dict[str, str]:
    return {"ref": ref, "rule": rule, "path": "", "message": message}


def _moved_to(step: Step) -> Ref | None:
    """Return the other version that a step lets a schedule or trigger run; None when it leaves it where it is."""
    old, new = pipeline_run_by(step.before), pipeline_run_by(step.after)
    is_move = step.ref.startswith(("schedule:", "trigger:")) and old is not None and old != new
    return new if is_move else None


def _moves_words(moves: Sequence[tuple[Step, Ref]], now: datetime) -> str:
    told = [f"{step.ref.replace(':', ' ', 1)} to {version_words(new)}{_first_fire(step, now)}" for step, new in moves]
    return f"Moves {_several(told)}."


def _first_fire(step: Step, now: datetime) -> str:
    """Say when a schedule fires next as the step leaves it, as a time that stays true."""
    after = step.after if isinstance(step.after, Mapping) else {}
    if not step.ref.startswith("schedule:"):
        return ""
    if after.get("isEnabled") is False:
        return " (paused)"
    moment = next_fire(after.get("trigger") or {}, is_enabled=True, after=now)
    return f" (next fire {fire(moment, now).words})" if moment else ""


def _stays(schedule: Schedule, ref: Ref, states: Mapping[str, Any]) -> bool:
    """Does a schedule go on running an earlier version of `ref` when every step is done?"""
    run = Ref.parse(schedule.pipeline_ref)
    if run.name != ref.name or run == ref:
        return False
    own = str(schedule.ref)
    return own not in states or still_names(states[own], run)


def _several(words: Sequence[str]) -> str:
    return "".join(piece.words for piece in named([Piece(text) for text in words], MOST_NAMED_OVER_STEPS))


class _Asked:
    """The questions of one page to one workspace."""

    def __init__(self, workspace: Workspace, now: datetime, steps: Sequence[Step]) -> None:
        self.workspace = workspace
        self.now = now
        self.mirror = WorkspaceMirror(workspace)
        self.states = {step.ref: step.after for step in steps}
        self.made = {step.ref.split(":")[1]: step.after for step in steps if _makes_version(step)}

    @cached_property
    def used_names(self) -> set[str]:
        """Which names that the change writes anybody uses at all: two questions, however many steps there are."""
        names = {text.partition(":")[2].partition(":")[0] for text in self.states}
        uses = Use.objects.filter(workspace=self.workspace, kind__in=AssetKind.values, name__in=names)
        runs = ScheduleUse.objects.filter(workspace=self.workspace, kind__in=AssetKind.values, name__in=names)
        return {
            *uses.order_by().values_list("name", flat=True).distinct(),
            *runs.order_by().values_list("name", flat=True).distinct(),
        }

    def lines(self, step: Step) -> Iterator[Line]:
        try:
            ref = Ref.parse(step.ref)
        except InvalidRef:
            return
        if ref.kind == "schedule":
            yield from self._schedule(ref)
        elif ref.kind not in AssetKind.values or ref.version is None or ref.name not in self.used_names:
            return
        elif step.action in _ENDING:
            yield from self._ending(ref)
        elif step.action == StepAction.CREATE:
            yield from self._made(ref, step.after)

    def _made(self, ref: Ref, after: Any) -> Iterator[Line]:
        """Say of a new version who gets it at once, who stays with the one before, and where all of them are listed."""
        before = self._version_before(ref)
        lines = [*self._newest(ref, after), *(self._earlier(before, after) if before else ())]
        yield from lines
        if lines and before:
            yield from self._everybody(before, is_pipeline=_is_pipeline(after))

    def _newest(self, ref: Ref, after: Any) -> Iterator[Line]:
        """Who follows the newest version takes this one at once, and so does who uses one of those."""
        consumers, using, is_cut = self._users(ref, newest=True)
        schedules = [item for item in using if not self._moves_on(item)]
        if not consumers and not schedules:
            return
        interface = _interface(after)
        broken = reaching(consumers, self._broken([item for item in consumers if item.is_direct], interface))
        fires = [item for item in schedules if self._stops(item, ref, broken, interface)]
        run = {item.through for item in schedules}
        lost, kept = self._live(broken, run), self._live([item for item in consumers if item not in broken], run)
        if lost or fires:
            count = _count(lost, fires, is_cut=is_cut)
            words = f"breaks {count} that {_follow(len(lost) + len(fires))} its newest version: "
            yield Line.joined(words, _names(lost, fires), self._next_fire(fires), is_bad=True)
        fine = [item for item in schedules if item not in fires]
        if kept or fine:
            number, count = len(kept) + len(fine), _count(kept, fine, is_cut=is_cut)
            words = f"{count} {_follow(number)} its newest version and {_go(number)} on working: "
            yield Line.joined(words, _names(kept, fine), self._next_fire(fine))

    def _earlier(self, before: Ref, after: Any) -> Iterator[Line]:
        """Who names the version before and is not moved by the change stays with it; could they move?"""
        consumers, using, is_cut = self._users(before, newest=False)
        direct = [item for item in consumers if item.is_direct and not self._is_moved(item)]
        current = self._current(direct)
        schedules = [item for item in using if not self._moves_on(item)]
        if not current and not schedules:
            yield from _unseen(before, is_cut)
            return
        count = f"{_count(current, schedules, is_cut=is_cut)} {_stay(len(current) + len(schedules))}"
        words = f"{count} with {version_words(before)}: "
        broken = self._broken(current, _interface(after))
        lost = _count(broken, is_cut=is_cut)
        moved = [Piece(f"; {lost} would break if moved: "), *_names(broken, ())] if broken else []
        yield Line.joined(words, _names(current, schedules), moved, self._next_fire(schedules))

    def _everybody(self, ref: Ref, *, is_pipeline: bool) -> Iterator[Line]:
        """Lead to the page of all users, with the numbers that stand there."""
        newest = is_newest(self.workspace, ref)
        consumers, schedules, is_cut = self._users(ref, newest=newest)
        words = f"everybody who uses {version_words(ref)}, in older versions and through others too: "
        count = _count(consumers, schedules, of="version", is_cut=is_cut)
        yield Line.joined(words, [Piece(count, str(ref), is_pipeline=is_pipeline, is_impact=True)])

    def _ending(self, ref: Ref) -> Iterator[Line]:
        consumers, using, is_cut = self._users(ref, newest=None)
        current = [item for item in self._current(consumers) if not self._is_moved(item)]
        schedules = [item for item in using if not self._moves_on(item)]
        if not current and not schedules:
            yield from _unseen(ref, is_cut)
        else:
            still = f"{_count(current, schedules, is_cut=is_cut)} still {_use(len(current) + len(schedules))} it: "
            yield Line.joined(still, _names(current, schedules), self._next_fire(schedules), is_bad=True)

    def _users(self, ref: Ref, *, newest: bool | None) -> tuple[list[Consumer], list[ScheduleUsing], bool]:
        """Return the versions and schedules that use `ref`, and whether there are more than are looked at."""
        consumers, is_cut = consumers_of(self.workspace, ref, as_newest=newest)
        using = schedules_using(self.workspace, ref, consumers, now=self.now, newest=bool(newest))
        return consumers, using[:MOST_SCHEDULES], is_cut or len(using) > MOST_SCHEDULES

    def _schedule(self, ref: Ref) -> Iterator[Line]:
        row = Schedule.objects.present().filter(workspace=self.workspace, name=ref.name).first()
        if row is not None and row.is_enabled and row.next_fire_at is not None and row.next_fire_at > self.now:
            yield Line.joined("as it is now it next fires ", [fire(row.next_fire_at, self.now)])

    def _is_moved(self, item: Consumer) -> bool:
        """Does the change make a version of this consumer that no longer names what it names?"""
        made = self.made.get(item.ref.name)
        return made is not None and not any(still_names(made, ref) for ref in item.named)

    def _moves_on(self, using: ScheduleUsing) -> bool:
        """Does the change have this schedule run something else, or nothing any more?"""
        own = str(using.schedule.ref)
        if own in self.states:
            return not still_names(self.states[own], using.through)
        return using.floats and using.through.name in self.made and str(using.through) not in self.states

    def _broken(self, consumers: Sequence[Consumer], interface: Interface | None) -> list[Consumer]:
        return [item for item in consumers if interface is not None and self._fit(item, interface) is not Fit.DROP_IN]

    def _fit(self, item: Consumer, interface: Interface) -> Fit:
        named = self.mirror.interface_named
        places = [place.node for place in item.places if place.node]
        return fit_of(misfits_at(item.definition, dict.fromkeys(places, interface), named))

    def _stops(self, using: ScheduleUsing, ref: Ref, broken: Iterable[Consumer], interface: Interface | None) -> bool:
        """Would this schedule's next run fail: what it runs is broken, or does not take what it gives any more?"""
        if using.through != ref:
            return using.through in {item.ref for item in broken}
        if interface is None:
            return False
        raw = raw_of(using.schedule)
        job = definition_of_schedule(raw).get("job") or {}
        if "component" in job:
            return bool(misfits_of_call(job_inputs(raw), job_outputs(raw), interface, what=using.schedule.name))
        nodes = using.schedule.uses.filter(kind=ref.kind, name=ref.name, version="").values_list("node", flat=True)
        return bool(misfits_at(job, dict.fromkeys(nodes, interface), self.mirror.interface_named))

    def _live(self, consumers: Sequence[Consumer], run: Iterable[Ref]) -> list[Consumer]:
        """Return those that matter now: the newest of their name, and older ones that a schedule runs."""
        current, scheduled = self._current(consumers), set(run)
        return [item for item in consumers if item in current or item.ref in scheduled]

    def _current(self, consumers: Iterable[Consumer]) -> list[Consumer]:
        """Return those that are the newest of their name: of a pipeline's ten versions one is of interest."""
        found = list(consumers)
        rows = Asset.objects.filter(
            workspace=self.workspace, kind=AssetKind.COMPONENT, name__in={item.ref.name for item in found}
        )
        newest = dict(rows.values_list("name", "latest_version")) if found else {}
        return [item for item in found if newest.get(item.ref.name) == item.ref.version]

    def _version_before(self, ref: Ref) -> Ref | None:
        rows = Version.objects.filter(workspace=self.workspace, kind=ref.kind, name=ref.name, missing_since=None)
        names = rows.exclude(version=ref.version).order_by("-created_at", "-id").values_list("version", flat=True)
        version = names.first()
        return ref.at(version) if version else None

    def _next_fire(self, schedules: Sequence[ScheduleUsing]) -> list[Piece]:
        moment = next((item.next_fire_at for item in schedules if item.next_fire_at), None)
        return [Piece("; next fire "), fire(moment, self.now)] if moment else []


def _makes_version(step: Step) -> bool:
    return step.action == StepAction.CREATE and step.ref.startswith("component:")


def _is_pipeline(after: Any) -> bool:
    spec = after.get("componentSpec") if isinstance(after, Mapping) else None
    return isinstance(spec, Mapping) and spec.get("type") == "pipeline"


def _interface(after: Any) -> Interface | None:
    spec = after.get("componentSpec") if isinstance(after, Mapping) else None
    return interface_of(spec) if isinstance(spec, Mapping) else None


def _unseen(ref: Ref, is_cut: bool) -> Iterator[Line]:
    """Say that nobody was found among those looked at, where there are more."""
    if is_cut:
        words = f"more use {version_words(ref)} than are looked at: of the newest {MOST_CONSUMERS} none is in use now"
        yield Line.joined(words)


def _count(
    consumers: Sequence[Consumer], schedules: Sequence[ScheduleUsing] = (), *, of: str = "", is_cut: bool = False
) -> str:
    """Return how many of each there are, in words: "2 pipelines, 1 component and 1 schedule"; "at least" where not
    everybody was looked at."""
    pipelines = sum(item.version.is_pipeline for item in consumers)
    counts = (
        (pipelines, f"pipeline {of}".strip()),
        (len(consumers) - pipelines, f"component {of}".strip()),
        (len(schedules), "schedule"),
    )
    parts = [f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in counts if number]
    words = " and ".join(part for part in (", ".join(parts[:-1]), parts[-1] if parts else "") if part)
    return f"at least {words}" if is_cut and words else words


def _names(consumers: Sequence[Consumer], schedules: Sequence[ScheduleUsing]) -> list[Piece]:
    versions = [Piece(item.ref.name, str(item.ref), is_pipeline=item.version.is_pipeline) for item in consumers]
    return named([*versions, *(Piece(item.schedule.name, str(item.schedule.ref)) for item in schedules)])


def _follow(count: int) -> str:
    return "follows" if count == 1 else "follow"


def _go(count: int) -> str:
    return "goes" if count == 1 else "go"


def _stay(count: int) -> str:
    return "stays" if count == 1 else "stay"


def _use(count: int) -> str:
    return "uses" if count == 1 else "use"
