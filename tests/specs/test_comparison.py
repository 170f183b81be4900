from __future__ import annotations

import pytest

from mlopsportal.specs.comparison import ComparedJSON, compare_documents
from tests.specs.building import document, guide

COMPONENT = "type: command\nname: c\nversion: 1\ncommand: x\nenvironment: azureml:e:1\ninputs: {n: {type: number}}\n"
JOB = "type: pipeline\nname: p\ninputs: {n: 3}\njobs: {a: {component: 'azureml:c:1'}}\n"
SCHEDULE = "name: s\ntrigger: {type: cron, expression: '0 6 * * *'}\ncreate_job: azureml:p:1\n"


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        (COMPONENT, COMPONENT, "patch"),
        (COMPONENT, COMPONENT.replace("version: 1", "version: 2"), "patch"),
        (COMPONENT, COMPONENT.replace("number", "integer"), "breaking"),
        (COMPONENT, COMPONENT.replace("number", "number, default: 1"), "minor"),
        (COMPONENT, JOB, "breaking"),
        (JOB, JOB.replace("n: 3", "n: 4"), "minor"),
        (JOB, JOB.replace("n: 3", "n: 3, m: 4"), "minor"),
        (JOB, JOB.replace("inputs: {n: 3}", "inputs: {}"), "breaking"),
        (JOB, JOB.replace("azureml:c:1", "azureml:c:2"), "unknown"),  # nobody knows what c:2 takes
        (JOB, "version: 1\n" + JOB.replace("n: 3", "n: {type: integer, default: 3}"), "patch"),
        (SCHEDULE, SCHEDULE.replace("0 6", "0 7"), "minor"),
        (SCHEDULE, SCHEDULE + "description: Every morning\n", "patch"),
        ("a: 1\n", COMPONENT, "unknown"),
    ],
)
def test_documents_compare_by_what_their_users_feel(left: str, right: str, verdict: str) -> None:
    assert str(compare_documents(document(left), document(right)).verdict) == verdict


def test_a_comparison_prints_verdict_reasons_and_changes() -> None:
    shown = compare_documents(document(COMPONENT), document(COMPONENT.replace("number", "integer"))).as_json()
    assert shown["reasons"][0]["rule"] == "input-type-changed"
    assert shown["changes"] == [{"path": "inputs.n.type", "kind": "changed", "before": "number", "after": "integer"}]


def test_the_guides_pipeline_equals_itself() -> None:
    pipeline = next(item for item in guide() if item.path == "training-pipeline.yml")
    assert compare_documents(pipeline, pipeline).as_json() == ComparedJSON(verdict="patch", reasons=[], changes=[])
