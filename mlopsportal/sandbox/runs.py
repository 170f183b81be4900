"""Runs and their steps as rows: started, progressed by the clock, cancelled, settled; not how they are shown."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlopsportal.sandbox import references
from mlopsportal.sandbox.arm import Json, Place, as_mapping, target_of, user_error, whole_number
from mlopsportal.sandbox.dataflow import step_details
from mlopsportal.sandbox.expansion import Step, expand, source_of
from mlopsportal.sandbox.store import Store
from mlopsportal.sandbox.timetable import PREPARING_SECONDS, Slot, duration_seconds, fall_out, timetable, worst
from mlopsportal.sandbox.world import Call, World

FAIL_TAG = "sandbox.fail"
TERMINAL = ("Completed", "Failed", "Canceled")
# What lists and pages show and PATCH may change; it lives in `detail`, apart from what was submitted.
DISPLAY_KEYS = ("displayName", "description", "tags", "properties")
COLUMNS = (
    "seq, name, parent, root, node, job_type, hidden, schedule, spec, detail, created_by, created_at, ready_at, "
    "starts_at, ends_at, outcome, fingerprint, settled, modified_at, visible_at"
)


@dataclass(frozen=True)
class Run:
    """One row: a run (`parent` None) or a step. `spec` is the ARM job definition, empty for steps."""

    seq: int
    name: str
    parent: str | None
    root: str
    node: str
    job_type: str
    hidden: bool
    schedule: str
    spec: Json
    detail: Json
    created_by: str
    created_at: float
    ready_at: float
    starts_at: float
    ends_at: float
    outcome: str
    fingerprint: str
    settled: bool
    modified_at: float
    visible_at: float

    def status(self, now: float) -> str:
        """Azure's word for how far it is."""
        if now >= self.ends_at:
            return self.outcome
        if now >= self.starts_at:
            return "Running"
        if now >= self.ready_at:
            return "Queued" if self.parent else "Preparing"
        return "NotStarted"

    def is_over(self, now: float) -> bool:
        return now >= self.ends_at

    @property
    def ran(self) -> bool:
        """False for a step that was cancelled before it began."""
        return self.outcome != "Canceled" or self.ends_at > self.starts_at


def from_row(row: Sequence[Any]) -> Run:
    values = list(row)
    values[6], values[17] = bool(values[6]), bool(values[17])
    values[8], values[9] = json.loads(values[8]), json.loads(values[9])
    return Run(*values)


def select(store: Store, where: str, parameters: Sequence[Any] = ()) -> list[Run]:
    sql = f"SELECT {COLUMNS} FROM run WHERE {where}"  # noqa: S608  # callers give fixed words
    return [from_row(row) for row in store.execute(sql, parameters)]


def get(store: Store, name: str, *, now: float | None = None) -> Run | None:
    """With `now`, None while the run is not visible yet."""
    found = select(store, "name = ?", (name,))
    if not found or (now is not None and now < found[0].visible_at):
        return None
    return found[0]


@dataclass(frozen=True)
class Expanded:
    """A checked definition: the steps it will run, empty for a plain command job."""

    steps: list[Step]
    settings: Json


def check(call: Call, spec: Json) -> Expanded:
    """Raise the service's refusal for a job definition that cannot run."""
    kind = spec.get("jobType")
    if kind not in ("Pipeline", "Command"):
        raise user_error(f"Job type '{kind}' is not known.", "jobType")
    for key in ("outputs", "tags", "properties", "settings"):
        as_mapping(spec.get(key), key)
    for name, value in as_mapping(spec.get("inputs"), "inputs").items():
        if not isinstance(value, dict) or "jobInputType" not in value:
            raise user_error(f"Input '{name}' has no jobInputType.", f"inputs.{name}")
        if isinstance(value.get("uri"), str):
            references.check_uri(call, value["uri"], f"inputs.{name}")
    if kind == "Command":
        references.check_reference(call, spec.get("environmentId"), "environments", "environmentId")
        references.check_compute(call, spec.get("computeId") or "serverless", "computeId")
        return Expanded([], {})
    return _check_pipeline(call, spec)


