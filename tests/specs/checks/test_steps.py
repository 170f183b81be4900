from __future__ import annotations

import pytest

from tests.specs.building import document, errors

JOB = "type: pipeline\nsettings: {default_compute: azureml:serverless}\njobs:\n  a: {component: 'azureml:c:1'}\n"
JOB += "  b: {component: 'azureml:c:1'}\n  s: "
A, B = "${{parent.jobs.a}}", "${{parent.jobs.b}}"
LIMIT = "limits: {max_iteration_count: 5}"
PLACE = "resources: {instance_type: standard_e4s_v3, runtime_version: '3.4'}"
SIZE = "spark.driver.cores: 1, spark.driver.memory: 2g, spark.executor.cores: 1, spark.executor.memory: 2g"
SIZES = f"{SIZE}, spark.executor.instances: 1"


@pytest.mark.parametrize(
    "step",
    [
        f"{{type: if_else, condition: true, true_block: '{A}', false_block: '{B}'}}",
        f"{{type: if_else, condition: '${{{{parent.jobs.a.outputs.x}}}}', true_block: ['{A}', '{B}']}}",
        f"{{type: do_while, body: '{A}', condition: x, mapping: {{m: [i, j]}}, {LIMIT}}}",
        f"{{type: do_while, body: '{A}', mapping: {{}}, {LIMIT}}}",
        f"{{type: parallel_for, body: '{A}', items: [{{x: 1}}, {{x: 2}}]}}",
        f"{{type: parallel_for, body: '{A}', items: {{one: {{x: 1}}}}}}",
        f"{{type: parallel_for, body: '{A}', items: '[{{\"x\": 1}}]'}}",
        f"{{type: parallel_for, body: '{A}', items: '${{{{parent.jobs.a.outputs.list}}}}'}}",
        "{type: spark, conf: {spark.dynamicAllocation.enabled: true, spark.dynamicAllocation.minExecutors: 1,"
        f" spark.dynamicAllocation.maxExecutors: 2}}, {PLACE}, outputs: {{o: {{type: uri_folder, mode: direct}}}}}}",
        f"{{type: spark, {PLACE}, conf: {{{SIZES}}}, inputs: {{i: '${{{{parent.jobs.a.outputs.x}}}}'}},"
        " args: '--in ${{inputs.i}}'}",
        "{type: data_transfer, task: import_data, source: {type: database, connection: 'azureml:c'},"
        " outputs: {sink: {type: mltable}}}",
        "{type: data_transfer, task: export_data, sink: {type: file_system, connection: 'azureml:c'},"
        " inputs: {source: '${{parent.jobs.a.outputs.x}}'}}",
    ],
)
def test_steps_of_every_type_are_right(step: str) -> None:
    assert errors(JOB + step) == {}


