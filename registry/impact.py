"""Who uses a version: pipelines with node and port, through nesting too, recent runs, models, other workspaces.

Every question is an index look-up with a limit, so that the answer takes as long in a mirror of a hundred thousand
runs as in one of ten. Schedules are joined in by `scheduling.impact`, one room higher.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from mlopsportal.specs.normalize import reference_text
from mlopsportal.specs.ref import Ref
from registry.fitting import level_of
from registry.models import Asset, AssetKind, Edge, EdgeRole, Run, Step, Use, Version, Workspace
from registry.raw import body_of

RECENT = timedelta(days=30)
MOST_CONSUMERS = 200
DEEPEST = 8
RUNS_COUNTED = 200
NEWEST_RUNS = 8
PIPELINES_ASKED = 8
MOST_MODELS = 200
MOST_ELSEWHERE = 50


@dataclass(frozen=True)
class Place:
    """Where a consumer names what it uses: the path of a node, "" for the whole, and its ports where data goes in."""

    node: str
    ports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Consumer:
    """A version that uses another one. `through` is what it names itself, another consumer where it is nested.

    `floats`: it names no version and follows the newest. `depth` 1 is direct use. `named` is everything it names of
    what was asked about: the version itself, and its other consumers.
    """

    version: Version
    places: tuple[Place, ...]
    through: Ref
    floats: bool
    depth: int
    named: frozenset[Ref] = frozenset()

    @property
    def ref(self) -> Ref:
        return self.version.ref

    @property
    def is_direct(self) -> bool:
        return self.depth == 1

    @property
    def ways(self) -> list[Ref]:
        """Every other consumer through which it reaches what was asked about, by name."""
        return sorted(self.named - {self.through} if self.is_direct else self.named)

    @cached_property
    def definition(self) -> Mapping[str, Any]:
        return body_of(self.version.definition) if self.version.definition else {}


@dataclass(frozen=True)
class RunsUsing:
    """Runs since a time; `count` stops at RUNS_COUNTED, then `is_more` is true."""

    count: int
    is_more: bool
    newest: Sequence[Run]


@dataclass(frozen=True)
class Twin:
    """A version of another workspace: the same by name and version, or by what it executes, whatever its name.

    `is_same` says whether both execute the same; None where that is not known of one of them.
    """

    version: Version
    is_same: bool | None

    @property
    def address(self) -> Ref:
        return self.version.ref.in_workspace(self.version.workspace.slug)


@dataclass(frozen=True)
class Impact:
    """Everything that uses `ref` inside the registry. `is_cut`: there are more consumers than are listed.

    `shared` are the uses of what has the same name and version in a registry that workspaces share. `models_of` says
    how many of the newest models were asked where there are more; None: all were.
    """

    ref: Ref
    consumers: Sequence[Consumer]
    runs: RunsUsing
    models: Sequence[Version]
    twins: Sequence[Twin]
    shared: Sequence[Use] = ()
    is_cut: bool = False
    models_of: int | None = None

    @property
    def pipelines(self) -> list[Consumer]:
        return [consumer for consumer in self.consumers if consumer.version.is_pipeline]

    @property
    def components(self) -> list[Consumer]:
        return [consumer for consumer in self.consumers if not consumer.version.is_pipeline]


def impact_of(
    workspace: Workspace, ref: Ref, *, visible: QuerySet[Workspace], now: datetime, as_newest: bool | None = None
) -> Impact:
    """Return who uses a version, at most a fixed amount of each; `visible` are the workspaces the reader may see.

    `as_newest` says whether labels lead to this version; None: as it is now.
    """
    consumers, is_cut = consumers_of(workspace, ref, as_newest=as_newest)
    pipelines = [consumer.version.pk for consumer in consumers if consumer.version.is_pipeline]
    models, more_models = models_made_with(workspace, ref, pipelines)
    return Impact(
        ref=ref,
        consumers=consumers,
        runs=runs_using(workspace, ref, pipelines, since=now - RECENT),
        models=models,
        models_of=MOST_MODELS if more_models else None,
        twins=twins_of(workspace, ref, visible),
        shared=shared_uses(ref, visible),
        is_cut=is_cut,
    )


# Versions that name it


def consumers_of(
    workspace: Workspace, ref: Ref, *, as_newest: bool | None = None, most: int = MOST_CONSUMERS
) -> tuple[list[Consumer], bool]:
    """Return the versions that use `ref`, nearest first, and whether there are more; two queries a level of nesting.

    At most `most` of them, by twice as many uses: the newest.
    """
    newest = is_newest(workspace, ref) if as_newest is None else as_newest
    targets = {(ref.name, ref.version or ""): newest}
    kind, found, is_cut = ref.kind, dict[int, Consumer](), False
    named: dict[int, set[Ref]] = defaultdict(set)
    for depth in range(1, DEEPEST + 1):
        uses = _uses(workspace, kind, targets, 2 * most)
        is_cut |= len(uses) > 2 * most
        uses.sort(key=lambda use: (use.consumer.created_at, use.consumer_id), reverse=True)
        everybody = list(_consumers(uses[: 2 * most], targets, depth))
        for item in everybody:
            named[item.version.pk] |= item.named
        level = [item for item in everybody if item.version.pk not in found]
        room = most - len(found)
        is_cut |= len(level) > room
        found |= {item.version.pk: item for item in level[:room]}
        above = [item.version for item in level[:room] if item.version.kind == AssetKind.COMPONENT]
        if not above:
            break
        latest = latest_versions(workspace, {row.name for row in above})
        targets = {(row.name, row.version): latest.get(row.name) == row.version for row in above}
        kind = AssetKind.COMPONENT
    return [replace(item, named=frozenset(named[key])) for key, item in found.items()], is_cut


def reaching(consumers: Iterable[Consumer], start: Iterable[Consumer]) -> list[Consumer]:
    """Return those of the consumers that are among `start` or use one of them, through however many others."""
    wanted, rest = {item.ref for item in start}, list(consumers)
    while True:
        more = {item.ref for item in rest if item.ref not in wanted and item.named & wanted}
        if not more:
            return [item for item in rest if item.ref in wanted]
        wanted |= more


def is_newest(workspace: Workspace, ref: Ref) -> bool:
    """Does a label like `@latest` lead to this version now?"""
    rows = Asset.objects.filter(workspace=workspace, kind=ref.kind, name=ref.name)
    return rows.values_list("latest_version", flat=True).first() == ref.version


def latest_versions(workspace: Workspace, names: Iterable[str]) -> dict[str, str]:
    """Return the newest version of each component, by its name."""
    rows = Asset.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT, name__in=set(names))
    return dict(rows.values_list("name", "latest_version"))


_Targets = Mapping[tuple[str, str], bool]


def _uses(workspace: Workspace, kind: str, targets: _Targets, most: int) -> list[Use]:
    """Return the uses that mean one of the targets, of the newest consumers first; a little more than wanted."""
    wanted = meaning(targets)
    rows = Use.objects.filter(wanted, workspace=workspace, kind=kind, registry="")
    rows = rows.filter(consumer__missing_since=None, consumer__asset__is_anonymous=False)
    kept = rows.order_by("-consumer__created_at", "-consumer", "id").values("pk")[: most + 1]
    # Asked twice, since a database that sorts carries along whatever is selected: here keys only, no definitions.
    return list(Use.objects.filter(pk__in=kept).select_related("consumer__definition").defer("consumer__remainder"))


def meaning(targets: _Targets) -> Q:
    """Return the condition on name and version that a use means one of the targets: its very version, or no version
    where the target is the newest of its name."""
    by_version: dict[str, set[str]] = defaultdict(set)
    for (name, version), is_newest_one in targets.items():
        by_version[version].add(name)
        if is_newest_one:
            by_version[""].add(name)
    wanted = Q(pk__in=())
    for version, names in by_version.items():
        wanted |= Q(name__in=names, version=version)
    return wanted


def _consumers(uses: Sequence[Use], targets: _Targets, depth: int) -> Iterator[Consumer]:
    by_consumer: dict[int, list[tuple[Use, tuple[str, str]]]] = defaultdict(list)
    for use in uses:
        for target in _meant(use, targets):
            by_consumer[use.consumer_id].append((use, target))
    for found in by_consumer.values():
        version = found[0][0].consumer
        definition = body_of(version.definition) if version.definition else {}
        places = sorted({place_of(use, definition) for use, _ in found}, key=lambda place: place.node)
        refs = [Ref(use.kind, name, number or None) for use, (name, number) in found]
        floats = all(not use.version for use, _ in found)
        yield Consumer(version, tuple(places), refs[0], floats, depth, frozenset(refs))


def _meant(use: Use, targets: _Targets) -> Iterator[tuple[str, str]]:
    if use.version:
        if (use.name, use.version) in targets:
            yield use.name, use.version
        return
    yield from (target for target, is_newest_one in targets.items() if is_newest_one and target[0] == use.name)


def place_of(use: Use, definition: Mapping[str, Any]) -> Place:
    """Return where a use stands: of data its ports, of a component the inputs and outputs that the node binds."""
    level = level_of(definition, use.node) if use.node else None
    node = (level[0].get("jobs") or {}).get(level[1]) if level else None
    if not isinstance(node, Mapping):
        return Place(use.node)
    inputs = node.get("inputs") if isinstance(node.get("inputs"), Mapping) else {}
    if use.kind in (AssetKind.DATA, AssetKind.MODEL):
        wanted = str(Ref(use.kind, use.name, use.version or None))
        ports = [name for name, value in (inputs or {}).items() if _names(value, wanted, use.kind)]
    elif use.kind == AssetKind.COMPONENT:
        ports = [*(inputs or {}), *(node.get("outputs") or {})]
    else:
        ports = []
    return Place(use.node, tuple(ports))


def _names(value: Any, wanted: str, kind: str) -> bool:
    uri = value.get("uri") if isinstance(value, Mapping) else None
    return isinstance(uri, str) and reference_text(uri, kind).partition("@")[0] == wanted


# Runs, models, other workspaces


def runs_using(workspace: Workspace, ref: Ref, pipelines: Sequence[int], *, since: datetime) -> RunsUsing:
    """Return the runs since a time that read or executed `ref` or one of the pipeline versions that use it.

    Counting stops at RUNS_COUNTED and the newest come from the newest few of each, so that a version of ten thousand
    runs costs no more than one of a hundred.
    """
    edges = edges_of(workspace, ref).filter(at__gte=since)
    through = Run.objects.filter(pipeline__in=pipelines[:MOST_CONSUMERS], started_at__gte=since)
    direct = list(edges.order_by("-at", "-id").values_list("run", flat=True)[: RUNS_COUNTED + 1])
    nested = list(through.values_list("pk", flat=True)[: RUNS_COUNTED + 1]) if pipelines else []
    newest = direct[: NEWEST_RUNS * 4]
    for pipeline in pipelines[:PIPELINES_ASKED]:
        own = Run.objects.filter(pipeline=pipeline, started_at__gte=since).order_by("-started_at", "-id")
        newest += own.values_list("pk", flat=True)[:NEWEST_RUNS]
    count = len({*direct, *nested})
    shown = Run.objects.filter(pk__in=set(newest)).for_list().order_by("-started_at", "-id")[:NEWEST_RUNS]
    is_more = count > RUNS_COUNTED or len(direct) > RUNS_COUNTED
    return RunsUsing(min(count, RUNS_COUNTED), is_more, list(shown))


def edges_of(workspace: Workspace, ref: Ref) -> QuerySet[Edge]:
    """Return the facts that a run read or executed `ref`: one role, so that time order is index order."""
    role = EdgeRole.EXECUTES if ref.kind == AssetKind.COMPONENT else EdgeRole.INPUT
    return Edge.objects.filter(workspace=workspace, ref=str(ref), role=role)


def models_made_with(workspace: Workspace, ref: Ref, pipelines: Sequence[int]) -> tuple[list[Version], bool]:
    """Return which of the MOST_MODELS newest models other than `ref` were made by runs that used it, and whether there
    are older ones, which nobody asked; a fixed number of queries."""
    models = Version.objects.filter(workspace=workspace, kind=AssetKind.MODEL, missing_since=None).exclude(job_name="")
    rows = list(models.for_list().order_by("-created_at", "-id")[: MOST_MODELS + 1])
    rows, is_cut = rows[:MOST_MODELS], len(rows) > MOST_MODELS
    makers = runs_of_jobs(workspace, [row.job_name for row in rows])
    keys = set(makers.values())
    if not keys:
        return [], is_cut
    # Led by the runs: by the ref, PostgreSQL would read every edge that the version ever had.
    edges = Edge.objects.filter(run__in=keys).alias(named=Concat("ref", Value(""))).filter(named=str(ref))
    used = set(edges.exclude(role=EdgeRole.OUTPUT).values_list("run", flat=True))
    used |= set(Run.objects.filter(pk__in=keys, pipeline__in=pipelines).values_list("pk", flat=True))
    return [row for row in rows if row.ref != ref and makers.get(row.job_name) in used], is_cut


def runs_of_jobs(workspace: Workspace, job_names: Sequence[str]) -> dict[str, int]:
    """Return the key of the run behind each name, be it the run's own or that of one of its steps."""
    if not job_names:
        return {}
    steps = Step.objects.filter(run_id_azure__in=job_names, run__workspace=workspace)
    runs = Run.objects.filter(workspace=workspace, job_name__in=job_names)
    return dict(steps.values_list("run_id_azure", "run")) | dict(runs.values_list("job_name", "pk"))


