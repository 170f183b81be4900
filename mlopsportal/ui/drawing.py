"""A pipeline's graph as SVG and as a table; knows layouts, links and states, asks no table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mlopsportal.specs.graph import INPUTS, OUTPUTS, Edge, Graph, Node
from mlopsportal.specs.layout import Layout, PlacedNode, layout
from mlopsportal.ui.addresses import as_ref, ref_address
from mlopsportal.ui.badges import Badge, badge_of
from mlopsportal.ui.visible import plain_visible

_NAME_UNIT, _SMALL_UNIT = 7.2, 6.8  # width of a character in the drawing's units, on the safe side
_PAD = 10
_WIDE = 800  # about what a card beside an aside has room for
_PORT_NAMES = {INPUTS: "pipeline inputs", OUTPUTS: "pipeline outputs"}


@dataclass(frozen=True)
class Face:
    """What a node says and where it leads. `badge` None is a node without a state; `note` a few words ("3 min").

    `fault` says what is wrong with it ("does not fit"); `is_change` makes it one of those to go through.
    """

    name: str
    detail: str = ""
    url: str = ""
    badge: Badge | None = None
    note: str = ""
    is_port: bool = False
    fault: str = ""
    is_change: bool = False

    @property
    def words(self) -> str:
        """Everything in one line, for those who hear it and for the tooltip."""
        state = self.badge.word if self.badge else ""
        return plain_visible(", ".join(part for part in (self.name, self.detail, state, self.fault, self.note) if part))


@dataclass(frozen=True)
class Drawing:
    """A graph ready to be shown: its layout and each node's face; `edge_kinds` marks edges added or removed."""

    graph: Graph
    layout: Layout
    faces: Mapping[str, Face]
    edge_kinds: Mapping[Edge, str] = field(default_factory=dict)
    label: str = "Pipeline graph"


def drawing_of(
    graph: Graph,
    *,
    workspace: object = None,
    states: Mapping[str, object] | None = None,
    group: str = "run",
    urls: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    edge_kinds: Mapping[Edge, str] | None = None,
    faults: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    label: str = "Pipeline graph",
) -> Drawing:
    """Return the drawing of a graph.

    By node id: `states` (shown as badges of `group`), `urls` (else the node leads to its component in `workspace`)
    and `notes`, `faults`, `names` where a node is not called by its id.
    `edge_kinds` says "added", "removed", "moved" or "broken" of edges in a comparison.
    """
    faces = {
        node.id: _face(node, workspace, (states or {}).get(node.id), group, (urls or {}).get(node.id), notes or {})
        for node in graph.nodes
    }
    faces |= {name: replace(faces[name], name=shown) for name, shown in (names or {}).items()}
    if group == "difference":
        faces = {name: _of_comparison(face, (faults or {}).get(name, "")) for name, face in faces.items()}
    return Drawing(graph, layout(graph), faces, edge_kinds or {}, label)


def _face(node: Node, workspace: object, state: object, group: str, url: str | None, notes: Mapping[str, str]) -> Face:
    if node.id in _PORT_NAMES:
        return Face(_PORT_NAMES[node.id], is_port=True)
    ref = as_ref(node.component) if node.component else None
    detail = f"{ref.name}:{ref.version}" if ref and ref.version else (ref.name if ref else node.component or node.type)
    if url is None:
        pipeline = node.type == "pipeline"
        url = ref_address(ref, workspace, pipeline=pipeline) if ref else ""
    badge = badge_of(state, group) if state else None
    if ref and str(ref) == node.id:  # a node that stands for an object, not for a step of a pipeline
        kind = "pipeline" if node.type == "pipeline" else ref.kind
        return Face(f"{ref.name} {ref.version or ''}".strip(), kind, url, badge, notes.get(node.id, ""))
    return Face(node.id, detail, url, badge, notes.get(node.id, ""))


def _of_comparison(face: Face, fault: str) -> Face:
    return replace(face, fault=fault, is_change=bool(face.badge or fault))


