from __future__ import annotations

import random
from bisect import bisect_right, insort
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.graph import INPUTS, OUTPUTS, Edge, Graph, Node, find_cycle, graph_of, layers, layout
from tests.specs.building import guide

WS = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"


def test_the_guides_pipeline_is_a_chain() -> None:
    value = next(item.value for item in guide() if item.path == "training-pipeline.yml")
    for node in value["jobs"].values():
        node["inputs"] = {
            port: given.replace("${{jobs.", "${{parent.jobs.") if isinstance(given, str) else given
            for port, given in node["inputs"].items()
        }
    graph = graph_of(value)
    assert [node.component for node in graph.nodes] == [
        "component:data_preparation:1",
        "component:model_training:1",
        "component:model_evaluation:1",
    ]
    assert graph.edges == (
        Edge("data_prep_job", "prepared_data", "train_job", "training_data"),
        Edge("train_job", "model_output", "evaluate_job", "model"),
    )
    assert layers(graph) == [["data_prep_job"], ["train_job"], ["evaluate_job"]]


def test_the_wire_and_the_yaml_give_one_graph() -> None:
    yaml = {
        "jobs": {
            "a": {"type": "command", "component": "azureml:a:1", "outputs": {"o": "${{parent.outputs.z}}"}},
            "b": {
                "type": "command",
                "component": "azureml:b:1",
                "inputs": {"i": {"path": "${{parent.jobs.a.outputs.o}}"}},
            },
        }
    }
    wire = {
        "jobs": {
            "a": {
                "type": "command",
                "componentId": f"{WS}/components/a/versions/1",
                "outputs": {"o": {"value": "${{parent.outputs.z}}", "type": "literal"}},
            },
            "b": {
                "type": "command",
                "componentId": f"{WS}/components/b/versions/1",
                "inputs": {"i": {"value": "${{parent.jobs.a.outputs.o}}", "job_input_type": "literal"}},
            },
        }
    }
    assert graph_of(yaml, with_ports=True) == graph_of(wire, with_ports=True)
    assert [node.id for node in graph_of(yaml, with_ports=True).nodes] == ["a", "b", OUTPUTS]


def test_inputs_and_outputs_of_the_pipeline_are_nodes_when_asked_for() -> None:
    value = {"jobs": {"a": {"inputs": {"i": "${{parent.inputs.x}}"}, "outputs": {"o": "${{parent.outputs.y}}"}}}}
    assert [node.id for node in graph_of(value, with_ports=True).nodes] == [INPUTS, "a", OUTPUTS]
    assert graph_of(value).edges == ()


def test_nothing_that_is_no_pipeline_raises() -> None:
    for value in ({}, {"jobs": None}, {"jobs": {"a": 1}}, {"jobs": {"a": {"inputs": [1], "outputs": "x"}}}):
        assert graph_of(value).edges == ()


def test_a_cycle_is_found() -> None:
    nodes = (Node("a", "command"), Node("b", "command"), Node("c", "command"))
    chain = (Edge("a", "o", "b", "i"), Edge("b", "o", "c", "i"))
    assert find_cycle(Graph(nodes, chain)) == []
    assert find_cycle(Graph(nodes, (*chain, Edge("c", "o", "b", "j")))) == ["b", "c", "b"]
    assert find_cycle(Graph(nodes, (Edge("a", "o", "a", "i"),))) == ["a", "a"]


def ladder(size: int, ends: list[tuple[int, int]]) -> Graph:
    nodes = tuple(Node(f"n{number}", "command") for number in range(size))
    edges = (Edge(f"n{a % size}", "o", f"n{b % size}", "i") for a, b in ends)
    return Graph(nodes, tuple(dict.fromkeys(edges)))


pairs = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60)


@given(st.integers(1, 30), pairs)
def test_every_drawing_is_complete_and_without_overlap(size: int, ends: list[tuple[int, int]]) -> None:
    graph = ladder(size, ends)
    drawing = layout(graph)
    assert drawing == layout(graph)
    assert [node.id for node in drawing.nodes] == [node.id for node in graph.nodes]
    assert [placed.edge for placed in drawing.edges] == list(graph.edges)
    for placed in drawing.nodes:
        assert 0 <= placed.x <= drawing.width - placed.w
        assert 0 <= placed.y <= drawing.height - placed.h
    by_column: dict[float, list[float]] = {}
    for placed in drawing.nodes:
        by_column.setdefault(placed.x, []).append(placed.y)
    for heights in by_column.values():
        ordered = sorted(heights)
        assert all(low + 44 <= high for low, high in pairwise(ordered))


