from __future__ import annotations

from mlopsportal.specs.graph import Edge, Graph, Node
from mlopsportal.ui.drawing import drawing_of
from tests.ui.rendering import Elements, render


def drawn_graph() -> Graph:
    nodes = (Node("prep", "command", "component:prep:1"), Node("train", "pipeline", "component:train:2"))
    return Graph(nodes, (Edge("prep", "clean", "train", "data"), Edge("prep", "stats", "train", "stats")))


def test_graph_nodes_are_links_that_say_their_state() -> None:
    drawing = drawing_of(drawn_graph(), workspace="demo", states={"train": "Failed"}, notes={"train": "3 min"})
    markup = render("{% graph drawing %}", drawing=drawing)
    assert '<a href="/w/demo/components/prep/versions/1/" aria-label="prep, prep:1">' in markup
    assert '<a href="/w/demo/pipelines/train/versions/2/" aria-label="train, train:2, Failed, 3 min">' in markup
    assert 'class="node bad"' in markup
    assert "✗" in markup
    assert "prep.clean → train.data\nprep.stats → train.stats" in markup


def test_a_comparison_says_what_does_not_fit_and_what_became_of_each_edge() -> None:
    fine, wrong = drawn_graph().edges
    drawing = drawing_of(
        drawn_graph(),
        workspace="demo",
        states={"train": "changed"},
        group="difference",
        edge_kinds={fine: "added", wrong: "broken"},
        faults={"train": "does not fit"},
        notes={"prep": "was clean"},
    )
    markup = render("{% graph drawing %}", drawing=drawing)
    assert 'class="node changed faulty"' in markup
    assert 'aria-label="train, train:2, Changed, does not fit" data-change>' in markup
    assert "✗ does not fit" in markup
    assert 'class="edge broken"' in markup
    assert "prep.clean → train.data (added)\nprep.stats → train.stats (does not fit)" in markup
    assert markup.count("data-change") == 1


def test_a_wide_graph_has_buttons_that_only_script_shows() -> None:
    nodes = tuple(Node(f"n{number}", "command") for number in range(6))
    edges = tuple(Edge(f"n{number}", "out", f"n{number + 1}", "in") for number in range(5))
    plain = render("{% graph drawing %}", drawing=drawing_of(Graph(nodes, edges)))
    assert plain.count("data-zoom=") == plain.count("hidden>") == 3
    compared = drawing_of(Graph(nodes, edges), states={"n1": "added"}, group="difference")
    assert render("{% graph drawing %}", drawing=compared).count("data-walk=") == 2


def test_long_names_stay_apart_in_a_graph() -> None:
    names = [f"train_lightgbm_with_a_very_long_name_{number}" for number in (1, 2)]
    markup = render(
        "{% graph drawing %}", drawing=drawing_of(Graph(tuple(Node(name, "command") for name in names), ()))
    )
    assert ">train_lightgbm_w…g_name_1</text>" in markup
    assert ">train_lightgbm_w…g_name_2</text>" in markup


def test_the_graphs_table_says_what_flows() -> None:
    text = Elements(render("{% graph_table drawing %}", drawing=drawing_of(drawn_graph()))).text
    assert "data from prep.clean" in text
    assert "stats to train.stats" in text


def test_an_empty_graph_says_so() -> None:
    assert "no steps" in render("{% graph drawing %}", drawing=drawing_of(Graph((), ())))
