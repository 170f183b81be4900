from __future__ import annotations

import pytest

from tests.specs.building import advice, errors, problems

HEAD = "type: command\nname: c\nversion: 1\nenvironment: azureml:e:1\n"
DATA = "inputs: {data: {type: uri_folder}}\n"
OPTIONAL = "inputs: {x: {type: string, optional: true}}\n"
STEP = "type: pipeline\ncompute: azureml:c\njobs:\n  a:\n    type: command\n    environment: azureml:e:1\n"


@pytest.mark.parametrize(
    ("binding", "meant"),
    [
        ("${{input.data}}", "${{inputs.data}}"),
        ("${{Inputs.data}}", "${{inputs.data}}"),
        ("${{data}}", "${{inputs.data}}"),
        ("${{parent.inputs.data}}", "${{inputs.data}}"),
        ("${{search.data}}", "${{inputs.<name>}}"),
    ],
)
def test_a_command_binds_nothing_but_inputs_and_outputs(binding: str, meant: str) -> None:
    found = errors(f"{HEAD}{DATA}command: run {binding}\n")["binding-malformed"]
    assert found.path == "command"
    assert f"`{meant}`" in found.fix
    assert errors(f"{HEAD}{DATA}command: run {meant.replace('<name>', 'data')}\n") == {}


def test_in_a_step_that_is_written_out_the_sdk_looks_away() -> None:
    found = advice(STEP + "    command: run ${{input.x}}\n    inputs: {x: 1}\n")["binding-malformed"]
    assert (found.path, found.fix) == ("jobs.a.command", "Write `${{inputs.x}}`.")
    assert "binding-malformed" not in advice(STEP + "    command: run ${{search_space.x}} ${{inputs.x}}\n")


def test_what_holds_a_blank_is_not_seen_by_the_sdk_either() -> None:
    text = HEAD + "command: run ${{ a || b }}\n"
    assert errors(text) == {}
    assert "binding-malformed" in advice(text)


def test_an_optional_part_needs_its_braces() -> None:
    found = advice(HEAD + OPTIONAL + "command: run $[[--x inputs.x]]\n")["binding-lookalike"]
    assert found.fix == "Write `$[[--x ${{inputs.x}}]]`."
    assert problems(HEAD + OPTIONAL + "command: run $[[--x ${{inputs.x}}]]\n") == []
