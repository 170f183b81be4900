"""What the steps of a plan would do to those who use the objects; read from the mirror now, no part of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from mlopsportal.changes.models import Step
from mlopsportal.changes.states import StepAction
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.normalize import definition_of_schedule
from mlopsportal.specs.ref import InvalidRef, Ref
from mlopsportal.ui.times import duration_words
from registry.fitting import Fit, fit_of, misfits_at, misfits_of_call
from registry.impact import Consumer, consumers_of, reaching
from registry.mirror import WorkspaceMirror
from registry.models import Asset, AssetKind, Use, Version, Workspace
from registry.raw import raw_of
from scheduling.documents import job_inputs, job_outputs
from scheduling.impact import ScheduleUsing, schedules_using
from scheduling.models import Schedule, ScheduleUse

MOST_STEPS = 50
MOST_NAMED = 5
_ENDING = (StepAction.ARCHIVE, StepAction.DELETE)


@dataclass(frozen=True)
class Line:
    """One thing a reviewer should know: `is_bad` where something would stop working."""

    words: str
    is_bad: bool = False


def impact_of_steps(workspace: Workspace, steps: Sequence[Step], *, now: datetime) -> dict[int, list[Line]]:
    """Return by position what each step means for others; steps without anything to say are left out."""
    asked = _Asked(workspace, now, own=frozenset(step.ref for step in steps))
    found = {step.position: list(asked.lines(step)) for step in steps[:MOST_STEPS]}
    return {position: lines for position, lines in found.items() if lines}


class _Asked:
    """The questions of one page to one workspace."""

    def __init__(self, workspace: Workspace, now: datetime, *, own: frozenset[str]) -> None:
        self.workspace = workspace
        self.own = own  # what the change itself writes: the step of it says what becomes of that
        self.own_names = {text.partition(":")[2].partition(":")[0] for text in own if text.startswith("component:")}
        self.now = now
        self.mirror = WorkspaceMirror(workspace)

    @cached_property
    def used_names(self) -> set[str]:
        """Which names that the change writes anybody uses at all: two questions, however many steps there are."""
        names = {text.partition(":")[2].partition(":")[0] for text in self.own}
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
            yield from self._schedule(step, ref)
        elif ref.kind not in AssetKind.values or ref.version is None or ref.name not in self.used_names:
            return
        elif step.action in _ENDING:
            yield from self._ending(ref)
        elif step.action == StepAction.CREATE:
            yield from self._newest(ref, step.after)
            yield from self._earlier(ref, step.after)

    def _newest(self, ref: Ref, after: Any) -> Iterator[Line]:
        """Who follows the newest version takes this one at once, and so does who uses one of those."""
        consumers, _ = consumers_of(self.workspace, ref, as_newest=True)
        schedules = schedules_using(self.workspace, ref, consumers, now=self.now, newest=True)
        if not consumers and not schedules:
            return
        interface = _interface(after)
        broken = reaching(consumers, self._broken([item for item in consumers if item.is_direct], interface))
        fires = [item for item in schedules if self._stops(item, ref, broken, interface)]
        run = {item.through for item in schedules}
        lost, kept = self._live(broken, run), self._live([item for item in consumers if item not in broken], run)
        if lost or fires:
            words = f"breaks {_count(lost, fires)} that {_follow(len(lost) + len(fires))} its newest version"
            yield Line(f"{words}: {_names(lost, fires)}{self._next_fire(fires)}", is_bad=True)
        fine = [item for item in schedules if item not in fires]
        if kept or fine:
            number = len(kept) + len(fine)
            words = f"{_count(kept, fine)} {_follow(number)} its newest version and {_go(number)} on working"
            yield Line(f"{words}: {_names(kept, fine)}{self._next_fire(fine)}")

    def _earlier(self, ref: Ref, after: Any) -> Iterator[Line]:
        """Who names the version before stays with it; whether they could move is worth knowing."""
        before = self._version_before(ref)
        if before is None:
            return
        consumers, _ = consumers_of(self.workspace, before, as_newest=False)
        current = self._current(item for item in consumers if item.is_direct and item.ref.name not in self.own_names)
        using = schedules_using(self.workspace, before, consumers, now=self.now, newest=False)
        schedules = [item for item in using if str(item.schedule.ref) not in self.own]
        if not current and not schedules:
            return
        words = (
            f"{_count(current, schedules)} {_stay(len(current) + len(schedules))} with {before.name} {before.version}"
        )
        broken = self._broken(current, _interface(after))
        moved = f"; {_count(broken)} would break if moved" if broken else ""
        yield Line(words + moved + self._next_fire(schedules))

    def _ending(self, ref: Ref) -> Iterator[Line]:
        consumers, _ = consumers_of(self.workspace, ref)
        current = self._current(consumers)
        schedules = schedules_using(self.workspace, ref, consumers, now=self.now, newest=False)
        if current or schedules:
            still = f"{_count(current, schedules)} still {_use(len(current) + len(schedules))} it"
            yield Line(still + self._next_fire(schedules), is_bad=True)

    def _schedule(self, step: Step, ref: Ref) -> Iterator[Line]:
        row = Schedule.objects.present().filter(workspace=self.workspace, name=ref.name).first()
        if row is not None and row.is_enabled and row.next_fire_at is not None and row.next_fire_at > self.now:
            yield Line(f"as it is now it next fires in {self._in(row.next_fire_at)}")

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

    def _next_fire(self, schedules: Sequence[ScheduleUsing]) -> str:
        fires = next((item.next_fire_at for item in schedules if item.next_fire_at), None)
        return f"; next fire in {self._in(fires)}" if fires else ""

    def _in(self, moment: datetime) -> str:
        return duration_words(max((moment - self.now).total_seconds(), 0))


def _interface(after: Any) -> Interface | None:
    spec = after.get("componentSpec") if isinstance(after, Mapping) else None
    return interface_of(spec) if isinstance(spec, Mapping) else None


def _count(consumers: Sequence[Consumer], schedules: Sequence[ScheduleUsing] = ()) -> str:
    """Return how many of each there are, in words: "2 pipelines, 1 component and 1 schedule"."""
    pipelines = sum(item.version.is_pipeline for item in consumers)
    counts = ((pipelines, "pipeline"), (len(consumers) - pipelines, "component"), (len(schedules), "schedule"))
    parts = [f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in counts if number]
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1] if parts else "") if part)


def _names(consumers: Sequence[Consumer], schedules: Sequence[ScheduleUsing]) -> str:
    names = [item.ref.name for item in consumers] + [item.schedule.name for item in schedules]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _follow(count: int) -> str:
    return "follows" if count == 1 else "follow"


def _go(count: int) -> str:
    return "goes" if count == 1 else "go"


def _stay(count: int) -> str:
    return "stays" if count == 1 else "stay"


def _use(count: int) -> str:
    return "uses" if count == 1 else "use"
