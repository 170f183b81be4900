"""Checks of pipelines, components and jobs alike: the frame around the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.checks.blocks import Plain, check_item
from mlopsportal.specs.checks.component import COMPONENT_KEYS, check_head
from mlopsportal.specs.checks.context import Report, joined, runnable_of
from mlopsportal.specs.checks.entries import check_entries
from mlopsportal.specs.checks.flows import Frame, check_given, check_registration
from mlopsportal.specs.checks.nodes import check_component_text, check_nodes
from mlopsportal.specs.checks.ports import check_literal
from mlopsportal.specs.checks.references import check_compute, check_datastore, check_reference
from mlopsportal.specs.checks.shape import (
    FLAGS,
    PORT_NAME,
    check_asset_name,
    check_component_keys,
    check_flags,
    check_keys,
    check_text_mapping,
    check_texts,
    check_version,
)
from mlopsportal.specs.checks.step_blocks import IDENTITY, SERVICES
from mlopsportal.specs.checks.unused import advise_unused_by_steps
from mlopsportal.specs.graph import find_cycle, graph_of
from mlopsportal.specs.interface import LITERAL_TYPES

_COMPONENT_KEYS = COMPONENT_KEYS | {"jobs"}
_JOB_KEYS = frozenset(
    {
        "$schema",
        "type",
        "name",
        "display_name",
        "description",
        "tags",
        "properties",
        "experiment_name",
        "compute",
        "identity",
        "services",
        "settings",
        "inputs",
        "outputs",
        "jobs",
        "component",
        "version",
    }
)
_SETTINGS = frozenset(
    {
        "default_compute",
        "default_datastore",
        "continue_on_step_failure",
        "force_rerun",
        "on_init",
        "on_finalize",
    }
)
_NEEDS_NO_COMPUTE = frozenset({"pipeline", "import", "data_transfer", "if_else", "do_while", "parallel_for", "automl"})


def check_pipeline_component(value: Mapping[str, Any], report: Report) -> None:
    """Check a pipeline component that is a document."""
    check_component_keys(value, _COMPONENT_KEYS, report)
    check_head(value, report)
    check_graph(value, report)


def check_pipeline_job(value: Mapping[str, Any], report: Report) -> None:
    """Check a pipeline job: it becomes a pipeline version when a change takes it in."""
    check_keys(value, "", _JOB_KEYS, report, "key-unknown")
    _check_type(value.get("type"), report)
    check_asset_name(value, report, "job")
    check_version(value, report)
    check_texts(value, ("display_name", "description", "experiment_name"), "", report)
    for key in ("tags", "properties"):
        check_text_mapping(value, key, report, empty=True)
    _check_job_inputs(value, report)
    check_given(value, report)
    check_entries(value, "", report)
    check_item(value.get("identity"), IDENTITY, "identity", report)
    check_item(value.get("services"), SERVICES, "services", report)
    _check_job_version(value, report)
    _check_settings(value, report)
    if "component" in value and "jobs" not in value:
        _check_root_component(value, report)
        return
    check_graph(value, report)
    _check_compute(value, report)


def _check_type(declared: Any, report: Report) -> None:
    """The SDK chooses what to load by the type of a job letter by letter; everywhere else capitals do not count."""
    if declared is not None and declared != "pipeline":
        message = (
            f"A job with steps is of type `pipeline`, in small letters; Azure ML does not know `{str(declared)[:80]}`."
        )
        report.add("word-unknown", "type", message, "Write `type: pipeline`.")


def _check_job_version(value: Mapping[str, Any], report: Report) -> None:
    """Only what is registered has a version; a change registers the pipeline of a job, so that there it is right."""
    if "version" in value and report.surroundings.mirror is None:
        message = (
            "A job has no version: azure-ai-ml refuses it. In a change it is that of the pipeline made of the job."
        )
        fix = "Remove it; or write a component: `$schema` of a pipelineComponent, inputs with types."
        report.add("job-version", "version", message, fix)


def _check_root_component(value: Mapping[str, Any], report: Report) -> None:
    """A job may be nothing but a component that is run: `component: azureml:train:1`, or a file."""
    check_component_text(value["component"], "component", report)


def check_graph(value: Mapping[str, Any], report: Report) -> None:
    """Check the nodes of a pipeline and what flows between them."""
    jobs = value.get("jobs")
    if not isinstance(jobs, Mapping) or not jobs:
        if "jobs" in value or report.document.kind.value != "pipeline component":
            report.add("jobs-missing", "jobs", "The pipeline has no steps.", "Add `jobs:` with at least one step.")
        return
    frame = Frame(
        inputs=_names(value.get("inputs")),
        outputs=_names(value.get("outputs")),
        value=value,
        jobs=jobs,
    )
    check_nodes(frame, report)
    advise_unused_by_steps(value, frame.used, report)
    cycle = find_cycle(graph_of(value))
    if cycle:
        message = f"The steps wait for each other: {' → '.join(cycle)}."
        report.add("cycle", joined("jobs", cycle[0]), message, "Cut one of these bindings.")


def _names(ports: Any) -> frozenset[str]:
    return frozenset(ports) if isinstance(ports, Mapping) else frozenset()


def _check_job_inputs(value: Mapping[str, Any], report: Report) -> None:
    for side in ("inputs", "outputs"):
        given = value.get(side)
        if given is not None and not isinstance(given, Mapping):
            report.add("value-type", side, f"`{side}` must be a mapping.", "Write each name with its value below it.")
        for name, item in given.items() if isinstance(given, Mapping) else ():
            path = joined(side, name)
            if not PORT_NAME.fullmatch(name):
                message = f"`{name}` is not a name for a port: letters, digits and underscores, no digit first."
                report.add("port-name", path, message, "Rename it.")
            if isinstance(item, Mapping) and side == "outputs":
                check_registration(item, path, report)
            elif isinstance(item, Mapping) and str(item.get("type")) in LITERAL_TYPES:
                check_literal(name, item, item["type"], path, report)
            elif isinstance(item, Mapping):
                check_reference(item.get("path"), _asset_kind(item), joined(path, "path"), report)
            elif isinstance(item, str):
                check_reference(item, "data", path, report)
            elif side == "inputs" and (item is None or isinstance(item, list)):
                message = f"`{name}` is {'empty' if item is None else 'a list'}."
                report.add("value-type", path, message, "Give it a plain value, or data with `type:` and `path:`.")


def _asset_kind(item: Mapping[str, Any]) -> str:
    return "model" if str(item.get("type", "")).endswith("_model") else "data"


def _check_settings(value: Mapping[str, Any], report: Report) -> None:
    settings = value.get("settings")
    if settings is None:
        return
    if not isinstance(settings, Mapping):
        report.add("value-type", "settings", "`settings` must be a mapping.", "Write `default_compute:` below it.")
        return
    check_keys(settings, "settings", _SETTINGS, report, "settings-key-unknown")
    check_flags(settings, FLAGS, "settings", report)
    for key in ("default_compute", "default_datastore"):
        check_item(settings.get(key), Plain.TEXT, f"settings.{key}", report)
    _check_default_compute(settings.get("default_compute"), report)
    check_compute(settings.get("default_compute"), "settings.default_compute", report)
    check_datastore(settings.get("default_datastore"), "settings.default_datastore", report)


def _check_default_compute(text: Any, report: Report) -> None:
    """A step may name its compute plainly, the settings may not: there the SDK wants a reference."""
    if isinstance(text, str) and not text.startswith(("azureml:", "/subscriptions/")) and text.lower() != "serverless":
        message = f"`{text[:80]}` is not a reference to a compute."
        path = "settings.default_compute"
        report.add("reference-form", path, message, f"Write `default_compute: azureml:{text[:80]}`.")


def _check_compute(value: Mapping[str, Any], report: Report) -> None:
    """Every step of a job runs somewhere: its own compute, or the pipeline's default."""
    check_compute(value.get("compute"), "compute", report)
    settings = value.get("settings")
    default = settings.get("default_compute") if isinstance(settings, Mapping) else None
    jobs = value.get("jobs")
    if default or value.get("compute") or not isinstance(jobs, Mapping):
        return
    without = list(nodes_without_compute(jobs, report))
    if without:
        names = without[0] if len(without) == 1 else f"{', '.join(without[:-1])} and {without[-1]}"
        message = f"No compute is set for {names}."
        fix = "Add `settings: {default_compute: azureml:serverless}`, or `compute:` to each step."
        report.add("compute-missing", "jobs", message, fix)


def nodes_without_compute(jobs: Mapping[str, Any], report: Report) -> list[str]:
    """Return the names of the nodes that would have no compute; those of a nested pipeline as `outer.inner`."""
    missing: list[str] = []
    for name, node in jobs.items():
        if not isinstance(node, Mapping) or node.get("compute"):
            continue
        kind = node["type"].lower() if isinstance(node.get("type"), str) else "command"
        if kind == "pipeline":
            nested = runnable_of(node.get("component"), report)
            inner = nested.value.get("jobs") if nested is not None and nested.value is not None else None
            settings = node.get("settings")
            if isinstance(inner, Mapping) and not (isinstance(settings, Mapping) and settings.get("default_compute")):
                missing += [f"{name}.{item}" for item in nodes_without_compute(inner, report)]
        elif kind not in _NEEDS_NO_COMPUTE and not (kind == "spark" and node.get("resources")):
            missing.append(name)
    return missing
