"""Two graphs laid over each other, and the folding of what stayed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopsportal.comparison.overlay import Overlay, folded, overlay_of, renamed
from mlopsportal.specs.graph import find_cycle
from tests.comparison.building import edited, large


def node(component: str, **inputs: str) -> dict[str, Any]:
    bound = {port: f"${{{{parent.jobs.{source}.outputs.out}}}}" for port, source in inputs.items()}
    return {"type": "command", "component": f"component:{component}:1", "inputs": bound}


QUICK_SECONDS = 5  # one pass takes a twentieth of a second; one pass a step took minutes
OLD = {"jobs": {"prep": node("prep"), "train": node("train", data="prep"), "score": node("score", model="train")}}


def test_the_same_graph_has_nothing_but_same_nodes() -> None:
    overlay = overlay_of(OLD, OLD)
    assert set(overlay.states.values()) == {"same"}
    assert not overlay.edge_kinds


def test_added_removed_and_changed_nodes_are_told() -> None:
    new = {
        "jobs": {"prep": node("prep"), "train": node("train2", data="prep"), "report": node("report", model="train")}
    }
    overlay = overlay_of(OLD, new)
    assert overlay.states == {"prep": "same", "train": "changed", "score": "removed", "report": "added"}
    assert sorted(overlay.edge_kinds.values()) == ["added", "removed"]


def test_a_node_that_only_got_another_name_is_moved_and_so_are_the_next_ones() -> None:
    new = {"jobs": {"clean": node("prep"), "fit": node("train", data="clean"), "score": node("score", model="fit")}}
    overlay = overlay_of(OLD, new)
    assert overlay.states == {"clean": "moved", "fit": "moved", "score": "same"}
    assert overlay.old_names == {"clean": "prep", "fit": "train"}
    assert not overlay.edge_kinds


def chain(count: int, name: str) -> dict[str, Any]:
    jobs = {f"{name}{number}": node(f"c{number % 7}", data=f"{name}{number - 1}") for number in range(1, count)}
    return {"jobs": {f"{name}0": node("first")} | jobs}


@pytest.mark.parametrize("backwards", [False, True])
def test_two_thousand_steps_with_new_names_one_behind_the_other_are_found_in_one_pass(backwards: bool) -> None:
    old = chain(2000, "old")
    if backwards:
        old = {"jobs": dict(reversed(old["jobs"].items()))}
    began = time.process_time()
    names = renamed(old, chain(2000, "new"))
    assert time.process_time() - began < QUICK_SECONDS
    assert names == {f"old{number}": f"new{number}" for number in range(2000)}


def test_each_binding_of_a_text_follows_a_new_name() -> None:
    def reading(prep: str) -> dict[str, Any]:
        text = f"${{{{parent.jobs.{prep}.outputs.a}}}},${{{{parent.jobs.{prep}.outputs.b}}}}"
        train = {"type": "command", "component": "component:train:1", "inputs": {"both": text}}
        return {"jobs": {prep: node("prep"), "train": train}}

    assert overlay_of(reading("prep"), reading("clean")).states == {"clean": "moved", "train": "same"}


def test_a_step_inside_an_inline_pipeline_keeps_its_name_when_one_outside_is_renamed() -> None:
    def nested(outer: str) -> dict[str, Any]:
        inner = {"type": "pipeline", "jobs": {"prep": node("prep"), "train": node("train", data="prep")}}
        return {"jobs": {outer: node("prep"), "deep": {"type": "pipeline", "component": inner}}}

    assert overlay_of(nested("prep"), nested("clean")).states == {"clean": "moved", "deep": "same"}


def test_steps_in_a_circle_with_new_names_are_no_renaming() -> None:
    old = {"jobs": {"a": node("x", i="b"), "b": node("x", i="a")}}
    assert renamed(old, {"jobs": {"c": node("x", i="d"), "d": node("x", i="c")}}) == {}


def test_two_nodes_alike_are_not_taken_for_one_another() -> None:
    old = {"jobs": {"a": node("prep"), "b": node("prep")}}
    new = {"jobs": {"c": node("prep"), "d": node("prep")}}
    assert sorted(overlay_of(old, new).states.values()) == ["added", "added", "removed", "removed"]


def test_an_input_that_reads_from_elsewhere_is_a_moved_edge() -> None:
    new = {"jobs": OLD["jobs"] | {"score": node("score", model="prep")}}
    overlay = overlay_of(OLD, new)
    assert {(edge.source, kind) for edge, kind in overlay.edge_kinds.items()} == {
        ("train", "removed"),
        ("prep", "moved"),
    }


def test_what_did_not_change_is_folded_into_regions() -> None:
    old = large(200)
    overlay = overlay_of(old, edited(old))
    few = folded(overlay)
    assert overlay.counts["added"] == 5
    assert overlay.counts["changed"] == 9
    assert overlay.counts["removed"] == 4
    assert overlay.counts["moved"] == 1
    assert len(few.graph.nodes) < len(overlay.graph.nodes) / 2
    inside = {name for region in few.regions for name in region.nodes}
    assert {overlay.states[name] for name in inside} == {"same"}
    assert len(few.graph.nodes) + len(inside) - len(few.regions) == len(overlay.graph.nodes)


def test_five_hundred_unchanged_steps_are_a_handful_of_nodes() -> None:
    old = large(500)
    assert len(folded(overlay_of(old, old)).graph.nodes) <= 10


def test_a_graph_in_a_circle_is_laid_over_all_the_same() -> None:
    ring = {"jobs": {"a": node("x", i="b"), "b": node("x", i="a"), "c": node("y", i="b")}}
    assert folded(overlay_of(ring, {"jobs": ring["jobs"] | {"d": node("z", i="c")}})).graph.nodes


@st.composite
def pipelines(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 14))
    jobs = {}
    for number in range(count):
        sources = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        jobs[f"n{number}"] = node(
            f"c{draw(st.integers(0, 3))}", **{f"i{at}": f"n{source}" for at, source in enumerate(sources)}
        )
    return {"jobs": jobs}


@given(pipelines(), pipelines())
@settings(max_examples=150, deadline=None)
def test_folding_never_makes_a_circle_and_loses_no_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    overlay = overlay_of(old, new)
    few: Overlay = folded(overlay)
    shown = {item.id for item in few.graph.nodes}
    assert {name for name, state in overlay.states.items() if state != "same"} <= shown
    assert len(few.edge_kinds) == len(overlay.edge_kinds)
    if not find_cycle(overlay.graph):
        assert not find_cycle(few.graph)
