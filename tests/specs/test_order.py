from __future__ import annotations

import pytest

from mlopsportal.specs.order import DocumentCycle, dependencies_of, files_of, in_dependency_order
from mlopsportal.specs.ref import Ref
from tests.specs.building import document, guide


def test_the_guides_files_come_in_the_order_they_need_each_other() -> None:
    ordered = [item.path for item in in_dependency_order(list(reversed(guide())))]
    assert ordered[:2] == ["data-prep-component.yml", "training-pipeline.yml"]
    assert set(ordered[2:]) == {"pipeline-schedule.yml", "data-driven-schedule.yml"}


def test_documents_say_what_they_need() -> None:
    pipeline = next(item for item in guide() if item.path == "training-pipeline.yml")
    assert Ref("component", "model_training", "1") in dependencies_of(pipeline)
    assert Ref("data", "raw-data", "1") in dependencies_of(pipeline)
    schedule = next(item for item in guide() if item.path == "pipeline-schedule.yml")
    assert files_of(schedule) == {"training-pipeline.yml"}
    action = document("action: run\ntarget: 'demo/component:p:3'\n")
    assert dependencies_of(action) == {Ref("component", "p", "3")}


def test_a_document_without_version_comes_before_those_that_name_one() -> None:
    run = document("action: run\ntarget: 'component:p:7'\n", "run.yml")
    pipeline = document("type: pipeline\nname: p\njobs: {}\n", "p.yml")
    assert [item.path for item in in_dependency_order([run, pipeline])] == ["p.yml", "run.yml"]


def test_a_circle_has_no_order() -> None:
    a = document("type: pipeline\nversion: 1\nname: a\njobs: {x: {component: ./b.yml}}\n", "a.yml")
    b = document("type: pipeline\nversion: 1\nname: b\njobs: {x: {component: 'azureml:a:1'}}\n", "b.yml")
    with pytest.raises(DocumentCycle) as refusal:
        in_dependency_order([a, b])
    assert set(refusal.value.paths) == {"a.yml", "b.yml"}


@pytest.mark.parametrize(
    "job",
    [
        "create_job: 'azureml:p:1'",
        "create_job: {type: pipeline, job: 'azureml:p:1'}",
        "job: {type: pipeline, path: 'azureml:p:1'}",
    ],
)
def test_a_schedule_comes_after_the_pipeline_it_names(job: str) -> None:
    schedule = document(f"name: s\ntrigger: {{type: cron, expression: '0 6 * * 1'}}\n{job}\n", "a.yml")
    pipeline = document("type: pipeline\nversion: 1\nname: p\njobs: {x: {component: 'azureml:c:1'}}\n", "p.yml")
    component = document("type: command\nversion: 1\nname: c\ncommand: x\n", "z.yml")
    assert [item.path for item in in_dependency_order([schedule, pipeline, component])] == ["z.yml", "p.yml", "a.yml"]
