"""What led to a thing and what came of it: data, runs, component versions, models; reads edges, draws nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from mlopsportal.specs.graph import Edge as GraphEdge
from mlopsportal.specs.graph import Graph, Node
from mlopsportal.specs.ref import Ref
from registry.models import Asset, AssetKind, Edge, EdgeRole, Run, Step, Use, Version, Workspace

MOST_NODES = 60
MOST_EDGES_A_STEP = 200
DEPTH = 2
DEEPEST = 5
NEWEST_RUNS = 10
MOST_COUNTED = 100
MOST_HOSTED = 15
KINDS = ("run", "component", "data", "model")
_WORDS = {
    "read": "was read by",
    "executed": "was executed by",
    "step": "has the step",
    "hosted": "is the environment of",
}
STEP_MARK = "#"
"""Between the ref of a run and the path of its step, in the id of a node that stands for a step."""


@dataclass(frozen=True)
class Fact:
    """One arrow: what flowed from `source` to `target`, and as what; `step` is the path of the run's step, if known."""

    source: str
    target: str
    port: str
    role: str
    step: str = ""

    @property
    def words(self) -> str:
        """What the source did or had done to it, as the middle of a sentence."""
        return _WORDS.get(self.role, self.role)


@dataclass(frozen=True)
class End:
    """One end of an arrow: a thing, or a step of a run."""

    ref: Ref
    step: str
    is_pipeline: bool


@dataclass
class Lineage:
    """The neighbourhood of `ref`. `is_cut` says that there is more than is shown; `statuses` are the runs' by ref.

    `more` says of a thing how many runs are not shown that read, executed or wrote it; counting stops at MOST_COUNTED.
    The ids of the graph's nodes are texts of refs; where steps are shown, a step's is that of its run, STEP_MARK, path.
    """

    ref: Ref
    graph: Graph
    facts: Sequence[Fact] = ()
    is_cut: bool = False
    more: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    pipelines: set[str] = field(default_factory=set)

    @property
    def rows(self) -> list[tuple[End, Fact, End]]:
        """The arrows, as a table says them."""
        return [(self._end(fact.source), fact, self._end(fact.target)) for fact in self.facts]

    def _end(self, node: str) -> End:
        text, _, step = node.partition(STEP_MARK)
        ref = Ref.parse(text)
        return End(ref, step, ref.kind == "component" and ref.name in self.pipelines)

    def more_words(self, node: str) -> str:
        """Say of a node how many runs are not shown; "" when all are."""
        count = self.more.get(node, 0)
        if not count:
            return ""
        return f"{count}{'+' if count >= MOST_COUNTED else ''} more run{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Wish:
    """What of a lineage is asked for: how far, which way, which kinds of things, and whether steps stand by themselves.

    What is of another kind is left out, and what stood before and behind it is joined.
    """

    depth: int = DEPTH
    up: bool = True
    down: bool = True
    kinds: frozenset[str] = frozenset(KINDS)
    steps: bool = False


def lineage_of(workspace: Workspace, ref: Ref, *, depth: int = DEPTH, wish: Wish | None = None) -> Lineage:
    """Walk the edges from a ref, newest runs first, capped; a bounded number of index look-ups, however many runs.

    Up: a run is reached from what it wrote, then what it read and executed. Down: from what was read or executed to
    the runs, then to what they wrote. Down from an environment: first to the component versions that run in it.
    """
    wish = wish or Wish(depth=depth)
    start = str(ref.without_workspace())
    walk = _Walk(workspace, start)
    for upward in (True, False):
        if wish.up if upward else wish.down:
            walk.go(upward=upward, depth=min(wish.depth, DEEPEST))
    facts = list(dict.fromkeys(walk.facts))
    if wish.steps:
        facts = list(dict.fromkeys(stepped for fact in facts for stepped in _stepped(fact)))
    facts = without_kinds(facts, frozenset(KINDS) - wish.kinds, keep=start)
    graph = _graph(start, facts)
    more = {node.id: walk.more[node.id] for node in graph.nodes if node.id in walk.more}
    return _described(workspace, Lineage(ref, graph, facts, walk.is_cut, more))


