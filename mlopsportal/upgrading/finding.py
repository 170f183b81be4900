"""Who would have to move from one version to another, and what each move takes; reads rows, opens no change."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from mlopsportal.changes import bundling
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.ref import Ref
from mlopsportal.upgrading.candidates import Candidate, ScheduleMove, Upgrade
from mlopsportal.upgrading.rewriting import inlined, names_any, rewritten, unnamed_pipelines
from registry import anonymous
from registry.fitting import Fit, Misfit, level_of, misfits_at, misfits_of_call
from registry.impact import MOST_CONSUMERS, Consumer, consumers_of
from registry.mirror import WorkspaceMirror
from registry.models import Asset, AssetKind, Version, Workspace
from registry.pipelines import pipeline_parameters
from registry.raw import body_of, raw_of
from registry.rendering import document_of, yaml_of
from scheduling import documents as schedule_documents
from scheduling.impact import MOST_SCHEDULES, ScheduleUsing, schedules_using

_HIDDEN = (
    "The step runs a pipeline that has no name, and it is named inside that one: publish that pipeline under a name, "
    "then have the step name it."
)
MOST_LOOKED_AT = 4 * MOST_CONSUMERS
"""Versions that are looked at to find those worth moving: of each name the older ones only say that they are left."""
_LAST_NUMBER = re.compile(r"(.*?)(\d{1,9})")


def upgrade_of(workspace: Workspace, old: Version, new: Version, *, now: datetime, older: bool = False) -> Upgrade:
    """Return who uses `old` and what it takes to move each to `new`; `new` brings its definition along.

    Of each name the newest version is a candidate, and an older one where a schedule runs it or one of those names it;
    `older` asks for all of them.
    """
    consumers, is_cut = consumers_of(workspace, old.ref, as_newest=False, most=MOST_LOOKED_AT)
    newest = _newest_versions(workspace, {item.ref.name for item in consumers})
    using = schedules_using(workspace, old.ref, consumers, now=now, newest=False)
    settled = _settled(workspace, new, consumers, newest)
    asked = _Asked(workspace, old, new, settled)
    open_ones = [item for item in consumers if item.ref not in settled]
    wanted = open_ones if older else _worth_moving(open_ones, newest, {item.through for item in using})
    candidates = asked.candidates(wanted[:MOST_CONSUMERS], newest)
    moved = {old.ref, *settled, *(item.ref for item in candidates)}
    floating, _ = consumers_of(workspace, new.ref, as_newest=True)
    floating = [item for item in floating if item.floats and item.is_direct]
    following = schedules_using(workspace, new.ref, (), now=now, newest=True)
    return Upgrade(
        old=old.ref,
        new=new.ref,
        candidates=candidates,
        schedules=[asked.schedule(item) for item in using if not item.floats and item.through in moved],
        floating=floating,
        floating_schedules=[item for item in following if item.floats],
        settled={ref: row.ref for ref, row in settled.items()},
        arrived=list({row.pk: row for row in settled.values()}.values()),
        left=len(open_ones) - len(candidates),
        is_cut=is_cut or len(wanted) > MOST_CONSUMERS or len(using) > MOST_SCHEDULES,
    )


def _newest_versions(workspace: Workspace, names: Collection[str]) -> dict[str, str]:
    rows = Asset.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT, name__in=names)
    return dict(rows.values_list("name", "latest_version"))


def _settled(
    workspace: Workspace, new: Version, consumers: Sequence[Consumer], newest: Mapping[str, str]
) -> dict[Ref, Version]:
    """Return the users that have moved already, as the newest version of their name uses `new` and not the old one."""
    stale = {item.ref for item in consumers}
    users, _ = consumers_of(workspace, new.ref, as_newest=False, most=MOST_LOOKED_AT)
    fresh = {item.ref.name: item.version for item in users if newest.get(item.ref.name) == item.ref.version}
    return {
        item.ref: fresh[item.ref.name]
        for item in consumers
        if item.ref.name in fresh and fresh[item.ref.name].ref not in stale
    }


def _worth_moving(consumers: Sequence[Consumer], newest: Mapping[str, str], run: Collection[Ref]) -> list[Consumer]:
    """Return the newest version of each name, and older ones that a schedule runs or one of those still names."""
    live = {item.ref for item in consumers if newest.get(item.ref.name) == item.ref.version or item.ref in run}
    for item in sorted(consumers, key=lambda item: -item.depth):
        if item.ref in live:
            live |= item.named
    return [item for item in consumers if item.ref in live]


@dataclass(frozen=True)
class _Asked:
    """The questions of one upgrade to one workspace."""

    workspace: Workspace
    old: Version
    new: Version
    settled: Mapping[Ref, Version]

    def candidates(self, consumers: Sequence[Consumer], newest: Mapping[str, str]) -> list[Candidate]:
        rows = Version.objects.select_related("part").in_bulk([item.version.pk for item in consumers])
        targets = _next_refs(self.workspace, [item.ref for item in consumers], newest)
        moves = self._moves() | {item.ref: targets[item.ref] for item in consumers}
        mirror = WorkspaceMirror(self.workspace)
        unnamed = self._unnamed(rows.values())
        found = []
        for item in consumers:
            row = rows[item.version.pk]
            document = inlined(document_of(row.kind, row.name, row.version, raw_of(row)), moves, unnamed)
            newer = newest.get(item.ref.name, "")
            newer = newer if newer != item.ref.version else ""
            hidden = unnamed_pipelines(document, moves, unnamed)
            misfits = (*self._misfits(item, mirror), *(Misfit(Fit.NEEDS_HANDS, name, "", _HIDDEN) for name in hidden))
            found.append(Candidate(item, targets[item.ref], document, misfits, newer))
        return self._checked(found, moves, mirror)

    def _moves(self) -> dict[Ref, Ref]:
        return {self.old.ref: self.new.ref} | {ref: row.ref for ref, row in self.settled.items()}

    def _unnamed(self, rows: Iterable[Version]) -> dict[str, dict[str, Any]]:
        """Return the components without a name that the rows' nodes run, as documents, by how a node names them."""
        raws = anonymous.in_mirror(self.workspace, [raw_of(row) for row in rows])
        found = {}
        for text, raw in raws.items():
            document = document_of(AssetKind.COMPONENT, "", "", raw)
            found[f"azureml:{text.partition(':')[2]}"] = {
                key: value for key, value in document.items() if key not in ("name", "version")
            }
        return found

    def _misfits(self, item: Consumer, mirror: WorkspaceMirror) -> tuple[Misfit, ...]:
        """Return what would not fit where a consumer names what moves; a version that is rewritten keeps its own."""
        moved = {str(self.old.ref): self.new} | {str(ref): row for ref, row in self.settled.items()}
        nodes = {}
        for place in item.places:
            row = moved.get(_component_at(item.definition, place.node)) if place.node else None
            interface = _interface(row) if row is not None else None
            if interface is not None:
                nodes[place.node] = interface
        found = misfits_at(item.definition, nodes, mirror.interface_named)
        retyped = [
            misfit
            for place in item.places
            if self.old.ref in item.named
            for misfit in self._retyped(place.node, place.ports)
        ]
        return (*found, *retyped)

    def _retyped(self, node: str, ports: Iterable[str]) -> list[Misfit]:
        """Return what does not fit where data of one type is replaced by data of another."""
        if self.old.kind not in (AssetKind.DATA, AssetKind.MODEL) or self.old.type == self.new.type:
            return []
        words = f"{self.new.name} {self.new.version} is of type {self.new.type}, no longer {self.old.type}."
        return [Misfit(Fit.NEEDS_HANDS, node, port, words) for port in ports]

    def _checked(
        self, candidates: list[Candidate], moves: Mapping[Ref, Ref], mirror: WorkspaceMirror
    ) -> list[Candidate]:
        """Have the checker look at every document that would be sent; what it refuses needs hands."""
        pairs = [
            (item.path, yaml_of(rewritten(item.document, moves, version=item.target.version))) for item in candidates
        ]
        compute = self.workspace.default_compute or None
        judged = bundling.examine(pairs, mirror=mirror, default_compute=compute, now=timezone.now())
        found = []
        for item, judgement in zip(candidates, judged, strict=True):
            errors = [problem for problem in judgement.problems if problem.is_error]
            hands = tuple(Misfit(Fit.NEEDS_HANDS, problem.path, "", problem.message) for problem in errors)
            if not names_any(item.document, moves):
                hands += (Misfit(Fit.NEEDS_HANDS, "", "", "It is named where it cannot be rewritten."),)
            is_new = item.fit is Fit.DROP_IN and bool(hands)
            found.append(replace(item, misfits=item.misfits + hands) if is_new else item)
        return found

    def schedule(self, using: ScheduleUsing) -> ScheduleMove:
        raw = raw_of(using.schedule)
        document = schedule_documents.yaml_document(using.schedule.name, raw)
        row = self.new if using.through == self.old.ref else self.settled.get(using.through)
        if document is None or row is None:
            return ScheduleMove(using, document)
        job = document["create_job"]
        if row.kind != AssetKind.COMPONENT:
            named = f"azureml:{self.old.name}:{self.old.version}"
            ports = [port for port, value in (job.get("inputs") or {}).items() if _path_of(value) == named]
            return ScheduleMove(using, document, tuple(self._retyped("", ports)))
        parameters = pipeline_parameters(row)
        given = {**parameters.defaults, **(job.get("inputs") or {})}
        misfits = misfits_of_call(given, job.get("outputs") or {}, parameters.interface, what=using.schedule.name)
        return ScheduleMove(using, document, tuple(misfits))


