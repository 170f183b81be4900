from __future__ import annotations

import pytest

from tests.specs.building import Workspace, advice, document, errors

SPEC: dict[str, object] = {
    "inputs": {"lr": {"type": "number"}, "n": {"type": "integer", "optional": True}, "d": {"type": "uri_folder"}}
}
TRIAL = document(
    """
    type: command
    name: train
    version: 1
    inputs:
      lr: {type: number}
      n: {type: integer, optional: true}
      d: {type: uri_folder, optional: true}
      flag: {type: boolean, optional: true}
      kind: {type: string, optional: true, enum: [a, b]}
    outputs: {o: {type: uri_folder}}
    command: x ${{inputs.lr}} $[[${{inputs.n}}]] $[[${{inputs.d}}]] $[[${{inputs.flag}}]] $[[${{inputs.kind}}]]
    environment: azureml:e:1
    """,
    "train.yml",
)
LR = "lr: {type: uniform, min_value: 0.1, max_value: 1}"


def sweep(space: str = LR, given: str = "", trial: str = "./train.yml", more: str = "") -> str:
    return (
        "type: pipeline\nsettings: {default_compute: azureml:c}\njobs:\n  s:\n    type: sweep\n"
        f"    trial: {trial}\n    objective: {{goal: maximize, primary_metric: m}}\n"
        "    limits: {max_total_trials: 2}\n"
        f"    search_space: {{{space}}}\n    inputs: {{{given}}}\n{more}"
    )


@pytest.mark.parametrize(
    "space",
    [
        LR,
        f"{LR}, n: {{type: choice, values: [1, 2]}}",
        f"{LR}, n: {{type: quniform, min_value: 1, max_value: 9, q: 1}}",
        f"{LR}, flag: {{type: choice, values: [true, false]}}, kind: {{type: choice, values: [a]}}",
    ],
)
def test_what_is_swept_over_need_not_be_given(space: str) -> None:
    text = sweep(space, "d: {type: uri_folder, path: 'azureml:d:1'}")
    assert errors(text, TRIAL) == {}
    assert advice(text, TRIAL).keys() <= {"pinned-references"}


@pytest.mark.parametrize(
    ("space", "given", "code", "path", "line"),
    [
        ("lrr: {type: choice, values: [1]}", "lr: 1", "input-unknown", "search_space.lrr", 9),
        ("n: {type: choice, values: [1]}", "", "input-missing", "inputs", 10),
        (LR, "nn: 1", "input-unknown", "inputs.nn", 10),
        (LR, "n: many", "edge-type", "inputs.n", 10),
        (f"{LR}, n: {{type: choice, values: [1, a]}}", "", "edge-type", "search_space.n.values[1]", 9),
        (f"{LR}, d: {{type: choice, values: [a]}}", "", "edge-type", "search_space.d", 9),
        (f"{LR}, flag: {{type: randint, upper: 2}}", "", "edge-type", "search_space.flag", 9),
    ],
)
def test_a_sweep_gives_its_trial_what_it_takes(space: str, given: str, code: str, path: str, line: int) -> None:
    found = errors(sweep(space, given), TRIAL)[code]
    assert (found.path, found.line) == (f"jobs.s.{path}", line)
    assert found.fix


def test_values_that_a_trial_may_not_like_are_advised_against() -> None:
    fractions = advice(sweep(f"{LR}, n: {{type: normal, mu: 1, sigma: 2}}"), TRIAL)["edge-type-near"]
    assert (fractions.path, "qnormal" in fractions.fix) == ("jobs.s.search_space.n", True)
    refused = advice(sweep(f"{LR}, kind: {{type: choice, values: [a, c]}}"), TRIAL)["value-refused"]
    assert refused.path == "jobs.s.search_space.kind.values[1]"


def test_a_trial_of_the_workspace_is_judged_alike() -> None:
    workspace = Workspace()
    workspace.add("component:train:1", "command", SPEC)
    workspace.add("component:p:1", "pipeline", SPEC)
    workspace.add("data:d:1", "uri_folder")
    text = sweep("lrr: {type: choice, values: [1]}", "d: {type: uri_folder, path: 'azureml:d:1'}", "azureml:train:1")
    text = text.replace("azureml:c}", "azureml:serverless}")
    assert errors(text, mirror=workspace).keys() == {"input-unknown", "input-missing"}
    assert "`lr`" in errors(text, mirror=workspace)["input-unknown"].fix
    assert "node-type-wrong" in errors(text.replace("train:1", "p:1"), mirror=workspace)


def test_a_trial_may_be_written_out() -> None:
    trial = "{type: command, command: 'x ${{inputs.lr}}', environment: azureml:e:1, inputs: {lr: {type: number}}}"
    assert errors(sweep(trial=trial)) == {}
    assert errors(sweep(trial=trial.replace("inputs.lr", "inputs.rl")))["binding-unknown-input"].path == (
        "jobs.s.trial.command"
    )


def test_what_a_sweep_gives_may_be_used_by_others() -> None:
    last = "  e: {type: command, component: ./train.yml, inputs: {lr: 1, d: '${{parent.jobs.s.outputs.PORT}}'}}\n"
    assert errors(sweep(more=last.replace("PORT", "o")), TRIAL) == {}
    assert "binding-unknown-port" in errors(sweep(more=last.replace("PORT", "oo")), TRIAL)
