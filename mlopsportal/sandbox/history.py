"""The run-history data plane: runs, children, details, run data, metadata edits, metrics."""

from __future__ import annotations

from typing import Any

from mlopsportal.sandbox import evidence, jobs, runs
from mlopsportal.sandbox.arm import Json, Reply, as_object, not_found, page, place_of, user_error, whole_number
from mlopsportal.sandbox.clock import iso
from mlopsportal.sandbox.runs import Run
from mlopsportal.sandbox.world import Call


def _run(call: Call, name: str) -> Run:
    run = runs.get(call.store, name, now=call.now)
    if run is None:
        raise not_found(f"runs/{name}")
    return run


def _properties(call: Call, run: Run) -> Json:
    """The `azureml.*` properties that lineage is joined on."""
    own: Json = dict(run.detail.get("properties") or {})
    if run.parent is None:
        return {"azureml.runsource": "azureml.PipelineRun", "runType": "HTTP"} | own
    component = str(run.detail["componentId"])
    own |= {
        "azureml.runsource": "azureml.PipelineRun" if run.job_type == "Pipeline" else "azureml.StepRun",
        "azureml.moduleid": component,
        "azureml.moduleName": component.rpartition("/components/")[2].partition("/versions/")[0],
        "azureml.nodeid": run.name[:8],
        "azureml.pipelinerunid": run.root,
        "azureml.pipeline": run.root,
        "StepType": "PythonScriptStep",
    }
    if run.detail.get("reusedFrom"):
        source = runs.get(call.store, run.detail["reusedFrom"])
        own |= {"azureml.isreused": "true", "azureml.reusedrunid": run.detail["reusedFrom"]}
        own |= {"azureml.reusedpipelinerunid": source.root} if source else {}
    return own


def run_body(call: Call, run: Run) -> Json:
    """Run history's view; times are absent until they have come, outputs until the run is over."""
    now = call.now
    over = run.is_over(now)
    began = run.ran and now >= run.starts_at
    body: Json = {
        "runNumber": run.seq,
        "runId": run.name,
        "parentRunId": run.parent,
        "rootRunId": run.root,
        "experimentId": call.place.guid,
        "displayName": run.detail.get("displayName") or run.name,
        "description": run.detail.get("description"),
        "status": run.status(now),
        "createdUtc": iso(run.created_at),
        "startTimeUtc": iso(run.starts_at) if began else None,
        "endTimeUtc": iso(run.ends_at) if over else None,
        "hidden": run.hidden,
        "runType": "azureml.PipelineRun" if run.job_type == "Pipeline" else "azureml.StepRun",
        "tags": run.detail.get("tags") or {},
        "properties": _properties(call, run),
        "parameters": run.detail.get("parameters") or {},
        "createdBy": {"userObjectId": call.place.guid, "userName": run.created_by},
        "lastModifiedUtc": iso(run.modified_at),
        "inputs": _ports(run.detail.get("inputs")) if began or run.parent is None else {},
        "outputs": _ports(run.detail.get("outputs")) if over and run.outcome == "Completed" else {},
        "target": str(run.detail.get("compute") or "").rpartition("/")[2] or None,
    }
    if over and run.outcome == "Failed":
        body["error"] = {"error": {"code": "UserError", "message": _failure(call, run)}}
    return body


def _ports(ports: Any) -> Json:
    return {port: {"assetId": value["assetId"], "type": value["type"]} for port, value in (ports or {}).items()}


def _failure(call: Call, run: Run) -> str:
    if run.parent is not None and run.job_type != "Pipeline":
        return f"Execution failed: {run.node} was told to fail. See {evidence.STEP_LOG}."
    failed = runs.select(call.store, "parent = ? AND outcome = 'Failed'", (run.name,))
    return "Pipeline has failed child jobs: " + ", ".join(step.node for step in failed)


