"""Two graphs laid over each other: what became of each node and edge, and the folding of what stayed; plain values."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlopsportal.specs.graph import Edge, Graph, Node, graph_of

_BOUND = re.compile(r"(?<=parent\.jobs\.)(?P<name>[^.{}\s]+)(?=[.}\s])")
SAME, ADDED, REMOVED, CHANGED, MOVED = "same", "added", "removed", "changed", "moved"
BROKEN = "broken"
"""What an edge is called in a drawing that does not fit, whatever else became of it."""


@dataclass(frozen=True)
class Region:
    """Unchanged nodes that hang together, shown as one, in the order of the graph.

    `id` is that of the node that stands for them.
    """

    id: str
    nodes: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{len(self.nodes)} unchanged steps"


@dataclass(frozen=True)
class Overlay:
    """Both graphs in one. By node id a state and, for a moved one, its old name; edges that did not stay, by kind.

    A node that only got another name is `moved`; an edge is `moved` where an input reads from elsewhere than before.
    `faults` are the edges that no longer fit, `faulty` the nodes of which an input or output does not.
    """

    graph: Graph
    states: Mapping[str, str]
    edge_kinds: Mapping[Edge, str]
    old_names: Mapping[str, str] = field(default_factory=dict)
    regions: Sequence[Region] = ()
    faults: frozenset[Edge] = frozenset()
    faulty: frozenset[str] = frozenset()

    @property
    def edge_counts(self) -> Counter[str]:
        """How many edges there are of each kind that did not stay."""
        return Counter(self.edge_kinds.values())

    @property
    def counts(self) -> Counter[str]:
        """How many nodes there are of each state, folded ones counted one by one."""
        return Counter(self.states.values())


def overlay_of(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    faulty: Iterable[tuple[str, str]] = (),
    names: Mapping[str, str] | None = None,
) -> Overlay:
    """Lay the graph of a definition over that of an older one; `faulty` are the node and port of what does not fit.

    `names` are the steps that only got another name, as `renamed` finds them, where that was done already.
    """
    names = renamed(old, new) if names is None else names
    before = _with_names(_jobs(old), names)
    after = _jobs(new)
    old_names = {new_name: old_name for old_name, new_name in names.items()}
    states = {name: _state(name, node, before, old_names) for name, node in after.items()}
    states |= {name: REMOVED for name in before if name not in after}
    old_graph, new_graph = graph_of({"jobs": before}), graph_of({"jobs": after})
    nodes = {node.id: node for node in old_graph.nodes} | {node.id: node for node in new_graph.nodes}
    edges = dict.fromkeys([*old_graph.edges, *new_graph.edges])
    kinds = _edge_kinds(set(old_graph.edges), set(new_graph.edges))
    wrong = frozenset(faulty)
    faults = frozenset(edge for edge in new_graph.edges if (edge.target, edge.target_port) in wrong)
    graph = Graph(tuple(nodes.values()), tuple(edges))
    return Overlay(graph, states, kinds, old_names, faults=faults, faulty=frozenset(node for node, _ in wrong))


def renamed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Return old name → new name of the steps that are the same but for their names."""
    return _renamed(_jobs(old), _jobs(new))


