"""Practices about the steps of a pipeline: modular, parameterised, with compute, time limits and retries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlopsportal.specs.bindings import bindings_in
from mlopsportal.specs.checks.context import Report, joined, runnable_of
from mlopsportal.specs.checks.pipeline import nodes_without_compute
from mlopsportal.specs.ref import parse_azure_reference

_TIMED = frozenset({"command", "sweep"})


def nodes(value: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield path, type and content of every node."""
    jobs = value.get("jobs")
    for name, node in jobs.items() if isinstance(jobs, Mapping) else ():
        if isinstance(node, Mapping):
            declared = node.get("type")
            yield joined("jobs", name), declared.lower() if isinstance(declared, str) else "command", node


def has_nodes(value: Mapping[str, Any]) -> bool:
    return next(nodes(value), None) is not None


def has_timed_nodes(value: Mapping[str, Any]) -> bool:
    return any(kind in _TIMED for _, kind, _ in nodes(value))


def has_parallel_nodes(value: Mapping[str, Any]) -> bool:
    return any(kind == "parallel" for _, kind, _ in nodes(value))


def inline_steps(value: Mapping[str, Any], report: Report) -> None:
    for path, _, node in nodes(value):
        if isinstance(node.get("component"), Mapping):
            message = "The step has its component written inline: nobody else can use it, and it has no version."
            report.add("modular", joined(path, "component"), message, "Register it, and name it: `azureml:train:1`.")
        elif "component" not in node and isinstance(node.get("command"), str):
            message = "The step is a command of its own: nobody else can use it, and it has no version."
            report.add("modular", joined(path, "command"), message, "Make it a component, and name that.")


def literal_data(value: Mapping[str, Any], report: Report) -> None:
    for path, _, node in nodes(value):
        for side in ("inputs", "outputs"):
            given = node.get(side)
            for name, item in given.items() if isinstance(given, Mapping) else ():
                where = _literal_path(item)
                if where is not None:
                    message = f"`{name}` is fixed inside the step: another run cannot use other data."
                    fix = f"Make it an input of the pipeline, and write `${{{{parent.{side}.{name}}}}}` here."
                    here = joined(path, f"{side}.{name}")
                    report.add("parameterised", joined(here, where) if where else here, message, fix)


def _literal_path(item: Any) -> str | None:
    """Return the key that holds a fixed place of data, "" for the item itself; None when there is none."""
    text, key = (item.get("path"), "path") if isinstance(item, Mapping) else (item, "")
    if not isinstance(text, str) or any(binding.parts[0] == "parent" for binding in bindings_in(text)):
        return None
    if key and text:
        return key
    is_place = text.startswith(("azureml://", "https://", "http://", "wasbs://", "abfss://"))
    return "" if is_place or parse_azure_reference(text, "data") is not None else None


def without_compute(value: Mapping[str, Any], report: Report) -> None:
    """A pipeline job's steps, and the runs that a schedule starts by itself, have a compute."""
    if "trigger" in value:
        _schedule_without_compute(value.get("create_job"), report)
    elif not _default_compute(value) and isinstance(value.get("jobs"), Mapping):
        missing = nodes_without_compute(value["jobs"], report) + _unknown_inside(value, report)
        if missing:
            message = f"No compute is set for {', '.join(missing[:5])}{' and others' if missing[5:] else ''}."
            report.add("compute-set", "jobs", message, "Add `settings: {default_compute: azureml:<name>}`.")


def _unknown_inside(value: Mapping[str, Any], report: Report) -> list[str]:
    """Return the names of pipelines run as steps, without a compute, of which nobody sees here whether they set one."""
    missing = []
    for path, kind, node in nodes(value):
        if kind == "pipeline" and not _default_compute(node):
            inner = runnable_of(node.get("component"), report)
            if inner is None or inner.value is None:
                missing.append(path.rpartition(".")[2])
    return missing


def _schedule_without_compute(job: Any, report: Report) -> None:
    """Only a job written out in the schedule is judged; one that is named brings its own."""
    if isinstance(job, Mapping) and "jobs" in job and not _default_compute(job):
        message = "No compute is set for the runs of the schedule."
        report.add("compute-set", "create_job", message, "Add `settings: {default_compute: azureml:<name>}` below it.")


def _default_compute(job: Mapping[str, Any]) -> bool:
    settings = job.get("settings")
    return bool(job.get("compute")) or (isinstance(settings, Mapping) and bool(settings.get("default_compute")))


def untimed(value: Mapping[str, Any], report: Report) -> None:
    for path, kind, node in nodes(value):
        limits = node.get("limits")
        if kind in _TIMED and not (isinstance(limits, Mapping) and limits.get("timeout")):
            message = "The step may run, and cost, for as long as it likes."
            report.add("timeout-set", joined(path, "limits"), message, "Add `limits: {timeout: 3600}` (seconds).")


def _known_without_retries(component: Any, report: Report) -> bool:
    runnable = runnable_of(component, report)
    return runnable is not None and runnable.value is not None and "retry_settings" not in runnable.value


def unretried(value: Mapping[str, Any], report: Report) -> None:
    """Only parallel steps can retry; their settings may stand in the step or in its component."""
    for path, kind, node in nodes(value):
        if kind != "parallel" or isinstance(node.get("retry_settings"), Mapping):
            continue
        if "component" in node and not _known_without_retries(node["component"], report):
            continue
        message = "A mini-batch that fails once fails for good."
        fix = "Add `retry_settings: {max_retries: 2, timeout: 600}`."
        report.add("retry-set", joined(path, "retry_settings"), message, fix)