def _path_of(value: Any) -> Any:
    return value.get("path") if isinstance(value, Mapping) else None


def _component_at(definition: Mapping[str, Any], node: str) -> str:
    """Return what the node at a path runs, as "component:train:3"; "" for what stands there in full."""
    level = level_of(definition, node)
    written = level[0]["jobs"][level[1]].get("component") if level else None
    return written if isinstance(written, str) else ""


def _interface(version: Version) -> Interface | None:
    """Return the interface of a component; None for what has none (data, environments)."""
    if version.kind != AssetKind.COMPONENT or version.definition is None:
        return None
    return interface_of(body_of(version.definition))


def _next_refs(workspace: Workspace, refs: Sequence[Ref], newest: Mapping[str, str]) -> dict[Ref, Ref]:
    """Return for each version the free one it would be published as: the newest of its name, counted up."""
    names = {ref.name for ref in refs}
    rows = Version.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT, name__in=names)
    taken = set(rows.values_list("name", "version"))
    numbers = {name: [int(text) for own, text in taken if own == name and _is_plain(text)] for name in names}
    found = {}
    for ref in refs:
        own = numbers[ref.name]
        version = str(max(own)) if own else newest.get(ref.name) or ref.version or ""
        while (ref.name, version) in taken:
            version = _counted_up(version)
        taken.add((ref.name, version))
        found[ref] = ref.at(version)
    return found


def _is_plain(version: str) -> bool:
    return version.isascii() and version.isdigit() and len(version) < 10


def _counted_up(version: str) -> str:
    """Return the version after this one: 5 → 6, 1.2.9 → 1.2.10, "final" → "final.1"."""
    match = _LAST_NUMBER.fullmatch(version)
    return f"{match[1]}{int(match[2]) + 1}" if match else f"{version[:60]}.1"