def with_new_names(definition: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    """Return a definition with its steps under their new names, bindings to them as well."""
    return {**definition, "jobs": _with_names(_jobs(definition), names)} if names else definition


def _jobs(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    jobs = definition.get("jobs")
    return jobs if isinstance(jobs, Mapping) else {}


def _state(name: str, node: Any, before: Mapping[str, Any], old_names: Mapping[str, str]) -> str:
    if name in old_names:
        return MOVED
    return SAME if before.get(name) == node else CHANGED if name in before else ADDED


def _renamed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Return old name → new name of the nodes that are the same but for their names, each being the only such one.

    Later nodes bind to earlier ones by name, so each is looked at after those that it binds to.
    """
    gone = {name: node for name, node in old.items() if name not in new}
    come = _alone({name: node for name, node in new.items() if name not in old})
    single = set(_alone(gone).values())
    found: dict[str, str] = {}
    for name in _sources_first(gone) if come else ():
        if name in single:
            new_name = come.pop(_content(_rebound(gone[name], found)), None)
            found |= {name: new_name} if new_name is not None else {}
    return found


def _alone(nodes: Mapping[str, Any]) -> dict[str, str]:
    """Return by content the names of those nodes that share theirs with no other one."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, node in nodes.items():
        groups[_content(node)].append(name)
    return {text: names[0] for text, names in groups.items() if len(names) == 1}


def _content(node: Any) -> str:
    return json.dumps(node, sort_keys=True, default=str)


def _sources_first(nodes: Mapping[str, Any]) -> list[str]:
    """Return the names with those that a node binds to before it; in a circle, in the order they are met."""
    found: dict[str, None] = {}
    met: set[str] = set()
    for start in nodes:
        waiting = [(start, False)]
        while waiting:
            name, is_left = waiting.pop()
            if is_left:
                found[name] = None
            elif name not in met:
                met.add(name)
                waiting.append((name, True))
                waiting += [(source, False) for source in _sources(nodes[name]) if source in nodes]
    return list(found)


def _sources(value: Any) -> Iterator[str]:
    """Yield the names of the steps that a node binds to."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from () if _is_level(key, item) else _sources(item)
    elif isinstance(value, list):
        for item in value:
            yield from _sources(item)
    elif isinstance(value, str) and "parent.jobs." in value:
        yield from (match["name"] for match in _BOUND.finditer(value))


def _is_level(key: str, value: Any) -> bool:
    """Is this a pipeline written inline, whose bindings are to steps of its own?"""
    return key == "component" and isinstance(value, Mapping)


def _with_names(jobs: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the nodes under their new names, bindings to them as well."""
    if not names:
        return dict(jobs)
    return {names.get(name, name): _rebound(node, names) for name, node in jobs.items()}


def _rebound(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: item if _is_level(key, item) else _rebound(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_rebound(item, names) for item in value]
    if isinstance(value, str) and "parent.jobs." in value:
        return _BOUND.sub(lambda match: names.get(match["name"], match["name"]), value)
    return value


def _edge_kinds(old: set[Edge], new: set[Edge]) -> dict[Edge, str]:
    fed = {(edge.target, edge.target_port) for edge in old - new}
    kinds: dict[Edge, str] = dict.fromkeys(old - new, REMOVED)
    for edge in new - old:
        kinds[edge] = MOVED if (edge.target, edge.target_port) in fed else ADDED
    return kinds


# Folding


def folded(overlay: Overlay, opened: Iterable[str] = ()) -> Overlay:
    """Return the overlay with each unchanged region as one node, but those that hold one of the `opened` nodes.

    Two unchanged nodes are of one region when they hang together and as many changed nodes lie on the longest way to
    them. That keeps the drawing free of circles: a way that leaves a region through a changed node has one more behind
    it, and cannot come back.
    """
    shown_whole = frozenset(opened)
    regions = [region for region in _regions(overlay) if shown_whole.isdisjoint(region.nodes)]
    by_id = {region.id: region for region in regions}
    place = {name: region.id for region in regions for name in region.nodes}
    nodes: dict[str, Node] = {}
    for node in overlay.graph.nodes:
        shown = place.get(node.id, node.id)
        nodes.setdefault(shown, node if shown == node.id else Node(shown, "unchanged", _ends(by_id[shown])))
    edges, kinds = dict[Edge, None](), dict[Edge, str]()
    for edge in overlay.graph.edges:
        ends = Edge(
            place.get(edge.source, edge.source), edge.source_port, place.get(edge.target, edge.target), edge.target_port
        )
        if ends.source != ends.target:
            edges[ends] = None
            if edge in overlay.edge_kinds:
                kinds[ends] = overlay.edge_kinds[edge]
    graph = Graph(tuple(nodes.values()), tuple(edges))
    return replace(overlay, graph=graph, edge_kinds=kinds, regions=tuple(regions))


def _ends(region: Region) -> str:
    return f"{region.nodes[0]} … {region.nodes[-1]}"


def _regions(overlay: Overlay) -> list[Region]:
    kept = _touched(overlay)
    passed = _passed(overlay, kept)
    groups: dict[str, str] = {name: name for name in passed if name not in kept}
    for edge in overlay.graph.edges:
        ends = (edge.source, edge.target)
        if all(end in groups for end in ends) and passed[edge.source] == passed[edge.target]:
            groups[_root(groups, edge.source)] = _root(groups, edge.target)
    members: dict[str, list[str]] = defaultdict(list)
    for node in overlay.graph.nodes:
        if node.id in groups:
            members[_root(groups, node.id)].append(node.id)
    found = [names for names in members.values() if len(names) > 1]
    return [Region(f"(unchanged {number})", tuple(names)) for number, names in enumerate(found, start=1)]


def _touched(overlay: Overlay) -> set[str]:
    """Return the nodes that must be seen: those that are not the same, and both ends of edges that are not."""
    kept = {name for name, state in overlay.states.items() if state != SAME}
    seen = {*overlay.edge_kinds, *overlay.faults}
    return kept | overlay.faulty | {end for edge in seen for end in (edge.source, edge.target)}


def _root(groups: dict[str, str], name: str) -> str:
    while groups[name] != name:
        groups[name] = groups[groups[name]]
        name = groups[name]
    return name


def _passed(overlay: Overlay, kept: set[str]) -> dict[str, int]:
    """Return how many kept nodes lie on the longest way to each; nodes in or behind a circle are left out."""
    following: dict[str, list[str]] = {node.id: [] for node in overlay.graph.nodes}
    waiting = dict.fromkeys(following, 0)
    for edge in overlay.graph.edges:
        following[edge.source].append(edge.target)
        waiting[edge.target] += 1
    passed = dict.fromkeys(following, 0)
    ready, found = [name for name, count in waiting.items() if not count], dict[str, int]()
    while ready:
        name = ready.pop()
        found[name] = passed[name]
        for other in following[name]:
            passed[other] = max(passed[other], passed[name] + (name in kept))
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return found
