from __future__ import annotations

import pytest

from tests.specs.building import advice, demo, document, errors

JOB = "type: pipeline\nsettings: {default_compute: azureml:serverless}\n"
PREP = document(
    """
    type: command
    name: prep
    version: 1
    command: x ${{inputs.raw}} ${{inputs.n}}
    environment: azureml:data-prep-env:1
    inputs: {raw: {type: uri_folder}, n: {type: integer, default: 1}}
    outputs: {out: {type: uri_folder}}
    """,
    "prep.yml",
)


def node(inputs: str, component: str = "azureml:prep:1", outputs: str = "{}") -> str:
    return f"{{type: command, component: '{component}', inputs: {inputs}, outputs: {outputs}}}"


def job(**nodes: str) -> str:
    return (
        JOB
        + "inputs: {raw: {type: uri_folder, path: 'azureml:raw-data:1'}, n: 3, file: {type: uri_file}}\njobs:\n"
        + "".join(f"  {name}: {text}\n" for name, text in nodes.items())
    )


def test_a_pipeline_whose_steps_fit_is_right() -> None:
    text = job(
        a=node("{raw: '${{parent.inputs.raw}}', n: '${{parent.inputs.n}}'}"),
        b=node("{raw: '${{parent.jobs.a.outputs.out}}', n: 5}", "./prep.yml"),
    )
    assert errors(text, PREP, mirror=demo()) == {}
    assert errors(text, PREP) == {}


@pytest.mark.parametrize(
    ("inputs", "code", "path"),
    [
        ("{raw: '${{parent.jobs.nope.outputs.out}}'}", "binding-unknown-node", "jobs.b.inputs.raw"),
        ("{raw: '${{parent.jobs.a.outputs.nope}}'}", "binding-unknown-port", "jobs.b.inputs.raw"),
        ("{raw: '${{parent.inputs.nope}}'}", "binding-unknown-input", "jobs.b.inputs.raw"),
        ("{raw: '${{parent.jobs.a}}'}", "binding-malformed", "jobs.b.inputs.raw"),
        ("{raw: '${{jobs.a.outputs.out}}'}", "binding-old-jobs", "jobs.b.inputs.raw"),
        ("{raw: '${{parent.inputs.n}}'}", "edge-type", "jobs.b.inputs.raw"),
        ("{raw: '${{parent.inputs.raw}}', n: many}", "edge-type", "jobs.b.inputs.n"),
        ("{raw: '${{parent.inputs.raw}}', n: '${{parent.jobs.a.outputs.out}}'}", "edge-type", "jobs.b.inputs.n"),
        ("{n: 1}", "input-missing", "jobs.b.inputs"),
        ("{raw: '${{parent.inputs.raw}}', nn: 1}", "input-unknown", "jobs.b.inputs.nn"),
        ("{raw: {path: '${{parent.jobs.b.outputs.out}}'}}", "cycle", "jobs.b"),
    ],
)
def test_what_does_not_fit_between_steps_is_an_error(inputs: str, code: str, path: str) -> None:
    text = job(a=node("{raw: '${{parent.inputs.raw}}'}"), b=node(inputs))
    found = errors(text, PREP)
    assert code in found
    assert found[code].path == path


def test_nearly_the_right_type_is_advice() -> None:
    text = job(a=node("{raw: '${{parent.inputs.file}}'}"))
    assert errors(text, PREP) == {}
    assert "edge-type-near" in advice(text, PREP)


def test_an_output_that_the_component_lacks_is_an_error() -> None:
    assert "output-unknown" in errors(job(a=node("{raw: '${{parent.inputs.raw}}'}", outputs="{x: {}}")), PREP)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("type: pipeline\njobs: {}\n", "jobs-missing"),
        ("type: pipeline\njobs: {a: {component: 'azureml:c:1'}}\n", "compute-missing"),
        (JOB + "jobs: {a-b: {component: 'azureml:c:1'}}\n", "node-name"),
        (JOB + "jobs: {a: {type: python, component: 'azureml:c:1'}}\n", "node-type"),
        (JOB + "jobs: {a: {type: command}}\n", "node-component-missing"),
        (JOB + "jobs: {a: {type: pipeline}}\n", "node-component-missing"),
        (JOB + "jobs: {a: {component: }}\n", "node-component-missing"),
        (JOB + "jobs: {a: train}\n", "value-type"),
        (JOB + "jobs: {a: {command: x}}\n", "environment-missing"),
        (JOB + "jobs: {a: {component: ./nope.yml}}\n", "file-missing"),
        (JOB + "jobs: {a: {component: 'train:1'}}\n", "reference-form"),
        (JOB + "jobs: {a: {component: 'azureml:c:1', outputs: {o: {version: 1}}}}\n", "output-registration"),
        (JOB + "experimet_name: x\njobs: {a: {component: 'azureml:c:1'}}\n", "key-unknown"),
        (JOB + "name: 'a b'\njobs: {a: {component: 'azureml:c:1'}}\n", "name-rule"),
        ("type: pipeline\nsettings: none\ncompute: c\njobs: {a: {component: 'azureml:c:1'}}\n", "value-type"),
        ("type: pipeline\nname: a-b\nversion: 1\njobs: {a: {component: 'azureml:c:1'}}\n", "name-rule"),
    ],
)
def test_what_azure_refuses_in_a_pipeline_is_an_error(text: str, code: str) -> None:
    found = errors(text)
    assert code in found
    assert found[code].fix


