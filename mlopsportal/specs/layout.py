"""Where the steps of a pipeline are drawn: layers from left to right; knows nothing of SVG.

Layered drawing in the manner of Sugiyama: break cycles, put each node in the layer of its longest path, pass long
edges through one dummy per layer, order layers by barycentres, give coordinates. The same graph gives the same
drawing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from mlopsportal.specs.nodes import Edge, Graph

NODE_WIDTH, NODE_HEIGHT = 200, 44
LAYER_GAP, ROW_GAP, MARGIN = 72, 20, 16
_SWEEPS = 8


@dataclass(frozen=True)
class PlacedNode:
    """A node's box: upper left corner, width and height, in units of the drawing."""

    id: str
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class PlacedEdge:
    """An edge's way: points from the right side of its source to the left side of its target."""

    edge: Edge
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Layout:
    """A drawing: its size and everything in it, in the order of the graph."""

    width: float
    height: float
    nodes: tuple[PlacedNode, ...]
    edges: tuple[PlacedEdge, ...]


_Item = tuple[str, ...]  # ("node",) for a node, (source, target, layer) for a dummy


def layers(graph: Graph) -> list[list[str]]:
    """Return the node ids of each layer, from the sources on; edges lead to later layers, but for cycles."""
    depth = _depths(graph)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in graph.nodes:
        rows[depth[node.id]].append(node.id)
    return rows


def _depths(graph: Graph) -> dict[str, int]:
    """Return each node's longest distance from a source; edges that close a cycle do not count."""
    before: dict[str, set[str]] = {node.id: set() for node in graph.nodes}
    after: dict[str, set[str]] = {node.id: set() for node in graph.nodes}
    for edge in graph.edges:
        if edge.source != edge.target:
            before[edge.target].add(edge.source)
            after[edge.source].add(edge.target)
    waiting = {node: len(sources) for node, sources in before.items()}
    ready = [node.id for node in graph.nodes if not waiting[node.id]]
    depth: dict[str, int] = {}
    while len(depth) < len(before):
        if not ready:  # a cycle: cut it at the first node that is left
            ready = [next(node.id for node in graph.nodes if node.id not in depth and waiting[node.id] > 0)]
        node_id = ready.pop(0)
        depth[node_id] = max((depth[source] + 1 for source in before[node_id] if source in depth), default=0)
        waiting[node_id] = -1
        for follower in sorted(after[node_id]):
            waiting[follower] -= 1
            if waiting[follower] == 0:
                ready.append(follower)
    return depth


def layout(graph: Graph) -> Layout:
    """Draw a graph. An empty graph gives an empty drawing."""
    depth = _depths(graph)
    ways = {(edge.source, edge.target): _way(edge.source, edge.target, depth) for edge in graph.edges}
    rows = _rows(graph, ways, depth)
    _order(rows, ways)
    place = {item: (layer, index) for layer, row in enumerate(rows) for index, item in enumerate(row)}
    heights = _heights(rows, ways)
    nodes = tuple(
        PlacedNode(node.id, _x(place[(node.id,)][0]), heights[(node.id,)], NODE_WIDTH, NODE_HEIGHT)
        for node in graph.nodes
    )
    edges = tuple(PlacedEdge(edge, _points(ways[edge.source, edge.target], place, heights)) for edge in graph.edges)
    width = _x(len(rows)) - LAYER_GAP + MARGIN if rows else 0.0
    height = max((heights[item] + 2 * _half(item) for item in heights), default=-MARGIN) + MARGIN
    return Layout(width, height, nodes, edges)


def _way(source: str, target: str, depth: Mapping[str, int]) -> list[_Item]:
    between = range(depth[source] + 1, depth[target])
    return [(source,), *((source, target, str(layer)) for layer in between), (target,)]


def _rows(graph: Graph, ways: Mapping[tuple[str, str], list[_Item]], depth: Mapping[str, int]) -> list[list[_Item]]:
    rows: list[list[_Item]] = [[(node,) for node in row] for row in layers(graph)]
    for (source, _), way in ways.items():
        for offset, dummy in enumerate(way[1:-1], start=1):
            rows[depth[source] + offset].append(dummy)
    return rows


def _neighbours(
    ways: Mapping[tuple[str, str], list[_Item]],
) -> tuple[dict[_Item, list[_Item]], dict[_Item, list[_Item]]]:
    left: dict[_Item, list[_Item]] = {}
    right: dict[_Item, list[_Item]] = {}
    for way in ways.values():
        for one, other in pairwise(way):
            right.setdefault(one, []).append(other)
            left.setdefault(other, []).append(one)
    return left, right


def _order(rows: list[list[_Item]], ways: Mapping[tuple[str, str], list[_Item]]) -> None:
    """Sort each row by the middle of its neighbours, forwards and backwards in turn."""
    left, right = _neighbours(ways)
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        order = range(1, len(rows)) if forwards else range(len(rows) - 2, -1, -1)
        for layer in order:
            fixed = {item: index for index, item in enumerate(rows[layer - 1 if forwards else layer + 1])}
            near = left if forwards else right
            middle = {
                item: _mean([fixed[other] for other in near.get(item, ()) if other in fixed], index)
                for index, item in enumerate(rows[layer])
            }
            rows[layer].sort(key=middle.__getitem__)


def _mean(numbers: list[int], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _heights(rows: list[list[_Item]], ways: Mapping[tuple[str, str], list[_Item]]) -> dict[_Item, float]:
    """Return the upper side of every item: close to its neighbours, never over the item above it in its row."""
    left, right = _neighbours(ways)
    heights = {item: MARGIN + index * _room(item) for row in rows for index, item in enumerate(row)}
    for near in (left, right, left):
        for row in rows if near is left else reversed(rows):
            wanted = [_middle_of(item, near.get(item, ()), heights) for item in row]
            floor = float(MARGIN)
            for item, wish in zip(row, wanted, strict=True):
                heights[item] = max(floor, wish)
                floor = heights[item] + _room(item)
    lowest = min(heights.values(), default=MARGIN)
    return {item: height - lowest + MARGIN for item, height in heights.items()}


def _room(item: _Item) -> float:
    return NODE_HEIGHT + ROW_GAP if len(item) == 1 else ROW_GAP


def _middle_of(item: _Item, near: list[_Item] | tuple[()], heights: Mapping[_Item, float]) -> float:
    """Return the upper side at which the item's middle is that of its neighbours."""
    if not near:
        return heights[item]
    return sum(heights[other] + _half(other) for other in near) / len(near) - _half(item)


def _half(item: _Item) -> float:
    """Return how far below its upper side an item's middle is: a passing edge is a line without height."""
    return NODE_HEIGHT / 2 if len(item) == 1 else 0


def _x(layer: int) -> float:
    return MARGIN + layer * (NODE_WIDTH + LAYER_GAP)


def _points(
    way: list[_Item], place: Mapping[_Item, tuple[int, int]], heights: Mapping[_Item, float]
) -> tuple[tuple[float, float], ...]:
    points = [(_x(place[way[0]][0]) + NODE_WIDTH, heights[way[0]] + NODE_HEIGHT / 2)]
    for dummy in way[1:-1]:
        x, y = _x(place[dummy][0]), heights[dummy]
        points += [(x, y), (x + NODE_WIDTH, y)]
    return (*points, (_x(place[way[-1]][0]), heights[way[-1]] + NODE_HEIGHT / 2))
