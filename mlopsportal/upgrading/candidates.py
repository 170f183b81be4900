"""Who would have to move from one version to another, and what each move takes; reads rows, opens no change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils import timezone

from mlopsportal.changes import bundling
from mlopsportal.changes.composing import Pipeline, job_of, missing_inputs
from mlopsportal.specs import documents as reading
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.order import DocumentCycle, in_dependency_order
from mlopsportal.specs.ref import Ref
from mlopsportal.upgrading.rewriting import Values, names_any, rewritten
from registry.fitting import Fit, InterfaceOf, Misfit, fit_of, misfits_at
from registry.impact import Consumer, consumers_of
from registry.mirror import WorkspaceMirror
from registry.models import Asset, AssetKind, Version, Workspace
from registry.pipelines import pipeline_parameters
from registry.raw import body_of, raw_of
from registry.rendering import document_of, yaml_of
from scheduling import documents as schedule_documents
from scheduling.impact import ScheduleUsing, schedules_using

MOST_MOVED = bundling.MOST_DOCUMENTS


@dataclass(frozen=True)
class Candidate:
    """A version that would be published anew as `target`, naming the new versions; `document` is what it is now.

    `newer` names the newest version of the same name where this one is not it: then it is no matter of course that
    the next version should begin from this one.
    """

    consumer: Consumer
    target: Ref
    document: Mapping[str, Any]
    misfits: tuple[Misfit, ...] = ()
    newer: str = ""

    @property
    def ref(self) -> Ref:
        return self.consumer.ref

    @property
    def fit(self) -> Fit:
        return fit_of(self.misfits)

    @property
    def asked(self) -> list[Misfit]:
        """The inputs for which a value has to be given."""
        return [misfit for misfit in self.misfits if misfit.fit is Fit.NEEDS_DEFAULT]

    @property
    def is_usual(self) -> bool:
        """Is it chosen unless somebody says otherwise?"""
        return self.fit is Fit.DROP_IN and not self.newer

    @property
    def path(self) -> str:
        return f"{self.ref.name}.{self.target.version}.yml" if self.newer else f"{self.ref.name}.yml"


@dataclass(frozen=True)
class ScheduleMove:
    """A schedule that would run another version; `document` None: its job is written out and must be edited by hand."""

    using: ScheduleUsing
    document: Mapping[str, Any] | None
    misfits: tuple[Misfit, ...] = ()

    @property
    def ref(self) -> Ref:
        return self.using.schedule.ref

    @property
    def fit(self) -> Fit:
        return Fit.NEEDS_HANDS if self.document is None else fit_of(self.misfits)

    @property
    def path(self) -> str:
        return f"{self.ref.name}.schedule.yml"


@dataclass(frozen=True)
class Upgrade:
    """Everything about moving the users of `old` to `new`. `left` counts old versions that are left alone."""

    old: Ref
    new: Ref
    candidates: Sequence[Candidate]
    schedules: Sequence[ScheduleMove]
    floating: Sequence[Consumer]
    left: int = 0
    is_cut: bool = False

    @cached_property
    def groups(self) -> list[tuple[Fit, list[Candidate], list[ScheduleMove]]]:
        """What can be moved, by what it takes, the easiest first; groups without anybody left out."""
        found = [
            (
                fit,
                [item for item in self.candidates if item.fit is fit],
                [item for item in self.schedules if item.fit is fit],
            )
            for fit in Fit
        ]
        return [group for group in found if group[1] or group[2]]

    def pairs(self, taken: Collection[str], values: Mapping[str, Values]) -> list[bundling.Pair]:
        """Return the documents, as `(path, text)` in dependency order, that move those whose ref is in `taken`.

        `values` gives inputs by the ref of the candidate. What names nothing that moves is left out.
        """
        chosen = [item for item in self.candidates if str(item.ref) in taken]
        moves = {self.old: self.new} | {item.ref: item.target for item in chosen}
        pairs = [
            (
                item.path,
                yaml_of(rewritten(item.document, moves, version=item.target.version, values=values.get(str(item.ref)))),
            )
            for item in chosen
            if names_any(item.document, moves)
        ]
        pairs += [
            (item.path, yaml_of(rewritten(item.document, moves)))
            for item in self.schedules
            if str(item.ref) in taken and item.document is not None and names_any(item.document, moves)
        ]
        return _ordered(pairs)


def _ordered(pairs: list[bundling.Pair]) -> list[bundling.Pair]:
    texts = dict(pairs)
    try:
        found = in_dependency_order(reading.read(path, text) for path, text in pairs)
    except DocumentCycle:
        return pairs  # the plan says so, with the names of those who need each other
    return [(document.path, texts[document.path]) for document in found]


def upgrade_of(workspace: Workspace, old: Version, new: Version, *, now: datetime) -> Upgrade:
    """Return who uses `old` and what it takes to move each to `new`; `new` brings its definition along."""
    consumers, is_cut = consumers_of(workspace, old.ref, as_newest=False)
    newest = _newest_versions(workspace, {item.ref.name for item in consumers})
    using = schedules_using(workspace, old.ref, consumers, now=now, newest=False)
    wanted = _worth_moving(consumers, newest, {str(item.through) for item in using})
    candidates = _candidates(workspace, old.ref, new, wanted[:MOST_MOVED], newest)
    schedules = [_schedule_move(item, old.ref, new) for item in using if not item.floats]
    moved = {str(item.ref) for item in candidates} | {str(old.ref)}
    floating, _ = consumers_of(workspace, new.ref, as_newest=True)
    return Upgrade(
        old=old.ref,
        new=new.ref,
        candidates=candidates,
        schedules=[item for item in schedules if str(item.using.through) in moved],
        floating=[item for item in floating if item.floats and item.is_direct],
        left=len(consumers) - len(candidates),
        is_cut=is_cut or len(wanted) > MOST_MOVED,
    )


def _newest_versions(workspace: Workspace, names: Collection[str]) -> dict[str, str]:
    rows = Asset.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT, name__in=names)
    return dict(rows.values_list("name", "latest_version"))


def _worth_moving(consumers: Sequence[Consumer], newest: Mapping[str, str], run: Collection[str]) -> list[Consumer]:
    """Return the newest version of each name, and older ones that a schedule runs or one of those still names."""
    live = {str(item.ref) for item in consumers if newest.get(item.ref.name) == item.ref.version}
    live |= {str(item.ref) for item in consumers if str(item.ref) in run}
    for item in sorted(consumers, key=lambda item: -item.depth):
        if str(item.ref) in live:
            live.add(str(item.through))
    return [item for item in consumers if str(item.ref) in live]


def _candidates(
    workspace: Workspace, old: Ref, new: Version, consumers: Sequence[Consumer], newest: Mapping[str, str]
) -> list[Candidate]:
    rows = Version.objects.select_related("part").in_bulk([item.version.pk for item in consumers])
    free = _free_versions(workspace, {item.ref.name for item in consumers})
    mirror, interface = WorkspaceMirror(workspace), _interface(new)
    named = mirror.interface_named
    found = []
    for item in consumers:
        row = rows[item.version.pk]
        document = document_of(row.kind, row.name, row.version, raw_of(row))
        target = item.ref.at(str(free[item.ref.name]))
        free[item.ref.name] += 1
        misfits = _misfits(item, old, interface, named)
        newer = newest.get(item.ref.name, "")
        found.append(Candidate(item, target, document, misfits, newer if newer != item.ref.version else ""))
    return _checked(workspace, mirror, old, new.ref, found)


def _misfits(item: Consumer, old: Ref, interface: Interface | None, named: InterfaceOf) -> tuple[Misfit, ...]:
    """Return what would not fit where a consumer names the old version itself; a nested use keeps its interface."""
    if item.through != old or interface is None:
        return ()
    return tuple(
        misfit
        for place in item.places
        if place.node and not item.floats
        for misfit in misfits_at(item.definition, place.node, interface, named)
    )


def _interface(version: Version) -> Interface | None:
    """Return the interface of a component; None for what has none (data, environments)."""
    if version.kind != AssetKind.COMPONENT or version.definition is None:
        return None
    return interface_of(body_of(version.definition))


def _free_versions(workspace: Workspace, names: Collection[str]) -> dict[str, int]:
    """Return the next free whole number after the versions of each name."""
    known: dict[str, int] = defaultdict(int, dict.fromkeys(names, 0))
    rows = Version.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT, name__in=names)
    for name, version in rows.values_list("name", "version"):
        if version.isascii() and version.isdigit() and len(version) < 10:
            known[name] = max(known[name], int(version))
    return {name: number + 1 for name, number in known.items()}


def _checked(
    workspace: Workspace, mirror: WorkspaceMirror, old: Ref, new: Ref, candidates: list[Candidate]
) -> list[Candidate]:
    """Have the checker look at every document that would be sent; what it refuses needs hands."""
    moves = {old: new} | {item.ref: item.target for item in candidates}
    pairs = [(item.path, yaml_of(rewritten(item.document, moves, version=item.target.version))) for item in candidates]
    compute = workspace.default_compute or None
    judged = bundling.examine(pairs, mirror=mirror, default_compute=compute, now=timezone.now())
    found = []
    for item, judgement in zip(candidates, judged, strict=True):
        errors = [problem for problem in judgement.problems if problem.is_error]
        hands = tuple(Misfit(Fit.NEEDS_HANDS, problem.path, "", problem.message) for problem in errors)
        silent = not names_any(item.document, moves)
        if silent:
            hands += (Misfit(Fit.NEEDS_HANDS, "", "", "It is named where it cannot be rewritten."),)
        is_new = item.fit is Fit.DROP_IN and bool(hands)
        found.append(replace(item, misfits=item.misfits + hands) if is_new else item)
    return found


def _schedule_move(using: ScheduleUsing, old: Ref, new: Version) -> ScheduleMove:
    raw = raw_of(using.schedule)
    document = schedule_documents.yaml_document(using.schedule.name, raw)
    if document is None or using.through != old or new.kind != AssetKind.COMPONENT:
        return ScheduleMove(using, document)
    parameters = pipeline_parameters(new)
    pipeline = Pipeline(new.ref, {"inputs": parameters.defaults}, parameters.interface)
    job = job_of(pipeline, document["create_job"], default_compute="serverless")
    misfits = [
        Misfit(Fit.NEEDS_HANDS, "", port, f"The new version needs a value for {port}: add it to the schedule.")
        for port in missing_inputs(pipeline, job)
    ]
    misfits += [
        Misfit(Fit.NEEDS_HANDS, "", str(port), f"The schedule gives {port}, which there is no longer.")
        for port in document["create_job"].get("inputs") or {}
        if port not in parameters.interface.inputs
    ]
    return ScheduleMove(using, document, tuple(misfits))
