"""What the sandbox refuses, as Azure does: things that are not there, and changed content of a version."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.sandbox.doors import Raw, component, data, environment, node, pipeline, schedule
from tests.sandbox_server import running_sandbox

FOLDER = {"type": "uri_folder"}
CRON = {"triggerType": "Cron", "expression": "0 2 * * 1", "timeZone": "UTC"}


def refused(answer: Any, *words: str) -> None:
    """A 400 in ARM's form whose message holds the words."""
    assert (answer.status, answer.error["code"]) == (400, "UserError"), answer.body
    for word in words:
        assert word in answer.error["message"]


def test_a_component_with_an_unknown_environment_is_refused(raw: Raw) -> None:
    body = component(raw.sandbox.base)
    body["properties"]["componentSpec"]["environment"] = f"azureml:{raw.sandbox.base}/environments/nope/versions/1"
    refused(raw("PUT", "components/new/versions/1", body), "nope", "does not exist")
    assert raw("GET", "components/new").status == 404


def test_a_pipeline_component_with_an_unknown_step_is_refused(raw: Raw) -> None:
    body = component(raw.sandbox.base)
    jobs = {"first": node(raw.sandbox.base, "nope", "3")}
    body["properties"]["componentSpec"] = {"type": "pipeline", "jobs": jobs}
    refused(raw("PUT", "components/flow/versions/1", body), "nope:3", "does not exist")


def test_a_component_port_without_type_is_refused(raw: Raw) -> None:
    refused(raw("PUT", "components/new/versions/1", component(raw.sandbox.base, inputs={"x": {}})), "no type")


def test_data_on_an_unknown_datastore_is_refused(raw: Raw) -> None:
    body = data()
    body["properties"]["dataUri"] = "azureml://datastores/nope/paths/x/"
    refused(raw("PUT", "data/new/versions/1", body), "Datastore 'nope'")


def test_a_run_with_an_unknown_compute_is_refused(raw: Raw, chain: Any, raw_input: Any) -> None:
    settings = {"default_compute": f"{raw.sandbox.base}/computes/nope"}
    refused(raw("PUT", "jobs/r", pipeline(raw.sandbox.base, chain, inputs=raw_input, settings=settings)), "'nope'")


def test_a_run_without_compute_is_refused(raw: Raw, chain: Any, raw_input: Any) -> None:
    body = pipeline(raw.sandbox.base, chain, inputs=raw_input, settings={"default_compute": None})
    refused(raw("PUT", "jobs/r", body), "Compute not set")


def test_a_run_with_unknown_data_is_refused(raw: Raw, chain: Any) -> None:
    inputs = {"raw": {"jobInputType": "uri_folder", "uri": f"{raw.sandbox.base}/data/nope/versions/1"}}
    refused(raw("PUT", "jobs/r", pipeline(raw.sandbox.base, chain, inputs=inputs)), "data/nope/1")


def test_a_run_with_a_missing_input_is_refused(raw: Raw, chain: Any, raw_input: Any) -> None:
    chain["prep"]["inputs"] = {}
    body = pipeline(raw.sandbox.base, chain, inputs=raw_input)
    refused(raw("PUT", "jobs/r", body), "Required input 'raw'")


def test_a_run_with_an_input_the_component_lacks_is_refused(raw: Raw, chain: Any, raw_input: Any) -> None:
    chain["prep"]["inputs"]["speed"] = {"value": "1", "job_input_type": "literal"}
    refused(raw("PUT", "jobs/r", pipeline(raw.sandbox.base, chain, inputs=raw_input)), "'speed'")


def test_a_binding_that_leads_nowhere_is_refused(raw: Raw, chain: Any, raw_input: Any) -> None:
    chain["train"]["inputs"]["data"]["value"] = "${{parent.jobs.prep.outputs.nope}}"
    refused(raw("PUT", "jobs/r", pipeline(raw.sandbox.base, chain, inputs=raw_input)), "leads nowhere")


def test_steps_that_wait_for_each_other_are_refused(raw: Raw) -> None:
    base = raw.sandbox.base
    jobs = {
        "a": node(base, "prep", inputs={"raw": "${{parent.jobs.b.outputs.clean}}"}),
        "b": node(base, "prep", inputs={"raw": "${{parent.jobs.a.outputs.clean}}"}),
    }
    refused(raw("PUT", "jobs/r", pipeline(base, jobs)), "depend on each other")


def test_a_pipeline_run_needs_its_second_token(raw: Raw, chain: Any, raw_input: Any) -> None:
    del raw.session.headers["x-azureml-token"]
    refused(raw("PUT", "jobs/r", pipeline(raw.sandbox.base, chain, inputs=raw_input)), "x-azureml-token")