@given(st.integers(1, 30), pairs)
def test_without_cycles_every_edge_leads_to_a_later_layer(size: int, ends: list[tuple[int, int]]) -> None:
    graph = ladder(size, [(min(a % size, b % size), max(a % size, b % size)) for a, b in ends if a % size != b % size])
    layer = {name: index for index, row in enumerate(layers(graph)) for name in row}
    assert all(layer[edge.source] < layer[edge.target] for edge in graph.edges)


def test_a_large_pipeline_is_drawn() -> None:
    edges: list[Any] = [(number - step, number) for number in range(1, 500) for step in (1, 7) if number >= step]
    drawing = layout(ladder(500, edges))
    assert len({(node.x, node.y) for node in drawing.nodes}) == 500
    assert layout(Graph((), ())).nodes == ()


def test_the_long_edges_of_a_step_share_one_trunk() -> None:
    nodes = tuple(Node(f"n{number}", "command") for number in range(6))
    chain = [Edge(f"n{number}", "out", f"n{number + 1}", "in") for number in range(5)]
    hub = [Edge("n0", "out", f"n{number}", "config") for number in range(2, 6)]
    drawing = layout(Graph(nodes, (*chain, *hub)))
    ways = {item.edge.target: item.points[1:-1] for item in drawing.edges if item.edge in hub}
    assert [len(ways[f"n{number}"]) for number in range(2, 6)] == [2, 4, 6, 8]
    assert all(ways[f"n{number}"] == ways["n5"][: len(ways[f"n{number}"])] for number in range(2, 6))


def crossings(graph: Graph) -> int:
    """Count how often two lines between neighbouring layers cross; lines that lie on one another count once."""
    gaps: dict[tuple[float, float], set[tuple[float, float]]] = {}
    for placed in layout(graph).edges:
        for (x, y), (to_x, to_y) in pairwise(placed.points):
            if 0 < to_x - x < 200:
                gaps.setdefault((x, to_x), set()).add((y, to_y))
    found = 0
    for lines in gaps.values():
        ends: list[float] = []
        for _, end in sorted(lines):
            found += len(ends) - bisect_right(ends, end)
            insort(ends, end)
    return found


def test_drawings_of_sixty_steps_have_few_crossings() -> None:
    source = random.Random(3)
    shapes = {
        "as people write them": ([(n - back, n) for n in range(60) for back in (1, 7) if n >= back], 60),
        "a tree": ([((n - 1) // 3, n) for n in range(1, 60)], 15),
        "at random": ([(source.randrange(n), n) for n in range(1, 60) for _ in range(3)], 650),
        "a chain that feeds its end": ([end for n in range(59) for end in ((n, n + 1), (n, 59))], 0),
        "a fan out and in": ([end for n in range(1, 59) for end in ((0, n), (n, 59))], 0),
    }
    assert {name: crossings(ladder(60, ends)) <= most for name, (ends, most) in shapes.items()} == dict.fromkeys(
        shapes, True
    )


def test_edges_that_pass_very_many_layers_run_below_everything() -> None:
    chain = [(number, number + 1) for number in range(99)]
    drawing = layout(ladder(100, [*chain, (0, 60), (0, 70), (5, 65), (80, 99)]))
    lowest = max(node.y + node.h for node in drawing.nodes)
    far = {placed.edge.source + placed.edge.target: placed.points for placed in drawing.edges if len(placed.points) > 2}
    assert [len(points) for points in far.values()] == [4] * 4
    lanes = {name: points[1][1] for name, points in far.items()}
    assert lanes["n0n60"] == lanes["n0n70"] != lanes["n5n65"]
    assert lanes["n80n99"] in (lanes["n0n60"], lanes["n5n65"])
    assert all(lowest < lane < drawing.height for lane in lanes.values())
    ahead = [end for number in range(250) for end in ((number, number + 1), (number, number + 250))]
    assert max(len(placed.points) for placed in layout(ladder(500, ahead)).edges) == 4