@pytest.mark.parametrize(
    ("step", "code", "path"),
    [
        (f"{{type: if_else, condition: maybe, true_block: '{A}'}}", "control-condition", "condition"),
        ("{type: if_else, condition: true}", "control-body", "true_block"),
        (f"{{type: if_else, condition: true, true_block: '{A}', false_block: '{A}'}}", "control-body", "false_block"),
        (f"{{type: do_while, mapping: {{}}, {LIMIT}}}", "control-body", "body"),
        (
            f"{{type: do_while, body: '{A}', condition: false, mapping: {{}}, {LIMIT}}}",
            "control-condition",
            "condition",
        ),
        (f"{{type: do_while, body: '{A}', mapping: {{}}}}", "control-limit", "limits.max_iteration_count"),
        (
            f"{{type: do_while, body: '{A}', mapping: {{}}, limits: {{max_iteration_count: 1001}}}}",
            "control-limit",
            "limits.max_iteration_count",
        ),
        (f"{{type: do_while, body: '{A}', {LIMIT}}}", "control-mapping", "mapping"),
        (f"{{type: do_while, body: '{A}', mapping: {{m: i, n: [i]}}, {LIMIT}}}", "control-mapping", "mapping.n"),
        (f"{{type: do_while, body: '{A}', mapping: {{m: 3}}, {LIMIT}}}", "control-mapping", "mapping.m"),
        (f"{{type: parallel_for, body: '{A}'}}", "control-items", "items"),
        (f"{{type: parallel_for, body: '{A}', items: []}}", "control-items", "items"),
        (f"{{type: parallel_for, body: '{A}', items: [1]}}", "control-items", "items"),
        (f"{{type: parallel_for, body: '{A}', items: [{{x: 1}}, {{y: 1}}]}}", "control-items", "items"),
        (f"{{type: parallel_for, body: '{A}', items: '{'9' * 5000}'}}", "control-items", "items"),
        (f"{{type: spark, conf: {{{SIZES}}}}}", "spark-place", "resources"),
        (f"{{type: spark, compute: 'azureml:c', {PLACE}, conf: {{{SIZES}}}}}", "spark-place", "resources"),
        (f"{{type: spark, {PLACE}, conf: {{{SIZE}}}}}", "spark-conf", "conf"),
        (f"{{type: spark, {PLACE}, conf: {{{SIZES}}}, args: '${{{{inputs.i}}}}'}}", "binding-unknown-input", "args"),
        ("{type: spark, conf: {spark.dynamicAllocation.minExecutors: 1}}", "spark-allocation", "conf"),
        ("{type: spark, conf: {spark.dynamicAllocation.enabled: 'True'}}", "spark-allocation", "conf"),
        ("{type: spark, outputs: {o: {type: uri_folder, mode: upload}}}", "spark-mode", "outputs.o.mode"),
        ("{type: spark, inputs: {i: {type: uri_file, path: 'azureml:x:1'}}}", "spark-mode", "inputs.i.mode"),
        ("{type: data_transfer, task: import_data, outputs: {sink: {}}}", "transfer-place", "source"),
        ("{type: data_transfer, task: export_data, sink: {}, inputs: {x: {}}}", "transfer-port", "inputs"),
        (
            "{type: data_transfer, task: import_data, source: {type: file_system}, outputs: {sink: {type: mltable}}}",
            "transfer-port",
            "outputs.sink.type",
        ),
        ("{type: import, source: {type: azuresqldb}}", "node-import", "type"),
    ],
)
def test_what_the_sdk_refuses_of_special_steps(step: str, code: str, path: str) -> None:
    assert errors(JOB + step)[code].path.startswith(f"jobs.s.{path}")


def test_a_spark_step_is_judged_with_the_component_it_names() -> None:
    component = document(
        "type: spark\nname: s\nversion: 1\noutputs: {o: {type: uri_folder, mode: MODE}}\n".replace("MODE", "upload"),
        "s.yml",
    )
    step = "{type: spark, component: ./s.yml, outputs: {o: {type: uri_folder}}}"
    assert "spark-mode" in errors(JOB + step, component)
    assert "spark-mode" not in errors(JOB + step.replace("uri_folder}", "uri_folder, mode: direct}"), component)


def test_a_job_may_be_nothing_but_a_component() -> None:
    job = "type: pipeline\nsettings: {default_compute: azureml:serverless}\ncomponent: "
    inner = document(
        "type: pipeline\nname: c\nversion: 1\njobs: {a: {type: command, component: 'azureml:x:1'}}", "c.yml"
    )
    assert errors(job + "./c.yml", inner) == {}
    assert "file-missing" in errors(job + "./d.yml", inner)
    run = "azureml://subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w/jobs/j"
    assert "reference-form" in errors(job + run)


def test_the_arguments_of_a_spark_step_may_use_what_its_component_declares() -> None:
    inputs = "{i: {type: string, default: q}}"
    inline = f"{{type: spark, code: ./src, entry: {{file: a.py}}, inputs: {inputs}, conf: {{{SIZES}}}}}"
    step = f"{{type: spark, {PLACE}, component: {inline}, args: '${{{{inputs.i}}}} ${{{{inputs.j}}}}'}}"
    text = f"type: pipeline\njobs:\n  s: {step}\n"
    assert "${{inputs.j}}" in errors(text)["binding-unknown-input"].message
    assert "binding-unknown-input" not in errors(text.replace(" ${{inputs.j}}", ""))
