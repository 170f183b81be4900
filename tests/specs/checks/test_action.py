from __future__ import annotations

import pytest

from tests.specs.building import demo, errors


@pytest.mark.parametrize(
    "text",
    [
        'action: archive\ntarget: "component:model_training:1"\n',
        'action: restore\ntarget: "demo/data:raw-data"\n',
        'action: cancel\ntarget: "run:plucky_fig"\n',
        'action: disable\ntarget: "schedule:weekly"\n',
        'action: enable\ntarget: "trigger:new_data"\n',
        'action: run\ntarget: "component:p:1"\ninputs: {data: "azureml:raw-data:1", n: 3}\nforce_rerun: true\n',
    ],
)
def test_actions_on_what_is_there_are_right(text: str) -> None:
    mirror = demo()
    mirror.schedules.add("weekly")
    mirror.add("component:p:1", "pipeline", {"inputs": {"data": {"type": "uri_folder"}, "n": {"type": "integer"}}})
    assert errors(text, mirror=mirror) == {}


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ('action: remove\ntarget: "schedule:weekly"\n', "action-unknown", "action"),
        ("action: archive\ntarget: train\n", "action-target", "target"),
        ("action: archive\ntarget: 3\n", "action-target", "target"),
        ('action: archive\ntarget: "schedule:weekly"\n', "action-target", "target"),
        ('action: run\ntarget: "component:p"\n', "action-target", "target"),
        ('action: run\ntarget: "component:model_training:1"\n', "action-target", "target"),
        ('action: delete\ntarget: "schedule:nope"\n', "reference-unknown", "target"),
        ('action: archive\ntarget: "component:nope"\n', "reference-unknown", "target"),
        ('action: archive\ntarget: "component:model_training:7"\n', "reference-unknown", "target"),
        ('action: run\ntarget: "component:p:1"\ninputs: {n: many}\n', "edge-type", "inputs.n"),
        ('action: run\ntarget: "component:p:1"\ninputs: {m: 1}\n', "input-unknown", "inputs.m"),
        (
            'action: run\ntarget: "component:p:1"\ninputs: {data: "azureml:raw-data:7"}\n',
            "reference-unknown",
            "inputs.data",
        ),
        ('action: run\ntarget: "component:p:1"\ncompute: gpu\n', "compute-unknown", "compute"),
        ('action: run\ntarget: "component:p:1"\ninputs: [1]\n', "value-type", "inputs"),
        ('action: cancel\ntarget: "run:x"\ninputs: {}\n', "key-unknown", "inputs"),
    ],
)
def test_actions_that_cannot_be_done_are_errors(text: str, code: str, path: str) -> None:
    mirror = demo()
    mirror.add("component:p:1", "pipeline", {"inputs": {"data": {"type": "uri_folder"}, "n": {"type": "integer"}}})
    found = errors(text, mirror=mirror)
    assert code in found
    assert found[code].path == path