@pytest.mark.parametrize(
    ("trigger", "word"),
    [
        (CRON | {"expression": "banana"}, "fields"),
        (CRON | {"expression": "0 25 * * 1"}, "25"),
        (CRON | {"timeZone": "Mars/Olympus"}, "Mars/Olympus"),
        (CRON | {"timeZone": "Europe/Berlin"}, "W. Europe Standard Time"),
        ({"triggerType": "Recurrence", "frequency": "week", "interval": 0}, "interval"),
        ({"triggerType": "Recurrence", "frequency": "year", "interval": 1}, "frequency"),
        ({"triggerType": "Data"}, "type"),
    ],
)
def test_a_trigger_that_cannot_fire_is_refused(raw: Raw, trigger: dict[str, Any], word: str) -> None:
    jobs = {"only": node(raw.sandbox.base, "prep", inputs={"raw": "x"})}
    refused(raw("PUT", "schedules/s", schedule(raw.sandbox.base, trigger, jobs)), word)


def test_a_schedule_of_an_unknown_component_is_refused(raw: Raw) -> None:
    jobs = {"only": node(raw.sandbox.base, "nope")}
    refused(raw("PUT", "schedules/s", schedule(raw.sandbox.base, CRON, jobs)), "nope:1")


def test_the_command_of_a_version_cannot_change(raw: Raw) -> None:
    body = raw("GET", "components/prep/versions/1").body
    body["properties"]["componentSpec"]["command"] = "python other.py"
    refused(raw("PUT", "components/prep/versions/1", body), "field command is immutable", "new version")
    spec = raw("GET", "components/prep/versions/1").body["properties"]["componentSpec"]
    assert spec["command"] == "python step.py"


def test_description_and_tags_of_a_version_can_change(raw: Raw) -> None:
    body = copy.deepcopy(raw("GET", "components/prep/versions/1").body)
    body["properties"] |= {"description": "new words", "tags": {"a": "b"}}
    body["properties"]["componentSpec"] |= {"id": "echo", "_source": "REMOTE.WORKSPACE.COMPONENT", "tags": {"a": "b"}}
    assert raw("PUT", "components/prep/versions/1", body).status == 200
    assert raw("GET", "components/prep/versions/1").body["properties"]["description"] == "new words"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("data/raw/versions/1", data("elsewhere"), "dataUri"),
        ("environments/env/versions/1", environment("other:2"), "image"),
    ],
)
def test_content_of_a_version_cannot_change(raw: Raw, path: str, body: dict[str, Any], field: str) -> None:
    refused(raw("PUT", path, body), f"field {field} is immutable")


def test_changed_content_is_taken_where_it_is_switched_on() -> None:
    with running_sandbox(accept_changed_versions=True) as sandbox:
        raw = Raw(sandbox)
        assert raw("PUT", "environments/env/versions/1", environment()).status == 201
        assert raw("PUT", "environments/env/versions/1", environment("other:2")).status == 200
        assert raw("GET", "environments/env/versions/1").body["properties"]["image"] == "other:2"
        raw.close()


@pytest.mark.parametrize("part", ["inputs", "outputs", "tags", "settings", "jobs"])
@pytest.mark.parametrize("value", [3, ["x"], "text", {"x": 3}])
def test_a_run_of_another_shape_is_no_accident(raw: Raw, chain: Any, raw_input: Any, part: str, value: Any) -> None:
    body = pipeline(raw.sandbox.base, chain, inputs=raw_input)
    body["properties"][part] = value
    assert raw("PUT", "jobs/r", body).status in (201, 400)


@pytest.mark.parametrize("part", ["inputs", "outputs", "jobs", "type", "environment", "command"])
@pytest.mark.parametrize("value", [3, ["x"], {"x": 3}, None])
def test_a_component_of_another_shape_is_no_accident(raw: Raw, part: str, value: Any) -> None:
    for kind in ("command", "pipeline"):
        body = component(raw.sandbox.base, jobs={"a": node(raw.sandbox.base, "prep")})
        body["properties"]["componentSpec"] |= {"type": kind, part: value}
        assert raw("PUT", "components/odd/versions/1", body).status in (201, 200, 400)


def test_a_pipeline_component_with_a_loose_binding_is_refused(raw: Raw) -> None:
    body = component(raw.sandbox.base)
    jobs = {"first": node(raw.sandbox.base, "prep", inputs={"raw": "${{parent.inputs.nope}}"})}
    body["properties"]["componentSpec"] = {"type": "pipeline", "jobs": jobs, "inputs": {}, "outputs": {}}
    refused(raw("PUT", "components/flow/versions/1", body), "leads nowhere")


@pytest.mark.parametrize("body", [[], {"properties": []}, {"properties": {"componentSpec": 3}}, {}])
def test_a_body_of_another_shape_is_refused(raw: Raw, body: Any) -> None:
    refused(raw("PUT", "components/new/versions/1", body))


def test_a_name_with_a_space_is_refused(raw: Raw) -> None:
    refused(raw("PUT", "data/bad%20name/versions/1", data()), "bad name")