def svg_html(drawing: Drawing) -> SafeString:
    """Return the drawing in a region that scrolls; nodes are links in the order of the graph."""
    placed = drawing.layout
    if not placed.nodes:
        return format_html('<p class="quiet">{}</p>', "There are no steps to draw.")
    return format_html(
        '<div class="graph" tabindex="0" role="region" aria-label="{}">{}'
        '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" role="group"'
        ' aria-label="{}"><g aria-hidden="true">{}</g>{}</svg></div>',
        drawing.label,
        _tools(drawing),
        _number(placed.width),
        _number(placed.height),
        _number(placed.width),
        _number(placed.height),
        f"{drawing.label}: {_step_count(drawing)}",
        format_html_join("", "{}", ((_edge(drawing, edges),) for edges in _bundles(drawing))),
        format_html_join("", "{}", ((_node(node, drawing.faces[node.id]),) for node in placed.nodes)),
    )


_ZOOM = (("out", "−", "Smaller"), ("in", "+", "Larger"), ("fit", "Fit", "Fit into the width"))
_WALK = (("previous", "↑ Previous change"), ("next", "↓ Next change"))


def _tools(drawing: Drawing) -> SafeString | str:
    """Return the buttons that zoom a large drawing and walk through its changes; script shows what needs script."""
    if drawing.layout.width < _WIDE:
        return ""
    zoom = format_html_join(
        "",
        '<button type="button" class="btn small" data-zoom="{}" aria-label="{}" hidden>{}</button>',
        ((way, words, shown) for way, shown, words in _ZOOM),
    )
    changed = sum(1 for face in drawing.faces.values() if face.is_change)
    walk = format_html_join(
        "", '<button type="button" class="btn small" data-walk="{}" hidden>{}</button>', _WALK if changed else ()
    )
    return format_html('<div class="tools">{}{}</div>', zoom, walk)


def _step_count(drawing: Drawing) -> str:
    count = sum(1 for face in drawing.faces.values() if not face.is_port)
    return f"{count} step" if count == 1 else f"{count} steps"


def _bundles(drawing: Drawing) -> Iterable[list[tuple[Edge, tuple[tuple[float, float], ...]]]]:
    """Return edges between the same two nodes together: they lie on one another; what is marked lies on top."""
    bundles: dict[tuple[str, str], list[tuple[Edge, tuple[tuple[float, float], ...]]]] = defaultdict(list)
    for placed in drawing.layout.edges:
        bundles[placed.edge.source, placed.edge.target].append((placed.edge, placed.points))
    return sorted(bundles.values(), key=lambda bundle: any(edge in drawing.edge_kinds for edge, _ in bundle))


def _edge(drawing: Drawing, bundle: Sequence[tuple[Edge, tuple[tuple[float, float], ...]]]) -> SafeString:
    points = bundle[0][1]
    kinds = {drawing.edge_kinds.get(edge, "") for edge, _ in bundle}
    kind = "broken" if "broken" in kinds else kinds.pop() if len(kinds) == 1 else ""
    end_x, end_y = points[-1]
    return format_html(
        '<g class="edge {}"><title>{}</title><path d="{}"/><path class="arrow" d="M{} {}l-8 -4v8z"/>{}</g>',
        kind,
        "\n".join(_told_edge(drawing, edge) for edge, _ in bundle),
        _path(points),
        _number(end_x),
        _number(end_y),
        _text("sign", end_x - 22, end_y - 5, "✗") if kind == "broken" else "",
    )


_EDGE_WORDS = {"added": "added", "removed": "removed", "moved": "reads from elsewhere", "broken": "does not fit"}


def _told_edge(drawing: Drawing, edge: Edge) -> str:
    words = _EDGE_WORDS.get(drawing.edge_kinds.get(edge, ""))
    return f"{edge_words(drawing, edge)} ({words})" if words else edge_words(drawing, edge)


