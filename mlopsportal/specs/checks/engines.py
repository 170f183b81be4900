"""Checks of the steps that other engines run: Spark, data transfer, import; knows nothing of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.bindings import binding_of, bindings_in
from mlopsportal.specs.checks.context import Report, joined, runnable_of, suggestion
from mlopsportal.specs.paths import is_local

_MIN, _MAX = "spark.dynamicAllocation.minExecutors", "spark.dynamicAllocation.maxExecutors"
_SIZES = tuple(
    f"spark.{size}"
    for size in ("driver.cores", "driver.memory", "executor.cores", "executor.memory", "executor.instances")
)
_IMPORTED = {"database": "mltable", "file_system": "uri_folder"}
_EXPORTED = {"database": "uri_file", "file_system": "uri_folder"}


def check_engine(kind: str, node: Mapping[str, Any], path: str, report: Report) -> None:
    """Check a step that is not run as a command. Bindings are judged with the others."""
    if kind == "spark":
        _check_spark(node, path, report)
    elif kind == "data_transfer":
        _check_transfer(node, path, report)
    elif kind == "import":
        message = "azure-ai-ml 1.35 cannot build a step of type import any more."
        report.add("node-import", joined(path, "type"), message, "Use `type: data_transfer` with `task: import_data`.")


def _check_spark(node: Mapping[str, Any], path: str, report: Report) -> None:
    component: Mapping[str, Any] | None = node
    _check_place(node, path, report)
    if "component" in node:
        runnable = runnable_of(node["component"], report)
        component = runnable.value if runnable is not None else None
    if component is None:
        return  # a registered component: what it declares is not known here
    _check_entry(node, path, report)
    _check_arguments(node, component, path, report)
    _check_allocation({**_mapping(component.get("conf")), **_mapping(node.get("conf"))}, path, report)
    for side in ("inputs", "outputs"):
        for name, value in _mapping(node.get(side)).items():
            declared = _mapping(_mapping(component.get(side)).get(name))
            _check_mode(name, value, declared, joined(path, f"{side}.{name}"), report)


def _check_place(node: Mapping[str, Any], path: str, report: Report) -> None:
    """A Spark step has a place of its own, and one only: the pipeline's default compute is none for it."""
    if node.get("compute") is None and node.get("resources") is None:
        message = "A Spark step needs a compute or resources of its own: the pipeline's default does not count for it."
        fix = "Add `resources: {instance_type: standard_e4s_v3, runtime_version: '3.4'}`, or `compute:`."
        report.add("spark-place", joined(path, "resources"), message, fix)
    elif node.get("compute") and node.get("resources"):
        message = "The Spark step has both a compute and resources; Azure ML takes one of them only."
        report.add("spark-place", joined(path, "resources"), message, "Remove `resources:` or `compute:`.")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _check_entry(node: Mapping[str, Any], path: str, report: Report) -> None:
    code, entry = node.get("code"), _mapping(node.get("entry")).get("file")
    if not (isinstance(code, str) and isinstance(entry, str) and is_local(code)):
        return
    if report.surroundings.is_missing(report.document, f"{code.rstrip('/')}/{entry}"):
        message = f"There is no file `{entry}` in `{code}`."
        report.add("file-missing", joined(path, "entry.file"), message, "Name a file of the code folder.")


def _check_arguments(node: Mapping[str, Any], component: Mapping[str, Any], path: str, report: Report) -> None:
    """The arguments bind inputs that the step is given, or that its component declares."""
    arguments, given = node.get("args"), {**_mapping(component.get("inputs")), **_mapping(node.get("inputs"))}
    for binding in bindings_in(arguments) if isinstance(arguments, str) else ():
        if binding.parts[0] == "inputs" and len(binding.parts) > 1 and binding.parts[1] not in given:
            message = f"The arguments use `{binding.text}`, but the step has no such input."
            report.add("binding-unknown-input", joined(path, "args"), message, suggestion(binding.parts[1], given))


def _check_allocation(conf: Mapping[str, Any], path: str, report: Report) -> None:
    """Numbers of executors to choose from are only for dynamic allocation. Azure refuses them otherwise."""
    is_dynamic = str(conf.get("spark.dynamicAllocation.enabled", False)).lower() == "true"
    given = [key for key in (_MIN, _MAX) if conf.get(key) is not None]
    if not is_dynamic and given:
        message = "Numbers of executors are given, but dynamic allocation is not enabled."
        fix = "Add `spark.dynamicAllocation.enabled: true`, or remove minExecutors and maxExecutors."
        report.add("spark-allocation", joined(path, "conf"), message, fix)
    elif is_dynamic and conf and len(given) < 2:
        message = "Dynamic allocation needs the smallest and the largest number of executors."
        report.add("spark-allocation", joined(path, "conf"), message, f"Add `{_MIN}` and `{_MAX}`.")
    missing = [] if is_dynamic else [key for key in _SIZES if conf.get(key) is None]
    if missing:
        message = f"The step does not say {', '.join(missing)}."
        report.add("spark-conf", joined(path, "conf"), message, "Add them below `conf:`, or enable dynamic allocation.")


def _check_mode(name: str, value: Any, declared: Mapping[str, Any], path: str, report: Report) -> None:
    """Spark reads and writes data in place. What is bound gets its mode elsewhere."""
    if not isinstance(value, Mapping) or binding_of(value) is not None or "value" in value:
        return
    modes = [str(mode).lower() for mode in (value.get("mode"), declared.get("mode")) if mode is not None]
    if "direct" not in modes:
        shown = f"mode {modes[0]}" if modes else "no mode"
        message = f"`{name}` has {shown}; a Spark step takes direct only."
        report.add("spark-mode", joined(path, "mode"), message, "Write `mode: direct`.")


def _check_transfer(node: Mapping[str, Any], path: str, report: Report) -> None:
    task = str(node.get("task", "")).lower()
    if task == "import_data":
        _check_moved(node, "source", "outputs", "sink", _IMPORTED, path, report)
    elif task == "export_data":
        _check_moved(node, "sink", "inputs", "source", _EXPORTED, path, report)


def _check_moved(
    node: Mapping[str, Any],
    outside: str,
    side: str,
    port: str,
    types: Mapping[str, str],
    path: str,
    report: Report,
) -> None:
    """Data moves between one place outside (`outside`) and one port (`port`), whose type follows from the place."""
    place = node.get(outside)
    if place is None:
        message = f"The step does not say where data is {'read from' if outside == 'source' else 'written to'}."
        report.add("transfer-place", joined(path, outside), message, f"Add `{outside}:` with its type and connection.")
    ports = _mapping(node.get(side))
    if set(ports) != {port}:
        message = f"A step that moves data this way has one port in `{side}`, called `{port}`."
        report.add("transfer-port", joined(path, side), message, f"Write `{port}:` below `{side}:`, and nothing else.")
    declared = _mapping(ports.get(port)).get("type")
    wanted = types.get(str(_mapping(place).get("type", "")).lower())
    if wanted is not None and declared is not None and str(declared).lower() != wanted:
        message = f"`{port}` is of type {declared}; with a {_mapping(place)['type']} it must be {wanted}."
        report.add("transfer-port", joined(path, f"{side}.{port}.type"), message, f"Write `type: {wanted}`.")
