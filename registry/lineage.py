"""What led to a thing and what came of it: data, runs, component versions, models; reads edges, draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from mlopsportal.specs.graph import Edge as GraphEdge
from mlopsportal.specs.graph import Graph, Node
from mlopsportal.specs.ref import Ref
from registry.models import Asset, Edge, EdgeRole, Run, Use, Version, Workspace

MOST_NODES = 60
MOST_EDGES_A_STEP = 200
DEPTH = 2
DEEPEST = 5
NEWEST_RUNS = 10


@dataclass
class Lineage:
    """The neighbourhood of `ref`. `is_cut` says that there is more than is shown; `statuses` are the runs' by ref."""

    ref: Ref
    graph: Graph
    is_cut: bool = False
    statuses: dict[str, str] = field(default_factory=dict)
    pipelines: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Fact:
    """One arrow: what flowed from `source` to `target`, and as what."""

    source: str
    target: str
    port: str
    role: str


def lineage_of(workspace: Workspace, ref: Ref, *, depth: int = DEPTH) -> Lineage:
    """Walk the edges both ways from a ref, at most `depth` steps, newest runs first, capped; two queries a step.

    Up: a run is reached from what it wrote, then what it read and executed. Down: from what was read or executed to
    the runs, then to what they wrote.
    """
    start = str(ref.without_workspace())
    facts, nodes, is_cut = list[Fact](), {start: None}, False
    for upward in (True, False):
        front = {start}
        for _ in range(min(depth, DEEPEST) * 2):
            found, cut = _step(workspace, front, upward=upward)
            is_cut |= cut
            new = dict.fromkeys(text for fact in found for text in (fact.source, fact.target) if text not in nodes)
            room = MOST_NODES - len(nodes)
            is_cut |= len(new) > room
            nodes |= dict.fromkeys(list(new)[:room])
            facts += [fact for fact in found if fact.source in nodes and fact.target in nodes]
            front = set(list(new)[:room])
            if not front:
                break
    edges = dict.fromkeys(GraphEdge(fact.source, fact.role, fact.target, fact.port or fact.role) for fact in facts)
    graph = Graph(tuple(Node(text, Ref.parse(text).kind) for text in nodes), tuple(edges))
    return _described(workspace, Lineage(ref, graph, is_cut))


def _step(workspace: Workspace, front: set[str], *, upward: bool) -> tuple[list[Fact], bool]:
    """Return the arrows one step further, and whether some were left out.

    Of what a run executed only the pipeline is followed: its components are the pipeline's affair, and a component
    leads to the runs of its steps all the same. What a run wrote and read itself is no way on.
    """
    names = [Ref.parse(text).name for text in front if text.startswith("run:")]
    edges = Edge.objects.filter(workspace=workspace).select_related("run")
    edges = edges.only("role", "port", "step", "ref", "run__job_name", "at")
    reads = Q(role=EdgeRole.INPUT) | Q(role=EdgeRole.EXECUTES, step="")
    of_runs = edges.filter(reads if upward else Q(role=EdgeRole.OUTPUT), run__job_name__in=names)
    found = list(of_runs.order_by("id")[: MOST_EDGES_A_STEP + 1]) if names else []
    is_cut = len(found) > MOST_EDGES_A_STEP
    there = Q(role=EdgeRole.OUTPUT) if upward else Q(role__in=[EdgeRole.INPUT, EdgeRole.EXECUTES])
    found += _newest(edges.filter(there), [text for text in front if not text.startswith("run:")])
    own = set(edges.filter(role=EdgeRole.OUTPUT, run__in={row.run_id for row in found}).values_list("run", "ref"))
    kept = [row for row in found if row.role == EdgeRole.OUTPUT or (row.run_id, row.ref) not in own]
    return [_fact(row) for row in kept], is_cut


def _newest(edges: QuerySet[Edge], refs: Sequence[str]) -> list[Edge]:
    """The newest few edges of each ref: a component of ten thousand runs must not fill the picture."""
    found: list[Edge] = []
    for ref in refs[:MOST_NODES]:
        found += list(edges.filter(ref=ref).order_by("-at", "-id")[:NEWEST_RUNS])
    return found


def _fact(row: Edge) -> Fact:
    run = str(Ref("run", row.run.job_name))
    if row.role == EdgeRole.OUTPUT:
        return Fact(run, row.ref, row.port, "wrote")
    return Fact(row.ref, run, row.port, "read" if row.role == EdgeRole.INPUT else "executed")


def _described(workspace: Workspace, lineage: Lineage) -> Lineage:
    refs = [Ref.parse(node.id) for node in lineage.graph.nodes]
    runs = Run.objects.filter(workspace=workspace, job_name__in=[ref.name for ref in refs if ref.kind == "run"])
    lineage.statuses = {str(Ref("run", name)): status for name, status in runs.values_list("job_name", "status")}
    lineage.pipelines = pipeline_names(workspace, (ref.name for ref in refs if ref.kind == "component"))
    return lineage


def pipeline_names(workspace: Workspace, names: Iterable[str]) -> set[str]:
    """Return which of these component names are pipelines: their pages have another address."""
    rows = Asset.objects.filter(workspace=workspace, kind="component", is_pipeline=True, name__in=set(names))
    return set(rows.values_list("name", flat=True))


@dataclass(frozen=True)
class UsedBy:
    """Who uses a version: versions that name it, and the newest runs that read or executed it."""

    versions: list[Version]
    runs: list[Run]


def used_by(version: Version, *, most: int = 50) -> UsedBy:
    """Return where a version is used, newest first, at most `most` of each; two queries."""
    uses = Use.objects.filter(
        workspace=version.workspace_id, kind=version.kind, name=version.name, version=version.version, registry=""
    )
    consumers = Version.objects.filter(pk__in=uses.values("consumer"), asset__is_anonymous=False, missing_since=None)
    edges = Edge.objects.filter(workspace=version.workspace_id, ref=str(version.ref)).exclude(role=EdgeRole.OUTPUT)
    newest = edges.order_by("-at", "-id").values_list("run", flat=True)[: most * 4]
    runs = Run.objects.filter(pk__in=list(dict.fromkeys(newest))[:most]).for_list()
    return UsedBy(
        versions=list(consumers.for_list().order_by("-created_at", "-id")[:most]),
        runs=list(runs.order_by("-started_at", "-id")),
    )


def maker_of(version: Version) -> Run | None:
    """Return the run that made a model or data version, as far as the mirror knows."""
    made = Edge.objects.filter(workspace=version.workspace_id, ref=str(version.ref), role=EdgeRole.OUTPUT)
    edge = made.select_related("run").order_by("at", "id").first()
    if edge is not None:
        return edge.run
    if not version.job_name:
        return None
    named = Q(job_name=version.job_name) | Q(steps__run_id_azure=version.job_name)
    return Run.objects.filter(named, workspace=version.workspace_id).defer("remainder").first()