class _Walk:
    """A lineage under way: what was found so far. Each side starts anew from the beginning."""

    def __init__(self, workspace: Workspace, start: str) -> None:
        self.workspace = workspace
        self.start = start
        self.nodes: dict[str, None] = {start: None}
        self.facts: list[Fact] = []
        self.is_cut = False
        self.more: dict[str, int] = defaultdict(int)

    def go(self, *, upward: bool, depth: int) -> None:
        front = {self.start}
        further = 0 if upward else int(kind_of(self.start) == AssetKind.ENVIRONMENT)
        for _ in range(depth * 2 + further):
            found, cut, more = _step(self.workspace, front, upward=upward)
            self.is_cut |= cut or bool(more)
            for ref, count in more.items():
                self.more[ref] += count
            ends = (text for fact in found for text in (fact.source, fact.target))
            new = list(dict.fromkeys(text for text in ends if text not in self.nodes))
            room = MOST_NODES - len(self.nodes)
            self.is_cut |= len(new) > room
            self.nodes |= dict.fromkeys(new[:room])
            self.facts += [fact for fact in found if fact.source in self.nodes and fact.target in self.nodes]
            front = set(new[:room])
            if not front:
                return


def kind_of(node: str) -> str:
    """Return the kind of a node of the graph: that of its ref, "step" for a step of a run."""
    return "step" if STEP_MARK in node else Ref.parse(node).kind


def _graph(start: str, facts: Iterable[Fact]) -> Graph:
    facts = list(facts)
    nodes = dict.fromkeys([start, *(text for fact in facts for text in (fact.source, fact.target))])
    edges = dict.fromkeys(GraphEdge(fact.source, fact.role, fact.target, fact.port or fact.role) for fact in facts)
    return Graph(tuple(Node(text, kind_of(text)) for text in nodes), tuple(edges))


def _stepped(fact: Fact) -> list[Fact]:
    """Return the fact with the step in the place of its run, and the step tied to the run."""
    if not fact.step:
        return [fact]
    run = fact.target if fact.role != "wrote" else fact.source
    step = f"{run}{STEP_MARK}{fact.step}"
    source, target = (step if text == run else text for text in (fact.source, fact.target))
    return [Fact(run, step, "", "step", fact.step), Fact(source, target, fact.port, fact.role, fact.step)]


def without_kinds(facts: Sequence[Fact], hidden: frozenset[str], *, keep: str) -> list[Fact]:
    """Return the facts without nodes of the hidden kinds; what stood around one of them is joined. Steps go with runs.

    `keep` is shown whatever its kind.
    """
    hidden = hidden | ({"step"} if "run" in hidden else set())
    found = dict.fromkeys(facts)
    nodes = dict.fromkeys(text for fact in facts for text in (fact.source, fact.target))
    for node in nodes:
        if node == keep or kind_of(node) not in hidden:
            continue
        into = [fact for fact in found if fact.target == node]
        out = [fact for fact in found if fact.source == node]
        joined = [
            Fact(one.source, other.target, other.port or one.port, other.role)
            for one in into
            for other in out
            if one.source != other.target
        ]
        found = dict.fromkeys([*(fact for fact in found if node not in (fact.source, fact.target)), *joined])
    return list(found)[: MOST_EDGES_A_STEP * 4]


def _step(workspace: Workspace, front: set[str], *, upward: bool) -> tuple[list[Fact], bool, dict[str, int]]:
    """Return the arrows one step further, whether some were left out, and how many runs of each ref were.

    What a run executed leads up to it, its pipeline and the components of its steps; nothing leads on from them but
    runs, downwards. What a run wrote and read itself is no way on.
    """
    names = [Ref.parse(text).name for text in front if text.startswith("run:")]
    others = [text for text in front if not text.startswith("run:")]
    if upward:  # no run writes a component or an environment
        others = [text for text in others if kind_of(text) in (AssetKind.DATA, AssetKind.MODEL)]
    found, is_cut = _of_runs(workspace, names, upward=upward) if names else ([], False)
    edges = _edges(workspace)
    roles = [EdgeRole.OUTPUT] if upward else [EdgeRole.INPUT, EdgeRole.EXECUTES]
    newest, is_long, more = _newest(edges, others, roles)
    found, is_cut = found + newest, is_cut or is_long
    keys = {row.run_id for row in found}
    own = set(Edge.objects.filter(role=EdgeRole.OUTPUT, run__in=keys).values_list("run", "ref")) if keys else set()
    kept = [row for row in found if row.role == EdgeRole.OUTPUT or (row.run_id, row.ref) not in own]
    facts = [_fact(row) for row in kept]
    told = {(fact.source, fact.target) for fact in facts if fact.role == "wrote"}
    made = _makers(workspace, others) if upward else _made_by(workspace, names)
    facts += [fact for fact in made if (fact.source, fact.target) not in told]
    if not upward:
        hosted, is_more = _hosted(workspace, others)
        facts, is_cut = hosted + facts, is_cut or is_more
    return facts, is_cut, more


