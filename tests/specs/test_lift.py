from __future__ import annotations

import json

from mlopsportal.specs.digest import canonical
from mlopsportal.specs.documents import Document, Kind, kind_of
from mlopsportal.specs.lift import (
    RUN_DEFAULTS_PROPERTY,
    Lifted,
    interfaces_for,
    lift,
    run_defaults_of,
    with_file_references,
)
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.validate import check, judge
from tests.specs.building import demo, document, guide


def lifted_guide() -> Lifted:
    judged = judge(guide(), mirror=demo())
    pipeline = judged["training-pipeline.yml"].document
    interfaces = interfaces_for([item.document for item in judged.values()], demo())
    return lift(pipeline.value, path=pipeline.path, version="1", interfaces=interfaces, parsed=pipeline.parsed)


def test_the_guides_pipeline_becomes_a_pipeline_version() -> None:
    lifted = lifted_guide()
    component = lifted.component
    assert lifted.ref == Ref("component", "training_pipeline", "1")
    assert kind_of(component) is Kind.PIPELINE_COMPONENT
    assert component["inputs"] == {"raw_data": {"type": "uri_folder"}, "test_data": {"type": "uri_folder"}}
    assert component["jobs"]["data_prep_job"]["inputs"] == {"raw_data": "${{parent.inputs.raw_data}}"}
    assert component["jobs"]["evaluate_job"]["inputs"]["test_data"] == "${{parent.inputs.test_data}}"
    assert lifted.run_defaults == {
        "inputs": {
            "raw_data": {"type": "uri_folder", "path": "azureml:raw-data:1"},
            "test_data": {"type": "uri_folder", "path": "azureml:test-data:1"},
        },
        "compute": "serverless",
    }


def test_the_run_defaults_live_in_one_property_as_canonical_json() -> None:
    lifted = lifted_guide()
    text = lifted.component["properties"][RUN_DEFAULTS_PROPERTY]
    assert text == canonical(lifted.run_defaults).decode()
    assert run_defaults_of(lifted.component["properties"]) == lifted.run_defaults


def test_the_lifted_pipeline_passes_the_checks() -> None:
    text = json.dumps(lifted_guide().component)
    documents = [document(text, "lifted.yml"), *(item for item in guide() if item.path == "data-prep-component.yml")]
    problems = check(documents, mirror=demo())["lifted.yml"]
    assert [problem for problem in problems if problem.is_error] == []


def test_each_piece_of_data_is_noted_with_its_line() -> None:
    notes = {note.path: note for note in lifted_guide().notes if note.code == "lifted-data"}
    assert notes["jobs.data_prep_job.inputs.raw_data"].line == 9
    assert notes["jobs.evaluate_job.inputs.test_data"].before == "azureml:test-data:1"


def lifted(text: str, path: str = "p.yml") -> Lifted:
    return lift(document(text).value, path=path, version="7", interfaces={})


def test_two_ports_of_one_name_get_the_nodes_name_before_it() -> None:
    made = lifted(
        """
        type: pipeline
        jobs:
          a: {component: 'azureml:c:1', inputs: {data: {path: 'azureml:x:1'}}}
          b: {component: 'azureml:c:1', inputs: {data: {path: 'azureml:y:1', mode: download}}}
        """
    )
    assert set(made.component["inputs"]) == {"data", "b_data"}
    assert made.component["jobs"]["b"]["inputs"]["data"] == {
        "type": "uri_folder",
        "path": "${{parent.inputs.b_data}}",
        "mode": "download",
    }


def test_values_of_a_job_become_defaults() -> None:
    made = lifted(
        """
        type: pipeline
        name: My Pipeline
        version: 3
        experiment_name: churn
        settings: {default_compute: azureml:cpu-cluster, force_rerun: true}
        inputs: {lr: 0.1, epochs: 3, name: x, flag: true, d: {type: uri_file, path: 'azureml:d:2'}, t: 'azureml:t:1'}
        outputs: {model: {type: mlflow_model, path: 'azureml://datastores/a/paths/b'}, plain: {type: uri_folder}}
        jobs: {a: {component: 'azureml:c:1'}}
        """
    )
    assert made.ref == Ref("component", "my_pipeline", "3")
    assert made.component["inputs"]["lr"] == {"type": "number", "default": 0.1}
    assert made.component["inputs"]["epochs"] == {"type": "integer", "default": 3}
    assert made.component["inputs"]["flag"] == {"type": "boolean", "default": True}
    assert made.component["inputs"]["d"] == {"type": "uri_file"}
    assert made.component["outputs"] == {"model": {"type": "mlflow_model"}, "plain": {"type": "uri_folder"}}
    assert made.run_defaults == {
        "inputs": {
            "d": {"type": "uri_file", "path": "azureml:d:2"},
            "t": {"type": "uri_folder", "path": "azureml:t:1"},
        },
        "outputs": {"model": {"type": "mlflow_model", "path": "azureml://datastores/a/paths/b"}},
        "compute": "cpu-cluster",
        "experiment_name": "churn",
        "settings": {"force_rerun": True},
    }


def test_the_name_comes_from_the_file_where_the_job_has_none() -> None:
    assert lifted("type: pipeline\njobs: {}\n", "a/Training-Pipeline v2.yml").ref.name == "training_pipeline_v2"


def test_component_files_become_the_versions_they_make() -> None:
    pipeline: Document = document(
        "type: pipeline\njobs: {a: {component: ./c.yml}, b: {component: ../x.yml}}", "p/p.yml"
    )
    value, notes = with_file_references(pipeline.value, pipeline, {"p/c.yml": Ref("component", "c", "4")})
    assert value["jobs"]["a"]["component"] == "azureml:c:4"
    assert value["jobs"]["b"]["component"] == "../x.yml"
    assert [note.path for note in notes] == ["jobs.a.component"]


def test_properties_that_hold_no_defaults_give_none() -> None:
    for properties in (None, {}, {RUN_DEFAULTS_PROPERTY: "{"}, {RUN_DEFAULTS_PROPERTY: "[1]"}):
        assert run_defaults_of(properties) == {}