def test_the_missing_compute_names_the_steps_and_the_fix() -> None:
    found = errors("type: pipeline\njobs:\n  a: {component: 'azureml:c:1'}\n  b: {component: 'azureml:c:1'}\n")
    assert "a and b" in found["compute-missing"].message
    assert "default_compute" in found["compute-missing"].fix


def test_a_step_without_type_that_runs_a_pipeline_is_an_error() -> None:
    inner = document("type: pipeline\nname: inner\nversion: 1\njobs: {a: {component: 'azureml:c:1'}}\n", "inner.yml")
    assert "type: pipeline" in errors(JOB + "jobs: {a: {component: ./inner.yml}}\n", inner)["node-type-wrong"].fix
    assert "node-type-missing" in advice(JOB + "jobs: {a: {component: 'azureml:c:1'}}\n")


def test_the_mirror_knows_what_is_not_there() -> None:
    mirror = demo()
    mirror.add("component:old:1", "command", {}, archived=True, deprecated="use new:1")
    text = JOB.replace("serverless", "gpu") + "jobs: {a: {type: command, component: 'azureml:COMPONENT'}}\n"
    assert "compute-unknown" in errors(text.replace("COMPONENT", "old:1"), mirror=mirror)
    assert "reference-unknown" in errors(text.replace("COMPONENT", "new:1"), mirror=mirror)
    assert "reference-unknown" in errors(text.replace("COMPONENT", "new@latest"), mirror=mirror)
    assert "reference-archived" in advice(text.replace("COMPONENT", "old:1"), mirror=mirror)
    assert "use new:1" in advice(text.replace("COMPONENT", "old:1"), mirror=mirror)["reference-deprecated"].message
    assert "reference-floats" in advice(text.replace("COMPONENT", "old@latest"), mirror=mirror)


def test_data_by_label_freezes() -> None:
    text = JOB + "jobs: {a: {type: command, component: 'azureml:c:1'}}\ninputs: {x: {type: uri_folder, path: PATH}}\n"
    assert "reference-freezes" in advice(text.replace("PATH", "azureml:raw-data@latest"))
    assert "reference-unknown" in errors(text.replace("PATH", "azureml:raw-data:9"), mirror=demo())


def test_control_flow_may_name_whole_steps() -> None:
    loop = "type: do_while, body: '${{parent.jobs.BODY}}', condition: x, limits: {max_iteration_count: 3}, mapping: {}"
    nodes = f"a: {{component: 'azureml:c:1'}}, w: {{{loop}}}"
    assert errors(JOB + f"jobs: {{{nodes}}}\n".replace("BODY", "a")) == {}
    assert "binding-unknown-node" in errors(JOB + f"jobs: {{{nodes}}}\n".replace("BODY", "z"))


def test_data_of_another_type_than_the_input_takes_is_seen() -> None:
    mirror = demo()
    mirror.add("data:table:1", "mltable")
    mirror.add("data:file:1", "uri_file")
    for data, near in (("raw-data:1", False), ("table:1", False), ("file:1", True)):
        text = job(a=node(f"{{raw: {{path: 'azureml:{data}'}}}}"))
        assert ("edge-type-near" in advice(text, PREP, mirror=mirror)) is near, data


GROUPED = document(
    """
    type: pipeline
    name: grouped
    version: 1
    inputs:
      g: {type: group, properties: {n: {type: integer}, deep: {type: group, properties: {s: {type: string}}}}}
    jobs: {a: {type: command, component: 'azureml:prep:1', inputs: {n: '${{parent.inputs.g.n}}'}}}
    """,
    "grouped.yml",
)


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ("{g: {n: 1, deep: {s: x}}}", "key-unknown"),
        ("{g.n: 1, g.deep.s: x}", None),
        ("{g: '${{parent.inputs.group}}'}", None),
        ("{g.n: many, g.deep.s: x}", "edge-type"),
        ("{g.n: 1}", "input-missing"),
        ("{g.n: 1, g.m: 2, g.deep.s: x}", "input-unknown"),
    ],
)
def test_inputs_in_groups_are_judged_one_by_one(inputs: str, code: str | None) -> None:
    step = f"{{type: pipeline, component: ./grouped.yml, inputs: {inputs}}}"
    text = f"{JOB}inputs: {{group.n: 1, group.deep.s: x}}\njobs:\n  a: {step}\n"
    assert list(errors(text, GROUPED)) == ([] if code is None else [code])