def _hosted(workspace: Workspace, refs: Sequence[str]) -> tuple[list[Fact], bool]:
    """Return which component versions name these environments, the newest first, and whether there are more."""
    wanted = [ref for ref in map(Ref.parse, refs) if ref.kind == AssetKind.ENVIRONMENT and ref.version]
    found: list[Fact] = []
    is_cut = False
    for ref in wanted:  # one: runs lead to no environment, so only a walk that begins at one meets any
        asset = Asset.objects.filter(workspace=workspace, kind=ref.kind, name=ref.name)
        is_newest = asset.values_list("latest_version", flat=True).first() == ref.version
        versions = [ref.version, ""] if is_newest else [ref.version]
        uses = Use.objects.filter(workspace=workspace, kind=ref.kind, name=ref.name, version__in=versions, registry="")
        uses = uses.filter(consumer__missing_since=None, consumer__asset__is_anonymous=False)
        rows = list(uses.select_related("consumer").order_by("-consumer__created_at", "-id")[: MOST_HOSTED + 1])
        is_cut |= len(rows) > MOST_HOSTED
        found += [Fact(str(ref), str(use.consumer.ref), use.node, "hosted") for use in rows[:MOST_HOSTED]]
    return found, is_cut


def is_known(workspace: Workspace, ref: Ref) -> bool:
    """Does the mirror hold it, or a fact about it? What was deleted since keeps its lineage."""
    if ref.kind == "run":
        return Run.objects.filter(workspace=workspace, job_name=ref.name).exists()
    if ref.kind in AssetKind.values and ref.version is None:
        return Asset.objects.filter(workspace=workspace, kind=ref.kind, name=ref.name).exists()
    edges = Edge.objects.filter(workspace=workspace, ref=str(ref))
    return Version.objects.named(workspace, ref).exists() or edges.exists()


def _edges(workspace: Workspace) -> QuerySet[Edge]:
    edges = Edge.objects.filter(workspace=workspace).select_related("run")
    return edges.only("role", "port", "step", "ref", "run__job_name", "at")


def _of_runs(workspace: Workspace, names: Sequence[str], *, upward: bool) -> tuple[list[Edge], bool]:
    """Return what these runs read and executed, or wrote: by the keys of the runs, which an index leads to.

    What was read and the pipelines come before what steps executed: where there is no room for all, what leads on
    stays.
    """
    keys = list(Run.objects.filter(workspace=workspace, job_name__in=names).values_list("pk", flat=True))
    rows = Edge.objects.filter(run__in=keys).select_related("run")
    rows = rows.only("role", "port", "step", "ref", "run__job_name", "at").order_by("id")
    if not upward:
        return _at_most(rows.filter(role=EdgeRole.OUTPUT))
    reads, is_cut = _at_most(rows.filter(Q(role=EdgeRole.INPUT) | Q(role=EdgeRole.EXECUTES, step="")))
    executed, is_more = _at_most(rows.filter(role=EdgeRole.EXECUTES).exclude(step=""))
    return [*reads, *executed], is_cut or is_more


def _at_most(rows: QuerySet[Edge]) -> tuple[list[Edge], bool]:
    found = list(rows[: MOST_EDGES_A_STEP + 1])
    return found[:MOST_EDGES_A_STEP], len(found) > MOST_EDGES_A_STEP


