"""Jobs over ARM: put, get, list, cancel, delete; progress and steps belong to `runs`."""

from __future__ import annotations

import json
import re
from typing import Any

from mlopsportal.sandbox import references, runs
from mlopsportal.sandbox.arm import Json, Reply, not_found, page, place_of, properties_of, user_error
from mlopsportal.sandbox.assets import archived_filter
from mlopsportal.sandbox.operations import accepted
from mlopsportal.sandbox.runs import Run
from mlopsportal.sandbox.world import Call, system_data

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$")
# What a job executes: a second PUT of the same name must agree in these.
_SEMANTIC = ("jobType", "jobs", "inputs", "outputs", "settings", "command", "environmentId", "codeId", "sourceJobId")


def job_body(call: Call, run: Run) -> Json:
    """The ARM body of a run; a step has null properties, which sends the SDK to run history."""
    stamp = system_data(run.created_at, run.created_by, run.modified_at, run.created_by)
    body = {"id": call.place.id_of("jobs", run.name), "name": run.name, "systemData": stamp}
    body["type"] = "Microsoft.MachineLearningServices/workspaces/jobs"
    if run.parent is not None:
        return body | {"properties": None}
    services = {"Tracking": _service(call, "Tracking"), "Studio": _service(call, "Studio")}
    display = {key: value for key, value in run.detail.items() if value is not None}
    status = {"status": run.status(call.now), "services": services, "isArchived": run.hidden}
    outputs = {name: _output(run, call, name, value) for name, value in (run.spec.get("outputs") or {}).items()}
    return body | {"properties": {**run.spec, **display, **status, "outputs": outputs}}


def _service(call: Call, kind: str) -> Json:
    address = f"{call.place.url}/studio" if kind == "Studio" else f"azureml://127.0.0.1/mlflow{call.place.base}"
    return {"jobServiceType": kind, "endpoint": address, "port": None, "status": None, "errorMessage": None}


def _output(run: Run, call: Call, name: str, value: Any) -> Any:
    """A finished run's outputs say where they are."""
    if not isinstance(value, dict) or run.outcome != "Completed" or not run.is_over(call.now) or value.get("uri"):
        return value
    return value | {"uri": f"azureml://datastores/workspaceblobstore/paths/azureml/{run.name}/{name}/"}


def put_job(call: Call, name: str) -> Reply:
    """Start a run; the same name again with the same definition only touches display fields."""
    spec = properties_of(call.body)
    if not _NAME.match(name):
        raise user_error(f"The job name '{name}' may hold letters, digits, '.', '_' and '-' only.", "name")
    existing = runs.get(call.store, name)
    if existing is not None:
        return _put_again(call, existing, spec)
    if spec.get("jobType") == "Pipeline" and not call.headers.get("x-azureml-token"):
        raise user_error("Submitting a pipeline job needs the header x-azureml-token.", "x-azureml-token")
    spec = spec | {"experimentName": spec.get("experimentName") or "Default"}
    if spec.get("sourceJobId"):
        spec = from_source(call, spec)
    runs.start(call, name, spec)
    return Reply(201, job_body(call, _existing(call, name, visible=False)))


def from_source(call: Call, spec: Json) -> Json:
    """The definition of the job named by `sourceJobId`, with what this one says itself on top."""
    found = re.search(r"/jobs/([^/]+)$", str(spec["sourceJobId"]))
    source = runs.get(call.store, found[1]) if found else None
    if source is None or source.parent is not None:
        raise user_error(f"The source job '{spec['sourceJobId']}' does not exist.", "sourceJobId")
    own = {key: value for key, value in spec.items() if value not in (None, "", {}, [])}
    return {**source.spec, **{key: source.detail.get(key) for key in runs.DISPLAY_KEYS}, **own}


def _put_again(call: Call, run: Run, spec: Json) -> Reply:
    for key in _SEMANTIC:
        if run.parent is not None or references.plain(run.spec.get(key)) != references.plain(spec.get(key)):
            raise user_error(f"A job named {run.name} exists; field {key} cannot be changed.", key)
    detail = run.detail | {key: spec[key] for key in runs.DISPLAY_KEYS if spec.get(key) is not None}
    change_display(call, run, detail, hidden=run.hidden)
    return Reply(200, job_body(call, _existing(call, run.name, visible=False)))


def change_display(call: Call, run: Run, detail: Json, *, hidden: bool) -> None:
    sql = "UPDATE run SET detail = ?, hidden = ?, modified_at = ? WHERE seq = ?"
    call.store.execute(sql, (json.dumps(detail), int(hidden), call.now, run.seq))


def _existing(call: Call, name: str, *, visible: bool = True) -> Run:
    run = runs.get(call.store, name, now=call.now if visible else None)
    if run is None:
        raise not_found(f"jobs/{name}")
    return run


def get_job(call: Call, name: str) -> Reply:
    return Reply(200, job_body(call, _existing(call, name)))


def list_jobs(call: Call) -> Reply:
    """Runs (never steps), newest first; filters `jobType`, `tag`, `properties`, `scheduled` with `scheduleId`."""
    where, values = ["parent IS NULL", "visible_at <= ?"], [call.now]  # type: list[str], list[Any]
    _narrow(call, where, values)
    if token := call.query.get("$skip"):
        where.append("seq < ?")
        values.append(place_of(token))
    size = call.switches.page_size
    found = runs.select(call.store, f"{' AND '.join(where)} ORDER BY seq DESC LIMIT ?", (*values, size + 1))
    next_key = str(found[size - 1].seq) if len(found) > size else None
    return page(call.url, call.query, [job_body(call, run) for run in found[:size]], next_key)


def _narrow(call: Call, where: list[str], values: list[Any]) -> None:
    """Add the conditions that the query asks for."""

    def demand(condition: str, *parameters: Any) -> None:
        where.append(condition)
        values.extend(parameters)

    hidden = archived_filter(call)
    if hidden is not None:
        demand("hidden = ?", int(hidden))
    if kind := call.query.get("jobType"):
        demand("job_type = ?", kind)
    for field in ("tag", "properties"):
        if wanted := call.query.get(field):
            key, _, value = wanted.partition("=")
            path = f'$.{"tags" if field == "tag" else field}."{key.replace(chr(34), "")}"'
            demand("json_extract(detail, ?) IS NOT NULL", path)
            if value:
                demand("json_extract(detail, ?) = ?", path, value)
    if call.query.get("scheduled", "").lower() == "true":
        name = call.query.get("scheduleId", "")
        demand("schedule = ?", name) if name else demand("schedule <> ''")


def cancel_job(call: Call, name: str) -> Reply:
    run = _existing(call, name)
    if run.is_over(call.now):
        raise user_error(f"The job {name} is {run.status(call.now)} and cannot be cancelled.", "status")
    runs.cancel(call.world, run, call.now)
    return accepted(call, Reply(200))


def delete_job(call: Call, name: str) -> Reply:
    run = _existing(call, name)
    if not run.is_over(call.now):
        raise user_error(f"The job {name} is {run.status(call.now)}: cancel it first.", "status")
    call.store.execute("DELETE FROM run WHERE root = ?", (run.name,))
    return accepted(call, Reply(200))