def twins_of(workspace: Workspace, ref: Ref, visible: QuerySet[Workspace]) -> list[Twin]:
    """Return the versions of other workspaces that the reader may see and that are named or execute the same."""
    named = Version.objects.named(workspace, ref).values_list("definition", "fingerprint").first()
    own, print_of_own = named or (None, "")
    rows = Version.objects.filter(workspace__in=visible, kind=ref.kind, missing_since=None)
    rows = rows.exclude(workspace=workspace).for_list().select_related("workspace")
    rows = rows.order_by("workspace__slug", "name", "-created_at", "-id")
    found = list(rows.filter(name=ref.name, version=ref.version or "")[:MOST_ELSEWHERE])
    if own is not None:  # asked apart: one condition with OR would read every version
        found += rows.filter(definition=own).exclude(pk__in=[row.pk for row in found])[:MOST_ELSEWHERE]
    return [Twin(row, _is_same(row, own, print_of_own)) for row in found[:MOST_ELSEWHERE]]


def _is_same(row: Version, definition: int | None, fingerprint: str) -> bool | None:
    if definition is not None and row.definition_id is not None:
        return definition == row.definition_id
    return fingerprint == row.fingerprint if fingerprint and row.fingerprint else None


def shared_uses(ref: Ref, visible: QuerySet[Workspace]) -> list[Use]:
    """Return where workspaces that the reader may see name the same name and version of a registry that they share."""
    rows = Use.objects.filter(workspace__in=visible, kind=ref.kind, name=ref.name, version__in={ref.version or "", ""})
    rows = rows.exclude(registry="").filter(consumer__missing_since=None, consumer__asset__is_anonymous=False)
    rows = rows.select_related("consumer__workspace").defer("consumer__remainder")
    return list(rows.order_by("workspace", "-id")[:MOST_ELSEWHERE])
