"""The closed list of repairs that a change makes to a document, each one visible; everything else is left alone.

1. `${{jobs.` becomes `${{parent.jobs.`            4. a node's missing type comes from its component
2. `schedule.time_zone` becomes `trigger.time_zone`  5. missing compute becomes the workspace's default
3. `job: {path, type}` becomes `create_job`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from mlopsportal.specs.bindings import has_old_jobs_form, with_parent_jobs
from mlopsportal.specs.checks.context import Report, Surroundings, joined, runnable_of
from mlopsportal.specs.checks.pipeline import nodes_without_compute
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.mirrored import Mirror
from mlopsportal.specs.problems import Repair


def repair(
    document: Document,
    *,
    mirror: Mirror | None,
    default_compute: str | None = None,
    siblings: Mapping[str, Document],
) -> tuple[Any, list[Repair]]:
    """Return the document's value with the repairs made, and the repairs; the document itself stays as it is.

    `default_compute` is the workspace's own; without it the mirror is asked. `siblings` are the documents of the
    change by path.
    """
    if not isinstance(document.value, Mapping):
        return document.value, []
    value = deepcopy(dict(document.value))
    report = Report(document, Surroundings({**siblings, document.path: document}, mirror))
    repairs: list[Repair] = []
    if document.kind.is_pipeline:
        repairs += _bindings(value, document)
        repairs += _node_types(value, report)
    if document.kind is Kind.PIPELINE_JOB:
        compute = default_compute or (mirror.default_compute() if mirror is not None else None)
        repairs += _compute(value, compute, report)
    if document.kind is Kind.SCHEDULE:
        repairs += _time_zone(value, document)
        repairs += _create_job(value, document)
    return value, repairs


def _line(document: Document, path: str) -> int | None:
    place = document.parsed.nearest(path)
    return place[0] if place else None


def _bindings(value: dict[str, Any], document: Document) -> Iterator[Repair]:
    jobs = value.get("jobs")
    if not isinstance(jobs, dict):
        return
    for path, container, key, text in _texts(jobs, "jobs"):
        if has_old_jobs_form(text):
            container[key] = with_parent_jobs(text)
            message = "`${{jobs.` became `${{parent.jobs.`, the form Azure ML accepts since 2022"
            yield Repair("binding-old-jobs", path, _line(document, path), text, container[key], message)


def _texts(value: Any, path: str) -> Iterator[tuple[str, Any, Any, str]]:
    """Yield path, container, key and text of every text inside; the container may be changed meanwhile."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, item in items:
        here = joined(path, key)
        if isinstance(item, str):
            yield here, value, key, item
        elif isinstance(item, dict | list):
            yield from _texts(item, here)


def _node_types(value: dict[str, Any], report: Report) -> Iterator[Repair]:
    jobs = value.get("jobs")
    for name, node in jobs.items() if isinstance(jobs, dict) else ():
        if not isinstance(node, dict) or "type" in node or "component" not in node:
            continue
        runnable = runnable_of(node["component"], report)
        if runnable is not None:
            node["type"] = runnable.type
            path = f"jobs.{name}.type"
            message = f"the type of `{name}` was added: its component is of type {runnable.type}"
            yield Repair("node-type-missing", path, _line(report.document, path), "", runnable.type, message)


def _compute(value: dict[str, Any], compute: str | None, report: Report) -> Iterator[Repair]:
    jobs = value.get("jobs")
    settings = value.get("settings") or {}
    if compute is None or not isinstance(jobs, dict) or not isinstance(settings, dict):
        return
    if value.get("compute") or settings.get("default_compute") or not nodes_without_compute(jobs, report):
        return
    reference = compute if compute.startswith(("azureml:", "/")) else f"azureml:{compute}"
    value["settings"] = {**settings, "default_compute": reference}
    message = f"no compute was set; the workspace's default compute is {compute}"
    line = _line(report.document, "settings" if settings else "jobs")
    yield Repair("compute-missing", "settings.default_compute", line, "", reference, message)


def _time_zone(value: dict[str, Any], document: Document) -> Iterator[Repair]:
    trigger = value.get("trigger")
    pattern = trigger.get("schedule") if isinstance(trigger, dict) else None
    if not isinstance(trigger, dict) or not isinstance(pattern, dict) or "time_zone" not in pattern:
        return
    path = "trigger.schedule.time_zone"
    zone = pattern.pop("time_zone")
    if "time_zone" in trigger and trigger["time_zone"] != zone:
        message = f"`schedule.time_zone` was dropped: the trigger already says {trigger['time_zone']}"
    else:
        trigger["time_zone"] = zone
        message = "`schedule.time_zone` became `trigger.time_zone`, where Azure ML reads it"
    yield Repair(
        "schedule-time-zone-place",
        path,
        _line(document, path),
        f"schedule.time_zone: {zone}",
        f"trigger.time_zone: {trigger['time_zone']}",
        message,
    )


def _create_job(value: dict[str, Any], document: Document) -> Iterator[Repair]:
    job = value.get("job")
    path = job.get("path") if isinstance(job, dict) else job
    if "create_job" in value or not isinstance(path, str) or not path:
        return
    del value["job"]
    target = path if path.startswith((".", "/", "azureml:", "file:")) else f"./{path}"
    rest = {key: item for key, item in job.items() if key not in ("path", "type")} if isinstance(job, dict) else {}
    value["create_job"] = {"type": "pipeline", "job": target, **rest} if rest else target
    message = "`job: {path, type}` became `create_job`, the key Azure ML has for it"
    before = f"job: {{path: {path}}}" if isinstance(job, dict) else f"job: {path}"
    yield Repair("schedule-job-form", "job", _line(document, "job"), before, f"create_job: {target}", message)
