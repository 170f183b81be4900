from __future__ import annotations

import pytest

from tests.specs.building import advice, errors

HEAD = "type: command\nname: c\nversion: 1\nenvironment: azureml:e:1\ninputs:\n  x: {type: string}\n"
JOB = "type: pipeline\nsettings: {default_compute: azureml:c}\ninputs:\n  x: 1\njobs:\n"
STEP = JOB + "  a: {type: command, component: 'azureml:c:1', %s}\n"
BOUND = "'${{parent.inputs.x}}'"


@pytest.mark.parametrize(
    "rest",
    [
        "command: run ${{inputs.x}}\n",
        "command: run $[[--x ${{inputs.x}}]]\n",
        "command: run $AZURE_ML_INPUT_x\n",
        "command: run %AZUREML_PARAMETER_X%\n",
        "command: run\ndistribution: {type: mpi, process_count_per_instance: '${{inputs.x}}'}\n",
        "command: run\nresources: {instance_type: '${{inputs.x}}'}\n",
    ],
)
def test_an_input_is_used_wherever_a_component_names_it(rest: str) -> None:
    assert "input-unused" not in advice(HEAD + rest)


@pytest.mark.parametrize("rest", ["command: run\n", "command: run ${{outputs.x}}\n", "command: run inputs.xx\n"])
def test_an_input_that_a_command_does_not_use_is_pointed_at(rest: str) -> None:
    found = advice(f"{HEAD}outputs: {{x: {{type: uri_file}}}}\ndescription: about inputs.x\n{rest}")["input-unused"]
    assert (found.path, found.line, found.is_error) == ("inputs.x", 6, False)
    assert "${{inputs.x}}" in found.fix


def test_a_group_is_used_by_each_of_its_members() -> None:
    text = HEAD.replace("x: {type: string}", "g.a: {type: string}\n  g.b.c: {type: string}")
    assert "input-unused" not in advice(text + "command: x ${{inputs.g}}\n")
    assert advice(text + "command: x ${{inputs.g.a}}\n")["input-unused"].path == "inputs.g.b.c"
    group = (
        JOB.replace("x: 1", "g.a: 1\n  g.b: 2") + "  a: {type: pipeline, component: 'azureml:p:1', inputs: {g: %s}}\n"
    )
    assert "input-unused" not in advice(group % "'${{parent.inputs.g}}'")
    assert advice(group % "'${{parent.inputs.g.a}}'")["input-unused"].path == "inputs.g.b"


@pytest.mark.parametrize(
    "text",
    [
        STEP % f"inputs: {{y: {BOUND}}}",
        STEP % f"inputs: {{y: {{type: uri_file, path: {BOUND}}}}}",
        STEP % f"compute: {BOUND}",
        STEP % f"environment_variables: {{A: {BOUND}}}",
        STEP % "outputs: {o: {type: uri_folder, path: 'azureml://datastores/d/paths/${{parent.inputs.x}}/'}}",
        JOB + "  a: {type: command, command: 'x ${{parent.inputs.x}}', environment: 'azureml:e:1'}\n",
        JOB + f"  a: {{type: parallel, task: {{program_arguments: {BOUND}}}}}\n",
        JOB + f"  a: {{type: sweep, trial: 'azureml:c:1', search_space: {{y: {{type: choice, values: [{BOUND}]}}}}}}\n",
        JOB + f"  a: {{type: sweep, trial: 'azureml:c:1', limits: {{max_total_trials: {BOUND}}}}}\n",
        JOB + f"  a: {{type: automl, training_data: {BOUND}}}\n",
        JOB + f"  a: {{type: spark, args: {BOUND}}}\n",
        JOB + f"  a: {{type: if_else, condition: {BOUND}}}\n",
        JOB + f"  a: {{type: parallel_for, items: {BOUND}}}\n",
        JOB + f"  a: {{type: do_while, condition: {BOUND}}}\n",
    ],
)
def test_an_input_is_used_wherever_a_step_binds_it(text: str) -> None:
    assert "input-unused" not in advice(text)


def test_an_input_that_no_step_binds_is_pointed_at() -> None:
    found = advice(STEP % "inputs: {y: 1}")["input-unused"]
    assert (found.path, found.line) == ("inputs.x", 4)
    assert "${{parent.inputs.x}}" in found.fix


def test_where_a_binding_is_wrong_the_input_it_may_mean_is_not_told_too() -> None:
    text = STEP % "inputs: {y: '${{parent.inputs.z}}'}"
    assert "binding-unknown-input" in errors(text)
    assert "input-unused" not in advice(text)
