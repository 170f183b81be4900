from __future__ import annotations

import pytest

from tests.specs.building import advice, errors

JOB = (
    "type: pipeline\nsettings: {default_compute: azureml:c}\n"
    "inputs:\n  x: a\n  d: {type: uri_folder, path: 'azureml:d:1'}\noutputs: {q: {type: uri_folder}}\n"
    "jobs:\n  prep: {type: command, component: 'azureml:c:1'}\n"
    "  a: {type: command, component: 'azureml:c:1', inputs: {y: %s}, outputs: %s}\n"
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("parents.inputs.x", "parent.inputs.x"),
        ("Parent.Inputs.x", "parent.inputs.x"),
        ("inputs.x", "parent.inputs.x"),
        ("input.x", "parent.inputs.x"),
        ("x", "parent.inputs.x"),
        ("q", "parent.outputs.q"),
        ("parent.output.q", "parent.outputs.q"),
        ("steps.prep.outputs.o", "parent.jobs.prep.outputs.o"),
        ("prep.outputs.o", "parent.jobs.prep.outputs.o"),
        ("perp.outputs.o", "parent.jobs.prep.outputs.o"),
        ("prep.o", "parent.jobs.prep.outputs.o"),
        ("parent.prep.outputs.o", "parent.jobs.prep.outputs.o"),
        ("parent.jobs.prep.output.o", "parent.jobs.prep.outputs.o"),
        ("parent.jobs.outputs.o", "parent.jobs.<step>.outputs.o"),
        ("something.else", "parent.jobs.<step>.outputs.<name>"),
    ],
)
@pytest.mark.parametrize("place", ["'%s'", "{type: uri_folder, path: '%s'}"])
def test_what_is_no_binding_between_steps_is_told_with_what_to_write(written: str, meant: str, place: str) -> None:
    value = place % f"${{{{{written}}}}}"
    found = errors(JOB % (value, "{}"))["binding-malformed"]
    assert found.path.startswith("jobs.a.inputs.y")
    assert found.line == 9
    assert f"`${{{{{meant}}}}}`" in found.fix
    assert errors(JOB % ("1", f"{{o: {value}}}"))["binding-malformed"].path.startswith("jobs.a.outputs.o")


@pytest.mark.parametrize("word", ["name", "default_datastore", "trigger_time", "parent.inputs.x", "search_space.x"])
def test_words_that_azure_ml_fills_in_are_bindings(word: str) -> None:
    assert errors(JOB % (f"'${{{{{word}}}}}'", "{}")) == {}


def test_a_part_of_a_longer_text_may_mean_its_braces() -> None:
    text = JOB % ("'before ${{nmae.x}} after'", "{}")
    assert errors(text) == {}
    assert advice(text)["binding-malformed"].path == "jobs.a.inputs.y"


@pytest.mark.parametrize("given", ["${{parent.inputs.x}}", "${{inputs.y}}", "${{foo}}"])
def test_a_job_itself_is_bound_to_nothing(given: str) -> None:
    found = errors((JOB % ("1", "{}")).replace("x: a", f"x: '{given}'"))["binding-malformed"]
    assert (found.path, found.line) == ("inputs.x", 4)
    assert errors((JOB % ("1", "{}")).replace("x: a", "x: '${{name}}'")) == {}


@pytest.mark.parametrize("bound", ["parent.inputs.x", "parent.inputs.d", "parent.jobs.prep.outputs.o"])
def test_an_output_bound_to_what_is_read_is_pointed_at(bound: str) -> None:
    found = advice(JOB % ("1", f"{{q: '${{{{{bound}}}}}'}}"))["binding-output"]
    assert (found.path, found.line) == ("jobs.a.outputs.q", 9)
    assert "${{parent.outputs." in found.fix


@pytest.mark.parametrize(
    "output", ["'${{parent.outputs.q}}'", "{path: '${{parent.inputs.x}}'}", "{path: 'azureml://${{parent.inputs.x}}'}"]
)
def test_an_output_may_be_written_to_an_address_that_is_given(output: str) -> None:
    assert "binding-output" not in advice(JOB % ("1", f"{{q: {output}}}"))


@pytest.mark.parametrize(
    "form", ["{inputs.x}", "$inputs.x", "$(inputs.x)", "{{inputs.x}}", "${inputs.x}", "${{inputs.x}", "$ {{inputs.x}}"]
)
def test_wrong_braces_are_pointed_at_in_commands_and_between_steps(form: str) -> None:
    component = "type: command\nname: c\nenvironment: azureml:e:1\ninputs: {x: {type: string}}\ncommand: 'run %s'\n"
    found = advice(component % form)["binding-lookalike"]
    assert (found.path, found.line, found.fix) == ("command", 5, "Write `${{inputs.x}}`.")
    assert advice(JOB % (f"'{form}'", "{}"))["binding-lookalike"].fix == "Write `${{parent.inputs.x}}`."


@pytest.mark.parametrize(
    "command",
    ["run ${{inputs.x}}", "run ${{ inputs.x }} $HOME", 'run {"inputs": 1} ${{inputs.x}}', "x${{inputs.x}}/{y} $x"],
)
def test_right_bindings_and_other_braces_are_let_be(command: str) -> None:
    text = (
        f"type: command\nname: c\nenvironment: azureml:e:1\ninputs: {{x: {{type: string}}}}\ncommand: >-\n  {command}\n"
    )
    assert "binding-lookalike" not in advice(text)


@pytest.mark.parametrize("binding", ["${{inputs.n}}", "${{parent.nam}}", "${{paren.nam}}"])
def test_what_is_an_error_as_a_whole_value_is_advice_inside_a_longer_text(binding: str) -> None:
    assert errors(JOB % (f"'{binding}'", "{}"))["binding-malformed"].path == "jobs.a.inputs.y"
    longer = JOB % (f"'see {binding} there'", "{}")
    assert "binding-malformed" not in errors(longer)
    assert advice(longer)["binding-malformed"].path == "jobs.a.inputs.y"