def edge_words(drawing: Drawing, edge: Edge) -> str:
    """Return `prep.clean → train.features`."""
    source, target = drawing.faces[edge.source].name, drawing.faces[edge.target].name
    return plain_visible(f"{source}.{edge.source_port} → {target}.{edge.target_port}")


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return curves from layer to layer, straight lines where an edge passes a layer."""
    (x, y), *rest = points
    parts = [f"M{_number(x)} {_number(y)}"]
    for index, (to_x, to_y) in enumerate(rest):
        end = f"{_number(to_x)} {_number(to_y)}"
        if index % 2 == 1:
            parts.append(f"L{end}")
        else:
            bend = max(abs(to_x - x) / 2, 24)
            parts.append(f"C{_number(x + bend)} {_number(y)} {_number(to_x - bend)} {_number(to_y)} {end}")
        x, y = to_x, to_y
    return "".join(parts)


_CHANGE = format_html(" {}", "data-change")
_CHANGE_ALONE = format_html(' {} tabindex="-1"', "data-change")


def _node(node: PlacedNode, face: Face) -> SafeString:
    """Return the box and, over it, the link: so its name is its label and not the cut words of the drawing."""
    kind = "port" if face.is_port else _node_class(face)
    if not face.url:
        return format_html(
            '<g class="node {}" role="img" aria-label="{}"{}><title>{}</title>{}</g>',
            kind,
            face.words,
            _CHANGE_ALONE if face.is_change else "",
            face.words,
            _box(node, face),
        )
    return format_html(
        '<g class="node {}"><g aria-hidden="true">{}</g><a href="{}" aria-label="{}"{}><title>{}</title>{}</a></g>',
        kind,
        _box(node, face),
        face.url,
        face.words,
        _CHANGE if face.is_change else "",
        face.words,
        _rect("hit", node),
    )


def _box(node: PlacedNode, face: Face) -> SafeString:
    sign = face.badge.sign if face.badge else ""
    word = _cut(face.badge.word if face.badge else face.note, node.w * 0.55, _SMALL_UNIT)
    indent = _PAD + (16 if sign else 0)
    below = f"✗ {face.fault}" if face.fault else face.note if face.is_change and face.note else face.detail
    detail_room = node.w - 2 * _PAD - (len(word) * _SMALL_UNIT + 8 if word else 0)
    return format_html(
        "{}{}{}{}{}",
        _rect("box", node),
        _text("sign", node.x + _PAD, node.y + 18, sign),
        _text("name", node.x + indent, node.y + 18, _cut(face.name, node.w - _PAD - indent, _NAME_UNIT)),
        _text("sub fault" if face.fault else "sub", node.x + _PAD, node.y + 35, _cut(below, detail_room, _SMALL_UNIT)),
        _text("sub word", node.x + node.w - _PAD, node.y + 35, word, end=True),
    )


def _rect(kind: str, node: PlacedNode) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="6"/>',
        kind,
        _number(node.x),
        _number(node.y),
        _number(node.w),
        _number(node.h),
    )


def _node_class(face: Face) -> str:
    if face.badge is None:
        return "faulty" if face.fault else ""
    word = face.badge.word.lower()
    kind = word if word in {"added", "removed", "changed"} else face.badge.tone
    return f"{kind} faulty" if face.fault else kind


def _text(kind: str, x: float, y: float, text: str, *, end: bool = False) -> SafeString | str:
    if not text:
        return ""
    anchor = format_html(' text-anchor="{}"', "end") if end else ""
    return format_html('<text class="{}" x="{}" y="{}"{}>{}</text>', kind, _number(x), _number(y), anchor, text)


def _cut(text: str, room: float, unit: float) -> str:
    """Return the text as far as it has room; what is cut is cut from its middle, since names differ at their ends."""
    shown = plain_visible(text)
    letters = max(int(room / unit), 5)
    if len(shown) <= letters:
        return shown
    tail = (letters - 1) // 3
    return f"{shown[: letters - 1 - tail]}…{shown[-tail:]}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True)
class TableRow:
    """One step in the table beside the drawing."""

    face: Face
    takes: list[str]
    gives: list[str]


def table_rows(drawing: Drawing) -> list[TableRow]:
    """Return the steps in the order of the graph, each with what it takes and gives in words."""
    takes: dict[str, list[str]] = defaultdict(list)
    gives: dict[str, list[str]] = defaultdict(list)
    for edge in drawing.graph.edges:
        source, target = drawing.faces[edge.source].name, drawing.faces[edge.target].name
        takes[edge.target].append(plain_visible(f"{edge.target_port} from {source}.{edge.source_port}"))
        gives[edge.source].append(plain_visible(f"{edge.source_port} to {target}.{edge.target_port}"))
    nodes = (node for node in drawing.graph.nodes if not drawing.faces[node.id].is_port)
    return [TableRow(drawing.faces[node.id], takes[node.id], gives[node.id]) for node in nodes]
