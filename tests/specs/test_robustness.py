"""Documents of any shape: a random piece of a sound document replaced by a random value never raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlopsportal.specs import comparison, digest, documents, graph, normalize, order, recurrence
from mlopsportal.specs.codes import CODES
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.interface import interface_of
from mlopsportal.specs.lift import interfaces_for, lift
from mlopsportal.specs.triggers import InvalidTrigger, Reading
from mlopsportal.specs.validate import check, judge
from tests.specs.building import demo, document, guide

SOUND = [
    *[item.value for item in guide()],
    {"action": "run", "target": "component:p:1", "inputs": {"a": 1}, "compute": "serverless"},
    {
        "name": "s",
        "trigger": {"type": "cron", "expression": "0 6 * * 1"},
        "create_job": {"job": "./a.yml", "settings": {}},
    },
    {
        "type": "pipeline",
        "version": "1",
        "name": "p",
        "inputs": {"x": {"type": "number", "min": 1, "max": 2, "default": 1, "enum": ["1"]}},
        "jobs": {
            "a": {"component": {"command": "x ${{inputs.y}}", "inputs": {"y": {"type": "string"}}}, "inputs": {"y": 1}}
        },
    },
]
words = st.sampled_from(
    [
        "",
        "x",
        "azureml:a:1",
        "azureml:a@latest",
        "./a.yml",
        "../a.yml",
        "${{parent.jobs.a.outputs.b}}",
        "${{jobs.a}}",
        "${{}}",
        "pipeline",
        "command",
        "recurrence",
        "component:a:1",
        "9" * 300,
        "\u202e",
        "/etc/passwd",
        "0 6 * * 1",
        "${{parent}}",
    ]
)
leaves = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)


def places(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield steps
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*steps, key))


def replaced(value: Any, steps: tuple[Any, ...], new: Any) -> Any:
    if not steps:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[steps[0]] = replaced(value[steps[0]], steps[1:], new)
    return copied


@st.composite
def broken(draw: st.DrawFn) -> Document:
    value = draw(st.sampled_from(SOUND))
    for _ in range(draw(st.integers(1, 2))):
        value = replaced(value, draw(st.sampled_from(list(places(value)))), draw(values))
    return document(json.dumps(value))


@settings(max_examples=300)
@given(broken())
def test_no_document_raises(broken_document: Document) -> None:
    others = [item for item in guide() if item.ref != broken_document.ref]
    together = [broken_document, *others]
    for mirror in (None, demo()):
        found = check(together, mirror=mirror, now=datetime.now(UTC))
        judged = judge(together, mirror=mirror, default_compute="serverless", now=datetime.now(UTC))
        codes = {problem.code for problems in found.values() for problem in problems}
        assert codes <= set(CODES)
    result = judged[broken_document.path].document
    assert documents.kind_of(result.value) is result.kind
    digest.revision_digest([(item.path, item.text) for item in together])
    if not isinstance(result.value, dict):
        return
    graph.layout(graph.graph_of(result.value, with_ports=True))
    interface_of(result.value)
    order.dependencies_of(result)
    comparison.compare_documents(guide()[0], result)
    digest.definition_digest(normalize.definition_of_value(result.value))
    digest.fingerprint("component", {"properties": {"componentSpec": result.value}})
    digest.fingerprint("schedule", {"properties": result.value})
    normalize.definition_of_schedule({"properties": {"action": {"jobDefinition": result.value}}})
    if judged[broken_document.path].ok and result.kind is Kind.PIPELINE_JOB:
        lift(result.value, path="a.yml", version="1", interfaces=interfaces_for(together, demo()))


@given(values)
def test_no_trigger_raises_anything_but_invalid(value: Any) -> None:
    for base in (
        {"type": "recurrence", "frequency": "day", "interval": 1},
        {"type": "cron", "expression": "0 6 * * 1"},
    ):
        for key in (*base, "schedule", "time_zone", "start_time", "end_time"):
            trigger = {**base, key: value}
            recurrence.describe(trigger)
            assert {fault.code for fault in Reading(trigger).faults} <= set(CODES)
            with suppress(InvalidTrigger):
                recurrence.fires(trigger, datetime.now(UTC), 3)
                recurrence.warnings(trigger)
