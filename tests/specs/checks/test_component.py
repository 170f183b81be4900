from __future__ import annotations

import pytest

from tests.specs.building import advice, demo, errors, problems

HEAD = "type: command\nname: train\nversion: 1\n"
BODY = "command: python train.py\nenvironment: azureml:data-prep-env:1\n"


def test_a_plain_component_is_right() -> None:
    assert problems(HEAD + BODY, mirror=demo()) == []


@pytest.mark.parametrize(
    ("text", "code", "path", "fix"),
    [
        ("type: command\n" + BODY, "name-missing", "name", "name:"),
        ("type: command\nname: data-prep\n" + BODY, "name-rule", "name", "data_prep"),
        ("type: command\nname: Data Preparation\n" + BODY, "name-rule", "name", "data_preparation"),
        ("type: command\nname: 1abc\n" + BODY, "name-rule", "name", "p_1abc"),
        ("type: command\nname: data.prep\n" + BODY, "name-rule", "name", "data_prep"),
        ("type: command\nname: train\nversion: 1 beta\n" + BODY, "version-rule", "version", "1.0.2"),
        (HEAD + "environment: azureml:e:1\n", "command-missing", "command", "command:"),
        (HEAD + "command: x\n", "environment-missing", "environment", "azureml:<name>:<version>"),
        (HEAD + "command: x\nenvironment: azureml:e\n", "environment-no-version", "environment", "azureml:e:<version>"),
        (HEAD + "command: x\nenvironment: e:1\n", "reference-form", "environment", "azureml:e:1"),
        (HEAD + BODY + "comand: x\n", "key-unknown", "comand", "command"),
        (HEAD + BODY + "inputs: none\n", "value-type", "inputs", "mapping|type"),
        (HEAD + BODY + "inputs:\n", "value-type", "inputs", "Remove"),
        (HEAD + BODY + "inputs: {raw-data: {type: uri_folder}}\n", "port-name", "inputs.raw-data", "raw_data"),
        (HEAD + BODY + "inputs: {x: {type: float}}\n", "port-type", "inputs.x.type", "number"),
        (HEAD + BODY + "inputs: {x: {}}\n", "port-type", "inputs.x.type", "Use one|typing"),
        (HEAD + BODY + "inputs: {x: 1}\n", "port-type", "inputs.x", "type"),
        (HEAD + BODY + "inputs: {x: {type: integer, default: many}}\n", "port-default", "inputs.x.default", "integer"),
        (HEAD + BODY + "inputs: {x: {type: uri_file, mode: fast}}\n", "port-mode", "inputs.x.mode", "Use|typing"),
        (HEAD + BODY + "inputs: {x: {type: uri_file, mode: RO_Mount}}\n", "port-mode", "inputs.x.mode", "`ro_mount`"),
        (HEAD + BODY + "inputs: {x: {type: uri_file, default: a}}\n", "port-default", "inputs.x.default", "optional"),
        (HEAD + BODY + "tags: {release: 5}\n", "value-type", "tags.release", '"5"'),
        (HEAD + BODY + "code:\n", "value-type", "code", "remove"),
        (HEAD + BODY + "is_deterministic: perhaps\n", "value-type", "is_deterministic", "true"),
        (HEAD + BODY + "distribution: {type: mpj}\n", "word-unknown", "distribution.type", "mpi"),
    ],
)
def test_what_azure_refuses_is_an_error_with_a_fix(text: str, code: str, path: str, fix: str) -> None:
    found = errors(text)
    assert code in found
    assert found[code].path == path
    assert found[code].line is not None
    assert any(word in found[code].fix for word in fix.split("|"))


def test_a_command_uses_only_what_is_declared() -> None:
    text = HEAD + "environment: azureml:e:1\ninputs: {data: {type: uri_folder}}\noutputs: {model: {type: uri_folder}}\n"
    assert errors(text + "command: x ${{inputs.data}} ${{outputs.model}}\n") == {}
    wrong = errors(text + "command: x ${{inputs.dta}} ${{outputs.modle}}\n")
    assert "`data`" in wrong["binding-unknown-input"].fix
    assert "`model`" in wrong["binding-unknown-output"].fix


def test_an_optional_input_belongs_into_an_optional_part() -> None:
    text = HEAD + "environment: azureml:e:1\ninputs: {n: {type: integer, optional: true}}\n"
    assert "command-optional-input" in advice(text + "command: x --n ${{inputs.n}}\n")
    assert advice(text + 'command: "x $[[--n ${{inputs.n}}]]"\n') == {}


def test_group_inputs_are_reached_through_dots() -> None:
    text = HEAD + "environment: azureml:e:1\ninputs: {g.n: {type: integer}}\ncommand: x ${{inputs.g.n}}\n"
    assert errors(text) == {}


def test_keys_that_azure_ignores_are_advice() -> None:
    assert "key-ignored" in advice(HEAD + BODY + "compute: azureml:c\n")


def test_environments_that_move_are_advice() -> None:
    assert "environment-unpinned" in advice(HEAD + "command: x\nenvironment: azureml:e@latest\n")


def test_an_environment_that_is_not_there_is_an_error_with_a_mirror() -> None:
    text = HEAD + "command: x\nenvironment: azureml:data-prep-env:2\n"
    assert errors(text) == {}
    assert "only version is 1" in errors(text, mirror=demo())["reference-unknown"].fix


@pytest.mark.parametrize("port", ["{type: integer, min: 5, max: 1}", "{type: number, min: 0.5, max: 0.1}"])
def test_a_range_that_holds_nothing_is_pointed_at(port: str) -> None:
    (found,) = problems(HEAD + "command: x ${{inputs.n}}\nenvironment: azureml:e:1\ninputs:\n  n: " + port + "\n")
    assert (found.code, found.path, found.is_error) == ("port-range", "inputs.n.min", False)


# azure-ai-ml takes such a default, and Azure answered 201 to the first: it is advised against.
@pytest.mark.parametrize("port", ["{type: integer, min: 5, default: 1}", "{type: string, enum: [a], default: b}"])
def test_a_default_is_judged_wherever_an_input_is_declared(port: str) -> None:
    inline = "{type: command, command: 'x ${{inputs.n}}', environment: azureml:e:1, inputs: {n: " + port + "}}"
    job = "type: pipeline\ncompute: azureml:c\njobs: {a: {type: command, component: " + inline + "}}\n"
    assert advice(job)["port-default"].path == "jobs.a.component.inputs.n.default"
    job = "type: pipeline\ncompute: azureml:c\njobs: {a: {type: command, component: azureml:c:1}}\ninputs: {n: "
    assert advice(job + port + "}\n")["port-default"].path == "inputs.n.default"
