"""Faults as people really write them: each has its place and a fix, and the file with the fix has no error left."""

from __future__ import annotations

import pytest

from tests.specs.building import errors, problems

HEAD = "type: command\nname: c\nversion: 1\ncommand: x\nenvironment: azureml:e:1\n"
STEP = "type: pipeline\nname: p\nversion: 1\ninputs: {x: {type: string}}\njobs:\n  a:\n    type: command\n"
RUN = f"{STEP}    component: azureml:c:1\n"
JOB = "type: pipeline\ncompute: azureml:c\njobs:\n  a:\n    type: command\n    component: azureml:c:1\n"
SCHEDULE = "name: s\ntrigger:\n  type: recurrence\n  frequency: week\n  interval: 1\n"
RUNS = "create_job: azureml:p:1\n"
X = "    inputs:\n      x: "


@pytest.mark.parametrize(
    ("wrong", "code", "path", "line", "right"),
    [
        (HEAD + "tags:\n\ta: b\n", "yaml-syntax", "", 7, HEAD + "tags:\n  a: b\n"),
        (HEAD + "description: a: b\n", "yaml-syntax", "", 6, HEAD + "description: 'a: b'\n"),
        (HEAD + "name: d\n", "yaml-duplicate-key", "name", 6, HEAD),
        (HEAD.replace("azureml:e:1", "e:1"), "reference-form", "environment", 5, HEAD),
        (HEAD.replace("azureml:e:1", "azureml:e"), "environment-no-version", "environment", 5, HEAD),
        (HEAD.replace("name: c", "name: My-Comp"), "name-rule", "name", 2, HEAD.replace("name: c", "name: my_comp")),
        (HEAD + "inputs:\n  x: string\n", "port-type", "inputs.x", 7, HEAD + "inputs:\n  x: {type: string}\n"),
        (
            HEAD + "inputs:\n  x: {type: int}\n",
            "port-type",
            "inputs.x.type",
            7,
            HEAD + "inputs:\n  x: {type: integer}\n",
        ),
        (
            HEAD + "inputs:\n  x: {type: Integer}\n",
            "port-type",
            "inputs.x.type",
            7,
            HEAD + "inputs:\n  x: {type: integer}\n",
        ),
        (
            HEAD.replace(": x", ": x ${{parent.inputs.x}}") + "inputs: {x: {type: string}}\n",
            "binding-malformed",
            "command",
            4,
            HEAD.replace(": x", ": x ${{inputs.x}}") + "inputs: {x: {type: string}}\n",
        ),
        (HEAD.replace("comm", "com", 2).replace("type: com", "type: comm"), "key-unknown", "comand", 4, HEAD),
        (HEAD + "resources:\n  instance_count: two\n", "value-type", "resources.instance_count", 7, HEAD),
        (RUN + X + "${{inputs.x}}\n", "binding-malformed", "jobs.a.inputs.x", 10, RUN + X + "${{parent.inputs.x}}\n"),
        (RUN + X + "\n", "value-type", "jobs.a.inputs.x", 10, RUN + X + "1\n"),
        (RUN + "    limits:\n      timeout: 1h\n", "value-type", "jobs.a.limits.timeout", 10, RUN),
        (RUN + "    compute: {target: c}\n", "value-type", "jobs.a.compute", 9, RUN + "    compute: azureml:c\n"),
        (RUN + "    environment_variables: [A]\n", "value-type", "jobs.a.environment_variables", 9, RUN),
        (JOB + "inputs:\n  x:\n", "value-type", "inputs.x", 8, JOB + "inputs:\n  x: 1\n"),
        (JOB + "inputs:\n  x: [1]\n", "value-type", "inputs.x", 8, JOB + "inputs:\n  x: 1\n"),
        (SCHEDULE + "  timezone: UTC\n" + RUNS, "key-unknown", "trigger.timezone", 6, SCHEDULE + RUNS),
        (SCHEDULE + "  pattern: {hours: 2, minutes: 0}\n" + RUNS, "key-unknown", "trigger.pattern", 6, SCHEDULE + RUNS),
        (SCHEDULE + "job: {path: ./p.yml}\n", "schedule-job-form", "job", 6, SCHEDULE + RUNS),
    ],
)
def test_a_fault_has_its_place_and_goes_away_with_its_fix(
    wrong: str, code: str, path: str, line: int, right: str
) -> None:
    found = errors(wrong)[code]
    assert (found.path, found.line) == (path, line)
    assert found.column
    assert found.fix
    assert errors(right) == {}


def test_a_component_may_say_its_type_in_capitals_as_the_sdk_has_it() -> None:
    assert problems(HEAD.replace("type: command", "type: Command")) == []


@pytest.mark.parametrize("text", ["${parent.inputs.x}", "{{parent.inputs.x}}", "$ {{parent.inputs.x}}", "${inputs.x}"])
def test_what_is_nearly_a_binding_is_pointed_at(text: str) -> None:
    (found,) = problems(RUN + X + f"'{text}'\n")
    assert (found.code, found.path, found.is_error) == ("binding-lookalike", "jobs.a.inputs.x", False)
    assert "`${{parent.inputs.x}}`" in found.fix
    (found,) = problems(HEAD.replace(": x", ": 'x ${inputs.x} ${HOME} ${x.y}'"))
    assert "`${{inputs.x}}`" in found.fix