def get_run(call: Call, name: str, experiment: str = "") -> Reply:
    return Reply(200, run_body(call, _run(call, name)))


def children(call: Call, name: str, experiment: str = "") -> Reply:
    """Direct children in the order of the graph."""
    run = _run(call, name)
    token = call.query.get("$continuationtoken", "")
    after = place_of(token) or 0
    top = whole_number(call.query.get("$top", ""))
    size = min(top or call.switches.page_size, call.switches.page_size)
    sql = "parent = ? AND seq > ? ORDER BY seq LIMIT ?"
    found = runs.select(call.store, sql, (run.name, after, size + 1))
    next_key = str(found[size - 1].seq) if len(found) > size else None
    items = [run_body(call, step) for step in found[:size]]
    return page(call.url, call.query, items, next_key, "$continuationtoken")


def details(call: Call, name: str, experiment: str = "") -> Reply:
    """The run with its log files as addresses that need no token."""
    run = _run(call, name)
    files = evidence.log_names(run, call.now)
    base = f"{call.place.url}/st1/logs/{run.name}"
    body = run_body(call, run)
    body["logFiles"] = {file: f"{base}/{file}?sv=2024-08-04&sr=b&sp=r&sig=sandbox" for file in files}
    body |= {"createdTimeUtc": body.pop("createdUtc"), "services": {}, "warnings": [], "revision": 1}
    return Reply(200, body)


def rundata(call: Call) -> Reply:
    """Metadata, definition and job specification of one run, as far as selected."""
    asked = as_object(call.body, "body")
    run = _run(call, str(asked.get("runId") or ""))
    body: Json = {"isVirtual": False}
    if asked.get("selectRunMetadata"):
        body["runMetadata"] = run_body(call, run)
    if asked.get("selectRunDefinition"):
        body["runDefinition"] = {"componentId": run.detail.get("componentId"), "target": run.detail.get("compute")}
    if asked.get("selectJobSpecification"):
        body["jobSpecification"] = {"job": run.spec} if run.parent is None else {}
    return Reply(200, body)


def patch_run(call: Call, name: str, experiment: str = "") -> Reply:
    """Display name, description, tags (null removes one), properties (added, never changed), hidden."""
    run = _run(call, name)
    given = as_object(call.body, "body")
    if unknown := set(given) - {"displayName", "description", "tags", "properties", "hidden", "runId", "name"}:
        raise user_error(f"{', '.join(sorted(unknown))} of a run cannot be changed.", "body")
    detail = dict(run.detail)
    for key in ("displayName", "description"):
        if given.get(key) is not None:
            detail[key] = given[key]
    if isinstance(given.get("tags"), dict):
        merged = (detail.get("tags") or {}) | given["tags"]
        detail["tags"] = {key: value for key, value in merged.items() if value is not None}
    if isinstance(given.get("properties"), dict):
        detail["properties"] = given["properties"] | (detail.get("properties") or {})
    hidden = given.get("hidden")
    jobs.change_display(call, run, detail, hidden=run.hidden if hidden is None else bool(hidden))
    return Reply(200, run_body(call, _run(call, name)))


def list_metrics(call: Call, name: str) -> Reply:
    """The names and shapes of a run's metrics, without values."""
    run = _run(call, name)
    return Reply(200, {"value": [metric | {"value": []} for metric in evidence.metrics(run, call.now)]})


def full_metric(call: Call, name: str) -> Reply:
    """All values of the metric named in the body."""
    wanted = as_object(call.body, "body").get("metricName")
    for metric in evidence.metrics(_run(call, name), call.now):
        if metric["name"] == wanted:
            return Reply(200, metric)
    raise not_found(f"runs/{name}/metrics/{wanted}")


def last_values(call: Call, name: str) -> Reply:
    """Each metric with its last value only."""
    found = evidence.metrics(_run(call, name), call.now)
    return Reply(200, {"value": [metric | {"value": metric["value"][-1:]} for metric in found]})
