"""The settings of steps: what azure-ai-ml refuses is told at its place, what it takes is not. Each row was tried."""

from __future__ import annotations

import pytest

from tests.specs.building import advice, errors

JOB = "type: pipeline\nsettings: {default_compute: azureml:c}\njobs:\n  a: {component: 'azureml:c:1'}\n  s: "
STEP = "{type: command, component: 'azureml:c:1', "
SWEEP = (
    "{type: sweep, trial: 'azureml:c:1', objective: {goal: maximize, primary_metric: m}, sampling_algorithm: random,"
    " search_space: {x: {type: choice, values: [a]}}, limits: {max_total_trials: 2}}"
)
AUTOML = (
    "{type: automl, task: classification, primary_metric: accuracy, target_column_name: y, limits: {max_trials: 2},"
    " training_data: {type: mltable, path: 'azureml:d:1'}}"
)
IMPORT = (
    "{type: data_transfer, task: import_data, outputs: {sink: {type: mltable}},"
    " source: {type: database, query: select 1, connection: 'azureml:s'}}"
)
SPARK = (
    "{type: spark, entry: {file: m.py}, resources: {instance_type: standard_e4s_v3, runtime_version: '3.4'},"
    " conf: {spark.driver.cores: 1, spark.driver.memory: 2g, spark.executor.cores: 1, spark.executor.memory: 2g,"
    " spark.executor.instances: 1}}"
)
PARALLEL = "{type: parallel, component: 'azureml:c:1', mini_batch_size: '10', logging_level: DEBUG}"
IF = "{type: if_else, condition: true, true_block: '${{parent.jobs.a}}'}"
WHILE = "{type: do_while, body: '${{parent.jobs.a}}', mapping: {o: x}, limits: {max_iteration_count: 3}}"
FOR = "{type: parallel_for, body: '${{parent.jobs.a}}', items: [{x: a}], max_concurrency: 2}"


@pytest.mark.parametrize(
    "step",
    [
        SWEEP,
        SWEEP.replace("sweep", "Sweep").replace("maximize", "Maximize").replace("choice", "Choice"),
        SWEEP.replace("sampling_algorithm: random", "sampling_algorithm: {type: random, seed: 1, rule: sobol}"),
        SWEEP.replace("2}}", "2}, early_termination: {type: medianStopping, delay_evaluation: 1}}"),
        SWEEP.replace("max_total_trials: 2", "max_total_trials: '${{parent.inputs.n}}'"),
        AUTOML,
        AUTOML.replace("classification", "textNer").replace("target_column_name: y, ", ""),
        AUTOML.replace("task: classification", "task: Regression").replace("accuracy", "r2_score"),
        IMPORT,
        IMPORT.replace("type: database, query: select 1", "path: p"),
        AUTOML.replace("{type: automl", "{$schema: x, type: automl"),
        STEP + "services: {a: {type: ssh, ssh_public_keys: x, endpoint: y, status: z}}}",
        STEP + "inputs: {x: '${{creation_context.trigger_time}}'}}",
        IMPORT.replace("import_data", "Import_Data").replace("type: database", "type: Database"),
        SPARK,
        PARALLEL,
        IF,
        IF.replace("if_else", "If_Else"),
        WHILE,
        FOR,
        STEP + "identity: {type: UserIdentity}, queue_settings: {job_tier: Spot}}",
        STEP + "distribution: {type: PyTorch, process_count_per_instance: '2'}}",
        STEP + "inputs: {x: {type: mltable, path: 'azureml:d:1', mode: EVAL_mount}}, outputs: {o: {mode: RW_MOUNT}}}",
    ],
)
def test_the_settings_that_the_sdk_takes_are_right(step: str) -> None:
    found = errors(JOB + step + "\ninputs: {n: 1}\n")
    assert found == {}


