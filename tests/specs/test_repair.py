from __future__ import annotations

from copy import deepcopy

from mlopsportal.specs.repair import repair
from tests.specs.building import demo, document, guide


def repaired(name: str) -> tuple[dict[str, object], list[tuple[str, int | None]]]:
    documents = {item.path: item for item in guide()}
    before = deepcopy(documents[name].value)
    value, repairs = repair(documents[name], mirror=demo(), siblings=documents)
    assert documents[name].value == before
    return value, [(made.code, made.line) for made in repairs]


def test_the_guides_component_needs_no_repair() -> None:
    assert repaired("data-prep-component.yml")[1] == []


def test_the_guides_pipeline_gets_bindings_types_and_compute() -> None:
    value, repairs = repaired("training-pipeline.yml")
    assert [code for code, _ in repairs] == ["binding-old-jobs"] * 2 + ["node-type-missing"] * 3 + ["compute-missing"]
    assert repairs[0] == ("binding-old-jobs", 19)
    jobs = value["jobs"]
    assert isinstance(jobs, dict)
    assert jobs["train_job"]["inputs"]["training_data"] == "${{parent.jobs.data_prep_job.outputs.prepared_data}}"
    assert {node["type"] for node in jobs.values()} == {"command"}
    assert value["settings"] == {"default_compute": "azureml:serverless"}


def test_the_guides_schedule_gets_its_zone_and_its_job_in_place() -> None:
    value, repairs = repaired("pipeline-schedule.yml")
    assert repairs == [("schedule-time-zone-place", 13), ("schedule-job-form", 14)]
    assert value["create_job"] == "./training-pipeline.yml"
    assert "job" not in value
    assert value["trigger"] == {
        "type": "recurrence",
        "frequency": "week",
        "interval": 1,
        "schedule": {"hours": 2, "minutes": 0},
        "time_zone": "UTC",
    }


def test_the_guides_data_trigger_gets_its_job_in_place() -> None:
    value, repairs = repaired("data-driven-schedule.yml")
    assert repairs == [("schedule-job-form", 13)]
    assert value["create_job"] == "./training-pipeline.yml"


def test_a_type_comes_from_the_document_beside() -> None:
    inner = document("type: pipeline\nname: inner\nversion: 1\njobs: {}\n", "inner.yml")
    outer = document("type: pipeline\ncompute: azureml:c\njobs: {a: {component: ./inner.yml}}\n")
    value, repairs = repair(outer, mirror=None, siblings={"inner.yml": inner})
    assert value["jobs"]["a"]["type"] == "pipeline"
    assert [made.after for made in repairs] == ["pipeline"]


def test_what_is_right_is_left_alone() -> None:
    text = (
        "type: pipeline\nsettings: {default_compute: azureml:c}\njobs: {a: {type: command, component: 'azureml:c:1'}}\n"
    )
    assert repair(document(text), mirror=demo(), siblings={})[1] == []
    assert repair(document("- no\n- mapping\n"), mirror=None, siblings={}) == (None, [])


def test_the_triggers_own_zone_wins_over_the_one_in_the_wrong_place() -> None:
    text = (
        "name: s\ntrigger: {type: recurrence, time_zone: UTC, schedule: {time_zone: Utopia}}\ncreate_job: azureml:p:1\n"
    )
    value, (made,) = repair(document(text), mirror=None, siblings={})
    assert value["trigger"]["time_zone"] == "UTC"
    assert "dropped" in made.message


def test_overrides_beside_the_old_job_key_are_kept() -> None:
    text = "name: s\ntrigger: {type: data}\njob: {path: p.yml, type: pipeline, inputs: {a: 1}}\n"
    value, _ = repair(document(text), mirror=None, siblings={})
    assert value["create_job"] == {"type": "pipeline", "job": "./p.yml", "inputs": {"a": 1}}
