"""Where the steps of a pipeline are drawn: layers from left to right; knows nothing of SVG.

Layered drawing in the manner of Sugiyama: break cycles, put each node in the layer of its longest path, pass long
edges through one dummy per layer, order layers by barycentres, give coordinates. The long edges of a node share one
trunk of dummies and leave it where they must: a step that feeds all others costs one line, not hundreds. Edges that
pass very many layers run in lanes below everything, so that the work grows with the steps and not with their square.
The same graph gives the same drawing.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

from mlopsportal.specs.nodes import Edge, Graph

NODE_WIDTH, NODE_HEIGHT = 200, 44
LAYER_GAP, ROW_GAP, MARGIN = 72, 20, 16
_SWEEPS = 8
_MOST_PASSED = 8  # layers that an edge passes between the steps; beyond that it takes a lane


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


_Item = tuple[str, ...]  # ("node",) for a node, (source, layer) for a dummy of its trunk
_Points = tuple[tuple[float, float], ...]


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
    ready = deque(node.id for node in graph.nodes if not waiting[node.id])
    rest = (node.id for node in graph.nodes)  # passed over once: where cycles are cut
    depth: dict[str, int] = {}
    while len(depth) < len(before):
        node_id = ready.popleft() if ready else next(node for node in rest if node not in depth)
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
    lanes = _lanes(graph, depth)
    near = [edge for edge in graph.edges if edge not in lanes]
    trunks = _trunks(near, depth)
    left, right = _neighbours(near, depth, trunks)
    rows = _rows(graph, depth, trunks)
    _order(rows, left, right)
    place = {item: layer for layer, row in enumerate(rows) for item in row}
    heights = _heights(rows, left, right)
    nodes = tuple(
        PlacedNode(node.id, _x(place[(node.id,)]), heights[(node.id,)], NODE_WIDTH, NODE_HEIGHT) for node in graph.nodes
    )
    lines = {source: _line(trunk, place, heights) for source, trunk in trunks.items()}
    lowest = max((heights[item] + 2 * _half(item) for item in heights), default=-MARGIN)
    edges = tuple(
        PlacedEdge(edge, _points(edge, depth, _way(edge, depth, lines, lanes, lowest), heights)) for edge in graph.edges
    )
    width = _x(len(rows)) - LAYER_GAP + MARGIN if rows else 0.0
    height = lowest + ROW_GAP * (max(lanes.values(), default=-1) + 1) + MARGIN
    return Layout(width, height, nodes, edges)


def _lanes(graph: Graph, depth: Mapping[str, int]) -> dict[Edge, int]:
    """Return the lane of each edge that passes too many layers, counted from 0 downwards.

    Such edges share a lane with those of the same source or of the same target, whichever has more of them; lanes
    that do not meet lie on one line.
    """
    far = [edge for edge in graph.edges if _passed(edge, depth) > _MOST_PASSED]
    ends = Counter(end for edge in far for end in ((edge.source, "from"), (edge.target, "to")))
    sharing: dict[tuple[str, str], list[Edge]] = {}
    for edge in far:
        source, target = (edge.source, "from"), (edge.target, "to")
        sharing.setdefault(source if ends[source] >= ends[target] else target, []).append(edge)
    spans = sorted(
        (min(depth[edge.source] for edge in edges), max(depth[edge.target] for edge in edges), end)
        for end, edges in sharing.items()
    )
    lanes: dict[Edge, int] = {}
    busy: list[tuple[int, int]] = []  # until which layer, lane
    free: list[int] = []
    for first, last, end in spans:
        while busy and busy[0][0] <= first:
            heappush(free, heappop(busy)[1])
        lane = heappop(free) if free else len(busy)
        heappush(busy, (last, lane))
        lanes |= dict.fromkeys(sharing[end], lane)
    return lanes


def _trunks(edges: Sequence[Edge], depth: Mapping[str, int]) -> dict[str, list[_Item]]:
    """Return the dummies of each node that feeds others: one in each layer up to that before its farthest target."""
    farthest: dict[str, int] = {}
    for edge in edges:
        farthest[edge.source] = max(farthest.get(edge.source, 0), depth[edge.target])
    return {
        source: [(source, str(layer)) for layer in range(depth[source] + 1, last)] for source, last in farthest.items()
    }


def _passed(edge: Edge, depth: Mapping[str, int]) -> int:
    """Return how many layers an edge passes between its ends; none for one that closes a cycle."""
    return max(depth[edge.target] - depth[edge.source] - 1, 0)


def _rows(graph: Graph, depth: Mapping[str, int], trunks: Mapping[str, list[_Item]]) -> list[list[_Item]]:
    rows: list[list[_Item]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in graph.nodes:
        rows[depth[node.id]].append((node.id,))
    for source, trunk in trunks.items():
        for offset, dummy in enumerate(trunk, start=1):
            rows[depth[source] + offset].append(dummy)
    return rows


def _neighbours(
    edges: Sequence[Edge], depth: Mapping[str, int], trunks: Mapping[str, list[_Item]]
) -> tuple[dict[_Item, list[_Item]], dict[_Item, list[_Item]]]:
    pairs: dict[tuple[_Item, _Item], None] = {}
    for source, trunk in trunks.items():
        pairs.update(dict.fromkeys(pairwise([(source,), *trunk])))
    for edge in edges:
        passed = _passed(edge, depth)
        leaves = trunks[edge.source][passed - 1] if passed else (edge.source,)
        pairs[leaves, (edge.target,)] = None
    left: dict[_Item, list[_Item]] = {}
    right: dict[_Item, list[_Item]] = {}
    for one, other in pairs:
        right.setdefault(one, []).append(other)
        left.setdefault(other, []).append(one)
    return left, right


def _order(rows: list[list[_Item]], left: Mapping[_Item, list[_Item]], right: Mapping[_Item, list[_Item]]) -> None:
    """Sort each row by the middle of its neighbours, forwards and backwards in turn."""
    settled = 0
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        moved = _sweep(rows, left if forwards else right, forwards=forwards)
        settled = 0 if moved else settled + 1
        if settled == 2:  # neither direction moves anything any more
            return


def _sweep(rows: list[list[_Item]], near: Mapping[_Item, list[_Item]], *, forwards: bool) -> bool:
    """Sort each row by the row before it (behind it when going backwards); return whether any row changed."""
    moved = False
    for layer in range(1, len(rows)) if forwards else range(len(rows) - 2, -1, -1):
        fixed = {item: index for index, item in enumerate(rows[layer - 1 if forwards else layer + 1])}
        row = rows[layer]
        middle = {item: _mean(near.get(item), fixed, index) for index, item in enumerate(row)}
        rows[layer] = sorted(row, key=middle.__getitem__)
        moved = moved or rows[layer] != row
    return moved


def _mean(near: Sequence[_Item] | None, fixed: Mapping[_Item, int], otherwise: float) -> float:
    """Return the mean place of the neighbours in the row beside; `otherwise` when there are none."""
    if near is None:
        return otherwise
    if len(near) == 1:
        return fixed.get(near[0], otherwise)
    places = [fixed[other] for other in near if other in fixed]  # an edge that closes a cycle leads elsewhere
    return sum(places) / len(places) if places else otherwise


def _heights(
    rows: list[list[_Item]], left: Mapping[_Item, list[_Item]], right: Mapping[_Item, list[_Item]]
) -> dict[_Item, float]:
    """Return the upper side of every item: close to its neighbours, never over the item above it in its row."""
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


def _line(trunk: list[_Item], place: Mapping[_Item, int], heights: Mapping[_Item, float]) -> _Points:
    """Return the way along a trunk: two points for each dummy, its left and its right side."""
    points: list[tuple[float, float]] = []
    for dummy in trunk:
        x, y = _x(place[dummy]), heights[dummy]
        points += [(x, y), (x + NODE_WIDTH, y)]
    return tuple(points)


def _way(
    edge: Edge, depth: Mapping[str, int], lines: Mapping[str, _Points], lanes: Mapping[Edge, int], lowest: float
) -> _Points:
    """Return the points between the ends of an edge: along the trunk of its source, or along its lane."""
    if edge not in lanes:
        return lines[edge.source][: 2 * _passed(edge, depth)]
    y = lowest + ROW_GAP * (lanes[edge] + 1)
    return (_x(depth[edge.source] + 1), y), (_x(depth[edge.target] - 1) + NODE_WIDTH, y)


def _points(edge: Edge, depth: Mapping[str, int], way: _Points, heights: Mapping[_Item, float]) -> _Points:
    start = (_x(depth[edge.source]) + NODE_WIDTH, heights[(edge.source,)] + NODE_HEIGHT / 2)
    end = (_x(depth[edge.target]), heights[(edge.target,)] + NODE_HEIGHT / 2)
    return (start, *way, end)