@pytest.mark.parametrize(
    ("step", "code", "path", "fix"),
    [
        (SWEEP.replace("trial: 'azureml:c:1', ", ""), "key-missing", "trial", "trial"),
        (SWEEP.replace("objective", "objektive"), "key-missing", "objective", "`objektive`"),
        (SWEEP.replace(", primary_metric: m", ""), "key-missing", "objective.primary_metric", "primary_metric"),
        (SWEEP.replace("maximize", "maximise"), "word-unknown", "objective.goal", "`maximize`"),
        (SWEEP.replace("random", "randon"), "word-unknown", "sampling_algorithm", "`random`"),
        (SWEEP.replace("choice", "choises"), "word-unknown", "search_space.x.type", "`choice`"),
        (SWEEP.replace("values: [a]", "value: [a]"), "key-unknown", "search_space.x.value", "`values`"),
        (SWEEP.replace("{type: choice, values: [a]}", "[a, b]"), "value-type", "search_space.x", "below"),
        (
            SWEEP.replace("choice, values: [a]", "uniform, min_value: 0"),
            "key-missing",
            "search_space.x.max_value",
            "max_value",
        ),
        (
            SWEEP.replace("max_total_trials: 2", "max_total_trials: two"),
            "value-type",
            "limits.max_total_trials",
            "unit",
        ),
        (SWEEP.replace("max_total_trials", "max_trials"), "key-unknown", "limits.max_trials", "max_total_trials"),
        (AUTOML.replace("classification", "clasification"), "word-unknown", "task", "`classification`"),
        (AUTOML.replace("accuracy", "acuracy"), "word-unknown", "primary_metric", "`accuracy`"),
        (AUTOML.replace("target_column_name", "target_colum_name"), "key-missing", "target_column_name", "colum_name"),
        (AUTOML.replace("max_trials", "max_trails"), "key-unknown", "limits.max_trails", "`max_trials`"),
        (AUTOML.replace("}}", "}, inputs: {x: 1}}"), "key-unknown", "inputs", "Remove"),
        (AUTOML.replace("task", "tsk"), "key-missing", "task", "`tsk`"),
        (IMPORT.replace("import_data", "imprt_data"), "word-unknown", "task", "`import_data`"),
        (IMPORT.replace("connection", "conection"), "key-missing", "source.connection", "`conection`"),
        (IMPORT.replace("type: database, ", ""), "key-missing", "source.type", "database"),
        (IMPORT.replace("'azureml:s'}}", "'azureml:s'}, sink: {type: database}}"), "key-unknown", "sink", "Remove"),
        (SPARK.replace("{file: m.py}", "m.py"), "value-type", "entry", "below"),
        (SPARK.replace("instance_type", "instance_typ"), "key-unknown", "resources.instance_typ", "`instance_type`"),
        (SPARK.replace("{type: spark", "{type: spark, limits: {timeout: 1}"), "key-unknown", "limits", "Remove"),
        (PARALLEL.replace("'10'", "10"), "value-type", "mini_batch_size", "'10'"),
        (PARALLEL.replace("DEBUG", "debug"), "word-unknown", "logging_level", "DEBUG"),
        (WHILE.replace("count: 3", "count: 3, timeout: 3"), "key-unknown", "limits.timeout", "max_iteration_count"),
        (FOR.replace("max_concurrency: 2", "max_concurrency: two"), "value-type", "max_concurrency", "number"),
        (STEP + "identity: {type: user_identiti}}", "word-unknown", "identity.type", "`user_identity`"),
        (STEP + "identity: user_identity}", "value-type", "identity", "below"),
        (STEP + "queue_settings: {job_tier: Spott}}", "word-unknown", "queue_settings.job_tier", "`spot`"),
        (STEP + "limits: {timeot: 60}}", "key-unknown", "limits.timeot", "`timeout`"),
        (STEP + "resources: {shm_siz: 2g}}", "key-unknown", "resources.shm_siz", "`shm_size`"),
        (STEP + "distribution: {process_count_per_instance: 2}}", "key-missing", "distribution.type", "pytorch"),
        (STEP + "inputs: {x: {type: uri_foldr}}}", "word-unknown", "inputs.x.type", "`uri_folder`"),
        (STEP + "inputs: {x: {type: uri_file, mode: rw_mount}}}", "word-unknown", "inputs.x.mode", "`ro_mount`"),
        (STEP + "inputs: {x: {type: uri_file, pth: 'azureml:d:1'}}}", "key-unknown", "inputs.x.pth", "`path`"),
        (STEP + "inputs: {x: {type: integer, value: 3}}}", "input-declared", "inputs.x", "`x: 3`"),
        (STEP + "outputs: {o: {mode: ro_mount}}}", "word-unknown", "outputs.o.mode", "mount"),
        (STEP + "outputs: {o: azureml://datastores/d/paths/x}}", "value-type", "outputs.o", "path:"),
        (STEP + "outputs: {o: {data: x}}}", "key-unknown", "outputs.o.data", "Use one of"),
    ],
)
def test_a_setting_that_the_sdk_refuses_is_told_with_its_place(step: str, code: str, path: str, fix: str) -> None:
    found = errors(JOB + step)[code]
    assert (found.path, found.line) == (f"jobs.s.{path}", 5)
    assert fix in found.fix