def _check_pipeline(call: Call, spec: Json) -> Expanded:
    settings: Json = spec.get("settings") or {}
    references.check_compute(call, settings.get("default_compute"), "settings.default_compute")
    if settings.get("default_datastore"):
        target = target_of(str(settings["default_datastore"]), "datastores", call.place)
        if target is None or call.store.get("datastores", target.name) is None:
            raise user_error(f"Datastore '{settings['default_datastore']}' does not exist.", "default_datastore")
    references.check_nodes(call, spec.get("jobs"), "jobs")
    inputs = {name: source_of(value) for name, value in (spec.get("inputs") or {}).items()}
    steps = expand(spec["jobs"], inputs, lambda node, where: references.component_spec(call, node, where))
    for step in steps:
        if not step.is_pipeline and not (step.node.get("computeId") or settings.get("default_compute")):
            raise user_error(f"Compute not set for node {step.path}.", f"jobs.{step.path}.compute")
    return Expanded(steps, settings)


def start(call: Call, name: str, spec: Json, *, schedule: str = "") -> None:
    """Check a definition and write the run with the whole timetable of its steps.

    What happens is decided here and becomes visible as the clock passes it: see `Run.status` and `settle`.
    """
    expanded = check(call, spec)
    detail: Json = {key: spec.get(key) or ({} if key in ("tags", "properties") else None) for key in DISPLAY_KEYS}
    kept = {key: value for key, value in spec.items() if key not in (*DISPLAY_KEYS, "status")}
    scale = call.switches.time_scale
    rows, ends_at, outcome = _step_rows(call, name, spec, expanded, scale)
    begin = call.now + PREPARING_SECONDS / scale
    if not rows:
        fails = _failing(detail["tags"])
        ends_at = begin + duration_seconds(name, str(spec.get("command"))) / scale
        outcome = "Failed" if fails else "Completed"
    visible_at = call.now + call.hide_for if call.hide_for else 0.0
    root = (name, None, name, "", spec["jobType"], 0, schedule, json.dumps(kept), json.dumps(detail), call.actor)
    times = (call.now, call.now, begin, max(ends_at, begin), outcome, "", 0, call.now, visible_at)
    insert(call.store, [(*root, *times), *rows])


def insert(store: Store, rows: Sequence[Sequence[Any]]) -> None:
    """Rows in the order of `COLUMNS` without `seq`."""
    columns = COLUMNS.removeprefix("seq, ")
    sql = f"INSERT INTO run({columns}) VALUES ({','.join('?' * 19)})"  # noqa: S608  # fixed words
    store.insert_many(sql, rows)


def _failing(tags: Mapping[str, Any]) -> set[str]:
    """Node names or paths told to fail by the tag `sandbox.fail: train, main/evaluate`."""
    return {part.strip() for part in str(tags.get(FAIL_TAG) or "").split(",") if part.strip()}


def _step_rows(
    call: Call, root: str, spec: Json, expanded: Expanded, scale: float
) -> tuple[list[tuple[Any, ...]], float, str]:
    """Rows of all steps, and when and how the run ends (nought and nothing for a job without steps)."""
    steps = expanded.steps
    if not steps:
        return [], 0.0, ""
    force = str(expanded.settings.get("force_rerun", False)).lower() == "true"
    fail = _failing(spec.get("tags") or {}) | told_to_fail(call.store, steps)
    names = {step.path: child_name(root, step.path) for step in steps}
    reused, fingerprints = _reusable(call.store, steps, names, now=call.now, skip=None if force else fail)
    slots = timetable(steps, created_at=call.now, reused=reused, fail=fail, scale=scale)
    carry_on = str(expanded.settings.get("continue_on_step_failure", False)).lower() == "true"
    fall_out(steps, slots, continue_on_failure=carry_on)
    earlier = {path: select(call.store, "name = ?", (name,))[0].detail["outputs"] for path, name in reused.items()}
    details = step_details(call, spec, steps, names, earlier)
    for path, name in reused.items():
        details[path]["reusedFrom"] = name
    rows = [
        row_of_step(step, root, names, slots[step.path], details[step.path], call, fingerprints.get(step.path, ""))
        for step in steps
    ]
    ends = max(slot.ends_at for slot in slots.values()) + 2.0 / scale
    return rows, ends, worst(slot.outcome for slot in slots.values())


def child_name(root: str, path: str) -> str:
    """A step's run name: a guid, the same for the same run and path."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{root}/{path}"))


def row_of_step(
    step: Step,
    root: str,
    names: Mapping[str, str],
    slot: Slot,
    detail: Json,
    call: Call,
    fingerprint: str,
) -> tuple[Any, ...]:
    """A step's row; a step that reuses another has no fingerprint, as Azure points at the run that did the work."""
    parent = names[step.parent] if step.parent else root
    kind = "Pipeline" if step.is_pipeline else "Command"
    head = (names[step.path], parent, root, step.name, kind, 0, "", "{}", json.dumps(detail), call.actor)
    times = (call.now, slot.ready_at, slot.starts_at, slot.ends_at, slot.outcome, fingerprint, 0, call.now, 0.0)
    return (*head, *times)


