"""Runs go forward with the clock: steps, reuse, failure, cancelling, what they leave behind."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.sandbox.conftest import stock
from tests.sandbox.doors import Raw, component, node, pipeline
from tests.sandbox_server import running_sandbox

HOUR = 3600


def start(raw: Raw, name: str, jobs: Any, inputs: Any, **more: Any) -> None:
    answer = raw("PUT", f"jobs/{name}", pipeline(raw.sandbox.base, jobs, inputs=inputs, **more))
    assert answer.status == 201, answer.body


def status(raw: Raw, name: str) -> str:
    return str(raw("GET", f"jobs/{name}").body["properties"]["status"])


def steps(raw: Raw, name: str) -> dict[str, dict[str, Any]]:
    """Direct children by display name."""
    return {step["displayName"]: step for step in raw.history("GET", f"runs/{name}/children").body["value"]}


def states(raw: Raw, name: str) -> dict[str, str]:
    return {key: step["status"] for key, step in steps(raw, name).items()}


def test_steps_run_one_after_another(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "r", chain, raw_input)
    assert (status(raw, "r"), states(raw, "r")["prep"]) == ("Preparing", "NotStarted")
    raw.sandbox.advance(120)
    assert status(raw, "r") == "Running"
    assert states(raw, "r") == {"prep": "Running", "train": "NotStarted", "judge": "NotStarted"}
    raw.sandbox.advance(HOUR)
    assert status(raw, "r") == "Completed"
    assert set(states(raw, "r").values()) == {"Completed"}


def test_a_step_takes_five_to_fifteen_minutes(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "r", chain, raw_input)
    raw.sandbox.advance(HOUR)
    found = list(steps(raw, "r").values())
    seconds = [
        (datetime.fromisoformat(s["endTimeUtc"]) - datetime.fromisoformat(s["startTimeUtc"])).total_seconds()
        for s in found
    ]
    assert all(300 <= length <= 900 for length in seconds)


def test_time_scale_shortens_runs(chain: Any, raw_input: Any) -> None:
    with running_sandbox(time_scale=1000) as sandbox:
        stock(sandbox)
        raw = Raw(sandbox)
        start(raw, "r", chain, raw_input)
        sandbox.advance(4)
        assert status(raw, "r") == "Completed"
        raw.close()


def test_an_unchanged_step_is_used_again(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "one", chain, raw_input)
    raw.sandbox.advance(HOUR)
    chain["train"]["inputs"]["rate"] = {"value": "0.5", "job_input_type": "literal"}
    start(raw, "two", chain, raw_input)
    raw.sandbox.advance(HOUR)
    first, second = steps(raw, "one"), steps(raw, "two")
    assert second["prep"]["properties"]["azureml.isreused"] == "true"
    assert second["prep"]["properties"]["azureml.reusedrunid"] == first["prep"]["runId"]
    assert second["prep"]["outputs"] == first["prep"]["outputs"]
    assert "azureml.isreused" not in second["train"]["properties"]
    assert "azureml.isreused" not in second["judge"]["properties"], "what it reads is new"


def test_force_rerun_uses_nothing_again(raw: Raw, chain: Any, raw_input: Any) -> None:
    for name in ("one", "two"):
        start(raw, name, chain, raw_input, settings={"force_rerun": True})
        raw.sandbox.advance(HOUR)
    assert all("azureml.isreused" not in step["properties"] for step in steps(raw, "two").values())


@pytest.mark.parametrize("how", ["tag", "control"])
def test_a_step_fails_only_when_told_to(raw: Raw, chain: Any, raw_input: Any, how: str) -> None:
    if how == "control":
        raw.sandbox.fail_step("train")
    start(raw, "r", chain, raw_input, tags={"sandbox.fail": "train"} if how == "tag" else {})
    raw.sandbox.advance(HOUR)
    assert status(raw, "r") == "Failed"
    assert states(raw, "r") == {"prep": "Completed", "train": "Failed", "judge": "Canceled"}
    found = raw.history("GET", "runs/r").body
    assert "train" in found["error"]["error"]["message"]


def test_a_failure_stops_the_steps_beside_it(raw: Raw, raw_input: Any) -> None:
    base = raw.sandbox.base
    jobs = {name: node(base, "prep", inputs={"raw": "${{parent.inputs.raw}}"}) for name in ("bad", "good", "other")}
    start(raw, "stops", jobs, raw_input, tags={"sandbox.fail": "bad"})
    raw.sandbox.advance(HOUR)
    assert "Canceled" in states(raw, "stops").values()
    start(raw, "goes_on", jobs, raw_input, tags={"sandbox.fail": "bad"}, settings={"continue_on_step_failure": True})
    raw.sandbox.advance(HOUR)
    assert states(raw, "goes_on") == {"bad": "Failed", "good": "Completed", "other": "Completed"}
    assert status(raw, "goes_on") == "Failed"


def test_cancelling_stops_everything_at_once(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "r", chain, raw_input)
    raw.sandbox.advance(120)
    assert raw("POST", "jobs/r/cancel").status == 200
    assert (status(raw, "r"), set(states(raw, "r").values())) == ("Canceled", {"Canceled"})
    again = raw("POST", "jobs/r/cancel")
    assert (again.status, again.error["code"]) == (400, "UserError")


def test_a_one_node_run_holds_the_pipeline_s_steps(raw: Raw, chain: Any, raw_input: Any) -> None:
    base = raw.sandbox.base
    spec = {"type": "pipeline", "jobs": chain, "inputs": {"raw": {"type": "uri_folder"}}, "outputs": {}}
    body = component(base)
    body["properties"]["componentSpec"] = spec
    assert raw("PUT", "components/flow/versions/1", body).status == 201
    main = node(base, "flow", kind="pipeline", inputs={"raw": "${{parent.inputs.raw}}"})
    start(raw, "r", {"main": main}, raw_input)
    raw.sandbox.advance(HOUR)
    outer = steps(raw, "r")
    assert {key: step["status"] for key, step in outer.items()} == {"main": "Completed"}
    inner = steps(raw, outer["main"]["runId"])
    assert set(inner) == {"prep", "train", "judge"}
    assert inner["prep"]["rootRunId"] == "r"
    assert inner["prep"]["properties"]["azureml.moduleid"] == f"{base}/components/prep/versions/1"


def test_a_node_of_the_wrong_type_is_refused(raw: Raw, raw_input: Any) -> None:
    main = node(raw.sandbox.base, "prep", kind="pipeline", inputs={"raw": "${{parent.inputs.raw}}"})
    answer = raw("PUT", "jobs/r", pipeline(raw.sandbox.base, {"main": main}, inputs=raw_input))
    assert (answer.status, answer.error["code"]) == (400, "UserError")


def test_steps_tell_where_their_data_came_from(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "r", chain, raw_input)
    raw.sandbox.advance(HOUR)
    found = steps(raw, "r")
    assert found["prep"]["inputs"]["raw"]["assetId"].endswith("/data/raw/versions/1")
    assert found["train"]["inputs"]["data"] == found["prep"]["outputs"]["clean"]
    assert found["train"]["parameters"] == {"rate": "0.1"}
    unnamed = found["prep"]["outputs"]["clean"]["assetId"].split("/data/")[1]
    assert raw("GET", f"data/{unnamed}").status == 200


def test_a_named_output_becomes_a_model(raw: Raw, chain: Any, raw_input: Any) -> None:
    chain["train"]["outputs"] = {"model": {"value": "${{parent.outputs.best}}", "type": "literal"}}
    outputs = {"best": {"jobOutputType": "custom_model", "mode": "ReadWriteMount", "assetName": "churn"}}
    for version in ("1", "2"):
        settings = {"force_rerun": True}
        start(raw, f"run{version}", chain, raw_input, outputs=outputs, settings=settings)
        raw.sandbox.advance(HOUR)
        found = raw("GET", f"models/churn/versions/{version}").body["properties"]
        step = steps(raw, f"run{version}")["train"]
        assert found["jobName"] == step["runId"]
        assert step["outputs"]["model"]["assetId"].endswith(f"/models/churn/versions/{version}")


def test_logs_and_metrics_grow_with_the_run(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "r", chain, raw_input)
    raw.sandbox.advance(HOUR)
    step = steps(raw, "r")["train"]
    url = raw.history("GET", f"runs/{step['runId']}/details").body["logFiles"]["user_logs/std_log.txt"]
    text = raw.session.get(url, headers={"Authorization": ""}, timeout=5).text
    assert "Starting train:1 on serverless" in text
    assert text.rstrip().endswith("Finished with status Completed")
    metrics = f"/metric/v2.0{raw.sandbox.base}/runs/{step['runId']}"
    names = [item["name"] for item in raw("POST", f"{metrics}/list", {}).body["value"]]
    assert names == ["train_loss", "val_auc"]
    series = raw("POST", f"{metrics}/full", {"metricName": "train_loss"}).body["value"]
    values = [point["data"]["train_loss"] for point in series]
    assert len(values) == 20
    assert values == sorted(values, reverse=True)


def test_the_same_definition_again_is_the_same_run(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "r", chain, raw_input)
    body = pipeline(raw.sandbox.base, chain, inputs=raw_input)
    assert raw("PUT", "jobs/r", body).status == 200
    body["properties"]["inputs"] = {}
    body["properties"]["jobs"] = {"prep": node(raw.sandbox.base, "prep", inputs={"raw": "x"})}
    assert raw("PUT", "jobs/r", body).status == 400
    assert len(raw.all("jobs?listViewType=All")) == 1


def test_run_data_holds_what_was_selected(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "r", chain, raw_input)
    found = raw.history("POST", "rundata", {"runId": "r", "selectRunMetadata": True}).body
    assert found["runMetadata"]["runId"] == "r"
    assert "jobSpecification" not in found


def test_metadata_of_a_run_can_be_edited(raw: Raw, chain: Any, raw_input: Any) -> None:
    start(raw, "r", chain, raw_input, tags={"old": "1"})
    edit = {"displayName": "new", "tags": {"old": None, "new": "2"}, "hidden": True}
    assert raw.history("PATCH", "experiments/tests/runs/r", edit).status == 200
    found = raw("GET", "jobs/r").body["properties"]
    assert (found["displayName"], found["tags"]) == ("new", {"new": "2"})
    assert raw.all("jobs") == []
    assert [job["name"] for job in raw.all("jobs?listViewType=ArchivedOnly")] == ["r"]
