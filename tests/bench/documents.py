"""What reading, checking, comparing and drawing documents costs, each against something of its own kind."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from mlopsportal.specs.diff import diff
from mlopsportal.specs.documents import read
from mlopsportal.specs.graph import graph_of
from mlopsportal.specs.layout import layout
from mlopsportal.specs.nodes import Edge, Graph, Node
from mlopsportal.specs.parse import parse
from mlopsportal.specs.validate import check

ROUNDS = 15


@dataclass(frozen=True)
class Ratio:
    """One thing measured by another: `bound` is how many times as long it may take."""

    words: str
    bound: float
    what: Callable[[], Any]
    against: Callable[[], Any]

    def measure(self) -> float:
        """Return the ratio of the shortest times of both, taken in turn so that a busy machine slows both."""
        shortest = [float("inf"), float("inf")]
        gc.collect()
        gc.disable()
        try:
            for _ in range(ROUNDS):
                for side, act in enumerate((self.what, self.against)):
                    shortest[side] = min(shortest[side], _seconds(act))
        finally:
            gc.enable()
        return shortest[0] / shortest[1]


def _seconds(act: Callable[[], Any]) -> float:
    started = time.process_time()
    act()
    return time.process_time() - started


@cache
def pipeline(steps: int, *, changed: bool = False) -> str:
    """Write a pipeline of so many steps, each fed by two others and by the pipeline, as people write them."""
    head = (
        "$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json\n"
        f"type: pipeline\nname: large\nversion: '{1 + changed}'\ndisplay_name: Large pipeline\n"
        "inputs:\n  raw:\n    type: uri_folder\n    description: Sales of one month\n"
        "  rate:\n    type: number\n    default: 0.1\njobs:\n"
    )
    return head + "".join(_step(number, changed and number % 10 == 3) for number in range(steps))


def _step(number: int, changed: bool) -> str:
    before = [f"step_{number - back:03}" for back in (1, 7) if number >= back]
    fed = "".join(
        f"      data_{place}: ${{{{parent.jobs.{name}.outputs.data}}}}\n" for place, name in enumerate(before)
    )
    component = f"azureml:component_{number % 20}:{2 if changed else 1}"
    return (
        f"  step_{number:03}:\n    type: command\n    component: {component}\n"
        f"    compute: azureml:cpu-cluster\n    limits:\n      timeout: {7200 if changed else 3600}\n    inputs:\n"
        f"      raw: ${{{{parent.inputs.raw}}}}\n      rate: ${{{{parent.inputs.rate}}}}\n      fold: {number}\n{fed}"
        "    outputs:\n      data:\n        type: uri_folder\n        mode: rw_mount\n"
    )


def bare(text: str) -> Any:
    """Parse with PyYAML's C loader, and nothing else."""
    return yaml.load(text, Loader=yaml.CSafeLoader)


def read_and_check(text: str) -> None:
    problems = check([read("large.yml", text)])["large.yml"]
    assert not any(problem.is_error for problem in problems)


def drawn(steps: int, ends: Iterable[tuple[int, int]]) -> Graph:
    """Make a graph of so many steps from pairs of their numbers."""
    edges = (Edge(f"step_{a:03}", "out", f"step_{b:03}", "in") for a, b in ends)
    return Graph(tuple(Node(f"step_{number:03}", "command") for number in range(steps)), tuple(dict.fromkeys(edges)))


def _random_edges(steps: int) -> Iterator[tuple[int, int]]:
    source = random.Random(3)
    return ((source.randrange(number), number) for number in range(1, steps) for _ in range(3))


SHAPES: dict[str, Callable[[int], Graph]] = {
    "one long chain": lambda n: drawn(n, ((k, k + 1) for k in range(n - 1))),
    "a wide fan out and in": lambda n: drawn(n, (end for k in range(1, n - 1) for end in ((0, k), (k, n - 1)))),
    "dense layers of ten": lambda n: drawn(n, ((a, b) for a in range(n) for b in range(n) if b // 10 == a // 10 + 1)),
    "a random graph": lambda n: drawn(n, _random_edges(n)),
    "a tree": lambda n: drawn(n, (((k - 1) // 3, k) for k in range(1, n))),
    "a chain of which all feeds the last": lambda n: drawn(
        n, (e for k in range(n - 1) for e in ((k, k + 1), (k, n - 1)))
    ),
    "a chain that feeds far ahead": lambda n: drawn(
        n, (e for k in range(n // 2) for e in ((k, k + 1), (k, k + n // 2)))
    ),
    "circles of two": lambda n: drawn(n, (e for k in range(0, n - 1, 2) for e in ((k, k + 1), (k + 1, k)))),
}
"""Pipelines of other shapes than people's, by what they look like; each of any number of steps."""


def _shape_ratio(words: str, shape: Callable[[int], Graph]) -> Ratio:
    small, large = shape(60), shape(500)
    return Ratio(f"layout of 500 steps by that of 60: {words}", 15, lambda: layout(large), lambda: layout(small))


def _ratios() -> tuple[Ratio, ...]:
    small, left, right = pipeline(60), pipeline(200), pipeline(200, changed=True)
    values = parse(left).value, parse(right).value
    graphs = {steps: graph_of(parse(pipeline(steps)).value) for steps in (60, 500)}
    return (
        Ratio("parse and check 60 steps, by the bare C loader", 3, lambda: read_and_check(small), lambda: bare(small)),
        Ratio(
            "diff of two pipelines of 200 steps, by parsing both",
            0.5,
            lambda: diff(*values),
            lambda: (parse(left), parse(right)),
        ),
        Ratio("layout of 60 steps, by parsing them", 2, lambda: layout(graphs[60]), lambda: parse(small)),
        Ratio("layout of 500 steps, by that of 60", 15, lambda: layout(graphs[500]), lambda: layout(graphs[60])),
        *(_shape_ratio(words, shape) for words, shape in SHAPES.items()),
    )


RATIOS = _ratios()
