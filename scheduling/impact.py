"""Who uses a version, schedules among them, and when one of them fires next; reads rows, sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F, Q, QuerySet

from mlopsportal.specs.ref import Ref
from registry.impact import Consumer, Impact, impact_of, is_newest, latest_versions, meaning
from registry.models import Workspace
from scheduling.forecast import next_fire
from scheduling.models import Schedule, ScheduleUse

MOST_SCHEDULES = 200
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ScheduleUsing:
    """A schedule that uses a version: `through` is the version its job names; `next_fire_at` None: it does not fire."""

    schedule: Schedule
    through: Ref
    floats: bool
    next_fire_at: datetime | None


@dataclass(frozen=True)
class Affected:
    """Everything that uses a version: what `registry.impact` finds, and schedules, the next to fire first."""

    within: Impact
    schedules: Sequence[ScheduleUsing]
    is_cut: bool = False

    @property
    def next_fire_at(self) -> datetime | None:
        return next((item.next_fire_at for item in self.schedules if item.next_fire_at), None)

    @property
    def is_nothing(self) -> bool:
        found = self.within
        return not (
            self.schedules or found.consumers or found.runs.count or found.models or found.twins or found.shared
        )


def affected_by(
    workspace: Workspace, ref: Ref, *, visible: QuerySet[Workspace], now: datetime, as_newest: bool | None = None
) -> Affected:
    """Return who uses a version, at most a fixed amount of each; see `registry.impact.impact_of`."""
    within = impact_of(workspace, ref, visible=visible, now=now, as_newest=as_newest)
    newest = is_newest(workspace, ref) if as_newest is None else as_newest
    schedules = schedules_using(workspace, ref, within.consumers, now=now, newest=newest)
    return Affected(within, schedules[:MOST_SCHEDULES], within.is_cut or len(schedules) > MOST_SCHEDULES)


def schedules_using(
    workspace: Workspace, ref: Ref, consumers: Iterable[Consumer], *, now: datetime, newest: bool
) -> list[ScheduleUsing]:
    """Return the schedules whose job names `ref` or one of its consumers, the next to fire first; two queries.

    A job that names no version runs the newest: `newest` says whether that is `ref`, of its consumers it is looked up.
    More than MOST_SCHEDULES of them say that there are yet more.
    """
    refs = [item.ref for item in consumers]
    latest = latest_versions(workspace, (own.name for own in refs)) if refs else {}
    targets = {own: latest.get(own.name) == own.version for own in refs} | {ref: newest}
    named = {(target.kind, target.name, target.version or ""): target for target in targets}
    named |= {(target.kind, target.name, ""): target for target, is_newest_one in targets.items() if is_newest_one}
    found: dict[int, ScheduleUsing] = {}
    for use in _uses(workspace, targets):
        through = named[use.kind, use.name, use.version]
        item = ScheduleUsing(use.schedule, through, not use.version, _fires(use.schedule, now))
        found.setdefault(use.schedule_id, item)
    return sorted(found.values(), key=_soonest)


def _uses(workspace: Workspace, targets: Mapping[Ref, bool]) -> list[ScheduleUse]:
    """Return what schedules name of the targets, a version first: all of the schedules that fire next, one schedule
    more than wanted."""
    wanted = Q(pk__in=())
    for kind in {target.kind for target in targets}:
        own = {(ref.name, ref.version or ""): newest for ref, newest in targets.items() if ref.kind == kind}
        wanted |= Q(meaning(own), kind=kind)
    uses = ScheduleUse.objects.filter(wanted, workspace=workspace)
    rows = Schedule.objects.present().filter(pk__in=uses.values("schedule"))
    soonest = F("next_fire_at").asc(nulls_last=True)
    kept = rows.order_by("-is_enabled", soonest, "name").values("pk")[: MOST_SCHEDULES + 1]
    return list(uses.filter(schedule__in=kept).select_related("schedule__part").order_by("-version", "id"))


def _fires(schedule: Schedule, now: datetime) -> datetime | None:
    """Return the next fire; forecast anew where the mirror's has passed."""
    if not schedule.is_enabled or schedule.next_fire_at is None or schedule.next_fire_at > now:
        return schedule.next_fire_at if schedule.is_enabled else None
    return next_fire(schedule.trigger, is_enabled=True, after=now)


def _soonest(item: ScheduleUsing) -> tuple[datetime, str]:
    return item.next_fire_at or _NEVER, item.schedule.name
