"""The plain parts of a graph: nodes, edges and the two together; knows nothing of where they come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Node:
    """A step: `component` is what it runs ("component:train:3"), "" for an inline one."""

    id: str
    type: str
    component: str = ""


@dataclass(frozen=True, order=True)
class Edge:
    """A flow from a port of one node to a port of another."""

    source: str
    source_port: str
    target: str
    target_port: str


@dataclass(frozen=True)
class Graph:
    """The nodes in the order they are written, and the edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