def _newest(
    edges: QuerySet[Edge], refs: Sequence[str], roles: Iterable[str]
) -> tuple[list[Edge], bool, dict[str, int]]:
    """The edges of the newest few runs of each ref, whether some were left out, and how many more runs there are.

    Ten thousand runs must not fill the picture. A run has an edge of its own and one for each step: runs are counted.
    Two look-ups for each ref and role, bounded by NEWEST_RUNS and MOST_COUNTED runs off the index; one statement for
    all refs would have to read and number every edge of each. A walk asks about each of its MOST_NODES once, about its
    start once a side.
    """
    found: list[Edge] = []
    more: dict[str, int] = defaultdict(int)
    is_cut = False
    for ref in refs[:MOST_NODES]:
        for role in roles:  # one by one: the index gives each role in the order of time
            own = edges.filter(ref=ref, role=role)
            runs = own.order_by("-at").values_list("run", "at").distinct()[: NEWEST_RUNS + MOST_COUNTED]
            keys = [key for key, _ in runs]
            if keys:
                rows, is_long = _at_most(own.filter(run__in=keys[:NEWEST_RUNS]).order_by("-at", "-id"))
                found, is_cut = found + rows, is_cut or is_long
            more[ref] += max(0, len(keys) - NEWEST_RUNS)
    return found, is_cut, {ref: count for ref, count in more.items() if count}


def _fact(row: Edge) -> Fact:
    run = str(Ref("run", row.run.job_name))
    if row.role == EdgeRole.OUTPUT:
        return Fact(run, row.ref, row.port, "wrote", row.step)
    return Fact(row.ref, run, row.port, "read" if row.role == EdgeRole.INPUT else "executed", row.step)


def _makers(workspace: Workspace, refs: Sequence[str]) -> list[Fact]:
    """Return which runs made these models and data, as their versions say: a registered model names its job."""
    wanted = [ref for ref in map(Ref.parse, refs) if ref.kind in ("model", "data") and ref.version]
    if not wanted:
        return []
    names, versions = {ref.name for ref in wanted}, {ref.version or "" for ref in wanted}
    rows = Version.objects.filter(workspace=workspace, kind__in=["model", "data"], name__in=names, version__in=versions)
    rows = rows.exclude(job_name="").only("kind", "name", "version", "job_name")
    return _made([row for row in rows if row.ref in wanted], workspace)


def _made_by(workspace: Workspace, names: Sequence[str]) -> list[Fact]:
    """Return the models that name one of these runs, or one of its steps, as what made them."""
    if not names:
        return []
    runs = Run.objects.filter(workspace=workspace, job_name__in=names)
    steps = Step.objects.filter(run__in=list(runs.values_list("pk", flat=True))).values("run_id_azure")
    of_run = Version.objects.filter(workspace=workspace, job_name__in=names)
    of_step = Version.objects.filter(workspace=workspace, job_name__in=steps)
    columns = ("kind", "name", "version", "job_name")
    rows = [*of_run.only(*columns)[:MOST_NODES], *of_step.only(*columns)[:MOST_NODES]]
    return _made(rows, workspace)


def _made(rows: Sequence[Version], workspace: Workspace) -> list[Fact]:
    """Return `run wrote version` for versions that name their job, with the step where the job is one."""
    jobs = {row.job_name for row in rows}
    if not jobs:
        return []
    steps = Step.objects.filter(run_id_azure__in=jobs, run__workspace=workspace)
    makers = {name: (run, path) for name, run, path in steps.values_list("run_id_azure", "run__job_name", "path")}
    runs = Run.objects.filter(workspace=workspace, job_name__in=jobs).values_list("job_name", flat=True)
    makers |= {name: (name, "") for name in runs}
    return [
        Fact(str(Ref("run", makers[row.job_name][0])), str(row.ref), "", "wrote", makers[row.job_name][1])
        for row in rows
        if row.job_name in makers
    ]


def _described(workspace: Workspace, lineage: Lineage) -> Lineage:
    refs = [Ref.parse(node.id) for node in lineage.graph.nodes if node.type != "step"]
    names = {Ref.parse(node.id.partition(STEP_MARK)[0]).name for node in lineage.graph.nodes if STEP_MARK in node.id}
    names |= {ref.name for ref in refs if ref.kind == "run"}
    runs = Run.objects.filter(workspace=workspace, job_name__in=names)
    lineage.statuses = {str(Ref("run", name)): status for name, status in runs.values_list("job_name", "status")}
    if any(node.type == "step" for node in lineage.graph.nodes):
        steps = Step.objects.filter(run__in=list(runs.values_list("pk", flat=True)))
        for name, path, status in steps.values_list("run__job_name", "path", "status"):
            lineage.statuses[f"{Ref('run', name)}{STEP_MARK}{path}"] = status
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
