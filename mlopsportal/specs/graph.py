"""The steps of a pipeline and what flows between them; the drawing is made by `specs.layout`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlopsportal.specs.bindings import binding_of
from mlopsportal.specs.layout import Layout, PlacedEdge, PlacedNode, layers, layout
from mlopsportal.specs.nodes import Edge, Graph, Node
from mlopsportal.specs.normalize import component_text

__all__ = [
    "INPUTS",
    "OUTPUTS",
    "Edge",
    "Graph",
    "Layout",
    "Node",
    "PlacedEdge",
    "PlacedNode",
    "find_cycle",
    "graph_of",
    "inputs_of",
    "layers",
    "layout",
]

INPUTS, OUTPUTS = "(inputs)", "(outputs)"
"""Ids of the two pseudo-nodes that stand for the pipeline's own inputs and outputs; no node can be called so."""


def graph_of(definition: Mapping[str, Any], *, with_ports: bool = False) -> Graph:
    """Read the graph of a pipeline: YAML form, componentSpec, run properties or a definition. Never raises.

    With `with_ports` the pipeline's inputs and outputs are two nodes more, where anything is bound to them.
    Bindings to nodes that do not exist make no edge.
    """
    jobs = definition.get("jobs")
    jobs = jobs if isinstance(jobs, Mapping) else {}
    nodes = [_node(name, node) for name, node in jobs.items() if isinstance(node, Mapping)]
    edges = [edge for name, node in jobs.items() if isinstance(node, Mapping) for edge in _edges(name, node)]
    known = {node.id for node in nodes}
    if with_ports:
        touched = {edge.source for edge in edges} | {edge.target for edge in edges}
        ends = [Node(end, "pipeline") for end in (INPUTS, OUTPUTS) if end in touched]
        nodes = [*ends[:1], *nodes, *ends[1:]] if len(ends) == 2 else [*nodes, *ends]
        known |= {INPUTS, OUTPUTS}
    kept = dict.fromkeys(edge for edge in edges if edge.source in known and edge.target in known)
    return Graph(tuple(nodes), tuple(kept))


def _node(name: str, node: Mapping[str, Any]) -> Node:
    declared = node.get("type")
    return Node(str(name), declared if isinstance(declared, str) else "command", component_text(node))


def _edges(name: str, node: Mapping[str, Any]) -> Iterator[Edge]:
    for port, value in _items(node.get("inputs")):
        binding = binding_of(value)
        if binding is not None and binding.is_node_port:
            yield Edge(binding.parts[2], binding.port, name, port)
        elif binding is not None and binding.is_parent_input:
            yield Edge(INPUTS, binding.port, name, port)
    for port, value in _items(node.get("outputs")):
        binding = binding_of(value)
        if binding is not None and binding.is_parent_output:
            yield Edge(name, port, OUTPUTS, binding.port)


def inputs_of(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a node is given, port by port; the inputs of a group one by one, dotted."""
    return _items(node.get("inputs"))


def _items(values: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(values, Mapping):
        for port, value in values.items():
            if isinstance(value, Mapping) and not ({"path", "uri", "value", "type", "mode"} & value.keys()):
                yield from ((f"{port}.{inner}", item) for inner, item in value.items())  # a group of inputs
            else:
                yield str(port), value


def find_cycle(graph: Graph) -> list[str]:
    """Return the ids around one cycle, the first repeated at the end; empty when there is none."""
    following: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        following[edge.source].append(edge.target)
    state: dict[str, int] = {}  # 1 on the way, 2 done
    for start in following:
        trail: list[tuple[str, Iterator[str]]] = []
        if start not in state:
            state[start] = 1
            trail.append((start, iter(following[start])))
        while trail:
            node, rest = trail[-1]
            follower = next(rest, None)
            if follower is None:
                state[node] = 2
                trail.pop()
            elif state.get(follower) == 1:
                ids = [item for item, _ in trail]
                return [*ids[ids.index(follower) :], follower]
            elif follower not in state:
                state[follower] = 1
                trail.append((follower, iter(following[follower])))
    return []
