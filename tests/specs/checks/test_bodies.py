from __future__ import annotations

import pytest

from tests.specs.building import document, errors

BODY = document(
    """
    type: command
    name: c
    version: 1
    inputs: {start: {type: uri_folder, optional: true}, n: {type: integer, optional: true}}
    outputs: {model: {type: uri_folder}, more: {type: boolean, is_control: true}, end: {type: uri_folder}}
    command: x $[[${{inputs.start}}]] $[[${{inputs.n}}]]
    environment: azureml:e:1
    """,
    "c.yml",
)
JOB = "type: pipeline\nsettings: {default_compute: azureml:c}\njobs:\n  a: {type: command, component: ./c.yml}\n  s: "
WHILE = (
    "{type: do_while, body: '${{parent.jobs.a}}', condition: more, mapping: {model: start},"
    " limits: {max_iteration_count: 3}}"
)
FOR = "{type: parallel_for, body: '${{parent.jobs.a}}', items: [{n: 1}, {n: 2}]}"


@pytest.mark.parametrize(
    "step",
    [
        WHILE,
        WHILE.replace("condition: more", "condition: '${{parent.jobs.a.outputs.more}}'"),
        WHILE.replace("condition: more, ", ""),
        FOR,
        FOR.replace("[{n: 1}, {n: 2}]", "'${{parent.jobs.a.outputs.model}}'"),
    ],
)
def test_a_loop_asks_and_hands_on_what_its_body_has(step: str) -> None:
    assert errors(JOB + step, BODY) == {}


@pytest.mark.parametrize(
    ("step", "code", "path", "fix"),
    [
        (WHILE.replace("more,", "mroe,"), "control-condition", "condition", "`more`"),
        (WHILE.replace("more,", "end,"), "control-condition", "condition", "is_control"),
        (WHILE.replace("model:", "modle:"), "control-mapping", "mapping.modle", "`model`"),
        (WHILE.replace("start}", "strat}"), "control-mapping", "mapping.model", "`start`"),
        (WHILE.replace("start}", "[start, n]}"), "control-mapping", "mapping.model", "of that type"),
        (FOR.replace("n:", "m:"), "control-items", "items", "Use one of: n, start"),
        (FOR.replace("[{n: 1}, {n: 2}]", "'[{\"m\": 1}]'"), "control-items", "items", "Use one of: n, start"),
    ],
)
def test_a_loop_that_its_body_does_not_fit_is_told(step: str, code: str, path: str, fix: str) -> None:
    found = errors(JOB + step, BODY)[code]
    assert (found.path, found.line) == (f"jobs.s.{path}", 5)
    assert fix in found.fix