@pytest.mark.parametrize("step", [IF, WHILE, FOR, SWEEP, PARALLEL])
def test_a_key_that_the_sdk_drops_is_advised_against(step: str) -> None:
    found = advice(JOB + step[:-1] + ", fals_block: x}")["key-ignored"]
    assert (found.path, found.line) == ("jobs.s.fals_block", 5)
    assert found.fix == ("Did you mean `false_block`?" if step is IF else found.fix)


HEAD = "type: pipeline\nsettings: {default_compute: azureml:c}\njobs: {a: {component: 'azureml:c:1'}}\n"


@pytest.mark.parametrize(
    ("line", "code", "path", "right"),
    [
        ("inputs: {n: {type: integer, default: 3}}", "input-declared", "inputs.n", "inputs: {n: 3}"),
        ("inputs: {d: {type: uri_file, optional: true}}", "key-unknown", "inputs.d.optional", "inputs: {d: x}"),
        ("outputs: {o: {type: uri_foldr}}", "word-unknown", "outputs.o.type", "outputs: {o: {type: uri_folder}}"),
        ("identity: {type: user_identiti}", "word-unknown", "identity.type", "identity: {type: user_identity}"),
        ("settings: {default_compute: cpu}", "reference-form", "settings.default_compute", "tags: {a: b}"),
        ("tags: {release: 5}", "value-type", "tags.release", "tags: {release: '5'}"),
        ("tags: {live: true}", "value-type", "tags.live", "tags: {live: 'true'}"),
        ("properties: {n: 5}", "value-type", "properties.n", "properties: {n: }"),
    ],
)
def test_what_a_job_is_given_is_judged_alike(line: str, code: str, path: str, right: str) -> None:
    head = (
        HEAD if not line.startswith("settings") else HEAD.replace("settings: {default_compute: azureml:c}", "tags: {}")
    )
    found = errors(head + line + "\n")[code]
    assert (found.path, found.line) == (path, 4)
    assert errors(HEAD + right + "\n") == {}


STEPS = HEAD.replace("{component:", "{type: command, component:")


def test_a_job_of_type_pipeline_is_written_in_small_letters() -> None:
    found = errors(HEAD.replace("type: pipeline", "type: Pipeline"))["word-unknown"]
    assert (found.path, found.line, found.fix) == ("type", 1, "Write `type: pipeline`.")
    typed = errors("$schema: https://x/pipelineJob.schema.json\n" + HEAD.replace("type: pipeline", "type: pipline"))
    assert typed["word-unknown"].path == "type"
    assert errors(STEPS.replace("type: command", "type: Command")) == {}


@pytest.mark.parametrize("key", ["task", "retry_settings"])
@pytest.mark.parametrize("value", ["[1]", "a", "1"])
def test_the_settings_of_a_parallel_step_are_mappings(key: str, value: str) -> None:
    step = f"  a: {{type: parallel, component: 'azureml:c:1', {key}: {value}}}\n"
    found = errors("type: pipeline\nsettings: {default_compute: azureml:c}\njobs:\n" + step)
    assert found["value-type"].path == f"jobs.a.{key}"