def told_to_fail(store: Store, steps: Sequence[Step]) -> set[str]:
    """Paths picked by the control rules `{node, count}`, each of which is used up by what it picks."""
    rules: list[Json] = json.loads(store.meta("failing_steps", "[]"))
    picked = set()
    for step in steps:
        for rule in rules:
            if not step.is_pipeline and rule["node"] in (step.name, step.path) and rule["count"] > 0:
                rule["count"] -= 1
                picked.add(step.path)
                break
    if picked:
        store.set_meta("failing_steps", json.dumps([rule for rule in rules if rule["count"] > 0]))
    return picked


def _reusable(
    store: Store, steps: Sequence[Step], names: Mapping[str, str], *, now: float, skip: Collection[str] | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Path -> earlier completed step with the same component and inputs; and path -> fingerprint of those that work.

    An input made by a step counts by the run that really made it, so work done anew is never followed by reuse.
    `skip` holds names and paths that must run, None: all of them.
    """
    reused: dict[str, str] = {}
    fingerprints: dict[str, str] = {}
    makers: dict[str, str] = {}
    for step in steps:
        if step.is_pipeline:
            continue
        fingerprint = fingerprint_of(step, makers)
        deterministic = str(step.spec.get("is_deterministic", True)).lower() != "false"
        if skip is not None and deterministic and not {step.path, step.name} & set(skip):
            sql = "SELECT name FROM run WHERE fingerprint = ? AND outcome = 'Completed' AND ends_at <= ?"
            for row in store.execute(sql + " ORDER BY ends_at DESC LIMIT 1", (fingerprint, now)):
                reused[step.path] = str(row[0])
        makers[step.path] = reused.get(step.path, names[step.path])
        if step.path not in reused:
            fingerprints[step.path] = fingerprint
    return reused, fingerprints


def fingerprint_of(step: Step, makers: Mapping[str, str]) -> str:
    """What decides reuse: the component version and where each input comes from."""
    inputs = {
        port: [makers[source.step], source.port] if source.step else [source.literal, source.uri]
        for port, source in sorted(step.inputs.items())
    }
    return hashlib.sha256(json.dumps([step.component_id, inputs]).encode()).hexdigest()


def cancel(world: World, run: Run, now: float) -> None:
    """Stop everything of a run that has not ended."""
    world.store.execute(
        "UPDATE run SET outcome = 'Canceled', ready_at = min(ready_at, ?1), starts_at = min(starts_at, ?1),"
        " ends_at = ?1, modified_at = ?1 WHERE root = ?2 AND ends_at > ?1",
        (now, run.root),
    )


def settle(world: World, run: Run) -> None:
    """Write down what a run or step that ended leaves behind: its named outputs as data and model versions."""
    store, place = world.store, world.place
    store.execute("UPDATE run SET settled = 1 WHERE seq = ?", (run.seq,))
    if run.outcome != "Completed" or not run.parent or run.job_type == "Pipeline" or run.detail.get("reusedFrom"):
        return
    for output in run.detail["outputs"].values():
        if output["registered"]:
            _register(store, place, run, output)


def _register(store: Store, place: Place, run: Run, output: Json) -> None:
    kind, name, _, version = output["assetId"].rpartition("/workspaces/")[2].split("/")[1:]
    if store.get(kind, name, version) is not None:
        # Another run took this number meanwhile: take the next one, wherever this run speaks of it.
        numbers = [number for text in store.versions(kind, name) if (number := whole_number(text)) is not None]
        version = str(max(numbers, default=0) + 1)
        moved = place.asset_id(kind, name, version)
        sql = "UPDATE run SET detail = replace(detail, ?, ?) WHERE root = ?"
        store.execute(sql, (f'"{output["assetId"]}"', f'"{moved}"', run.root))
    properties: Json = {"tags": {}, "isArchived": False, "isAnonymous": False, "description": f"Output of {run.node}"}
    if kind == "models":
        properties |= {"modelType": output["type"], "modelUri": output["uri"], "jobName": run.name, "flavors": {}}
    else:
        properties |= {"dataType": output["type"], "dataUri": output["uri"]}
    if store.get(kind, name) is None:
        state: Json = {"tags": {}, "properties": {}, "isArchived": False}
        state |= {"dataType": output["type"]} if kind == "data" else {}
        store.put(kind, name, "", state, now=run.ends_at, actor=run.created_by)
    store.put(kind, name, version, properties, now=run.ends_at, actor=run.created_by)
