"""What a run shows of itself: log text and metric series, made from its row and the same at every reading."""

from __future__ import annotations

import hashlib
import math

from mlopsportal.sandbox import runs
from mlopsportal.sandbox.arm import Json
from mlopsportal.sandbox.clock import iso
from mlopsportal.sandbox.runs import Run
from mlopsportal.sandbox.store import Store

STEP_LOG = "user_logs/std_log.txt"
RUN_LOG = "logs/azureml/executionlogs.txt"
POINTS = 20
# Which series a step writes, by a word in its component's name: (metric, first value, last value).
_CURVES: dict[str, tuple[tuple[str, float, float], ...]] = {
    "train": (("train_loss", 0.92, 0.21), ("val_auc", 0.61, 0.88)),
    "forecast": (("mape", 0.34, 0.11), ("rmse", 41.0, 17.5)),
    "eval": (("auc", 0.87, 0.87), ("f1", 0.74, 0.74), ("log_loss", 0.33, 0.33)),
    "score": (("scored_rows", 184000.0, 184000.0), ("mean_score", 0.18, 0.18)),
    "drift": (("psi", 0.07, 0.07),),
}
_ALWAYS = (("rows_in", 210000.0, 210000.0), ("rows_out", 198000.0, 198000.0))


def log_names(run: Run, now: float) -> list[str]:
    """The log files that exist by now."""
    if run.parent is None:
        return [RUN_LOG] if now >= run.created_at else []
    began = run.ran and now >= run.starts_at and run.job_type != "Pipeline"
    return [STEP_LOG] if began else []


def log_text(store: Store, run: Run, now: float) -> str:
    """The lines written by now."""
    lines = _run_lines(store, run) if run.parent is None else _step_lines(run)
    return "".join(f"[{iso(at)}] {text}\n" for at, text in lines if at <= now)


def _run_lines(store: Store, run: Run) -> list[tuple[float, str]]:
    lines = [(run.created_at, f"Submitted run {run.name}")]
    for step in runs.select(store, "parent = ?", (run.name,)):
        if step.ran:
            lines.append((step.starts_at, f"Submitting step {step.node} as {step.name}"))
        lines.append((step.ends_at, f"Step {step.node} is {step.outcome}"))
    return sorted([*lines, (run.ends_at, f"Run {run.name} is {run.outcome}")])


def _step_lines(run: Run) -> list[tuple[float, str]]:
    component = str(run.detail.get("componentId", "")).rpartition("/components/")[2].replace("/versions/", ":")
    if run.detail.get("reusedFrom"):
        return [(run.starts_at, f"Output of {run.detail['reusedFrom']} is used again: nothing changed")]
    lines = [(run.starts_at, f"Starting {component} on {str(run.detail.get('compute', '')).rpartition('/')[2]}")]
    lines += [(run.starts_at, f"{port} = {value}") for port, value in run.detail.get("parameters", {}).items()]
    lines += [(run.starts_at, f"Mounted {port}: {value['assetId']}") for port, value in run.detail["inputs"].items()]
    for name, points in _series(run).items():
        lines += [(at, f"metric {name} = {value:g}") for at, value in points]
    if run.outcome == "Failed":
        lines.append((run.ends_at, "Traceback (most recent call last):"))
        lines.append((run.ends_at, f"RuntimeError: {run.node} was told to fail"))
    if run.outcome == "Canceled":
        lines.append((run.ends_at, "The step was cancelled"))
    return [*sorted(lines), (run.ends_at, f"Finished with status {run.outcome}")]


def _series(run: Run) -> dict[str, list[tuple[float, float]]]:
    """Metric name -> (time, value) points over the step's whole life; nothing for steps that did no work."""
    if run.parent is None or run.job_type == "Pipeline" or run.detail.get("reusedFrom") or not run.ran:
        return {}
    component = str(run.detail.get("componentId", "")).rpartition("/components/")[2]
    curves = [curve for word, group in _CURVES.items() if word in component for curve in group] or list(_ALWAYS)
    digest = hashlib.sha256((run.fingerprint or run.name).encode()).digest()
    swing = (digest[0] - 128) / 128 * 0.04
    return {name: _curve(run, first * (1 + swing), last * (1 + swing)) for name, first, last in curves}


def _curve(run: Run, first: float, last: float) -> list[tuple[float, float]]:
    count = 1 if first == last else POINTS
    width = (run.ends_at - run.starts_at) / (count + 1)
    points = []
    for index in range(count):
        fade = math.exp(-4 * index / max(1, count - 1))
        points.append((run.starts_at + width * (index + 1), round(last + (first - last) * fade, 5)))
    return points


def metrics(run: Run, now: float) -> list[Json]:
    """Run history's metric objects with all values written by now."""
    found = []
    for name, points in _series(run).items():
        values = [
            {"metricId": f"{run.name}.{name}.{index}", "createdUtc": iso(at), "step": index, "data": {name: value}}
            for index, (at, value) in enumerate(points)
            if at <= now
        ]
        if values:
            head = {"dataContainerId": f"dcid.{run.name}", "name": name, "columns": {name: "Double"}}
            found.append(head | {"namespace": "", "standardSchemaId": None, "value": values})
    return found
