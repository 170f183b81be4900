"""The `/sandbox/` doors for tests and operators: journal, faults, out-of-band edits, clock, failing steps, reset."""

from __future__ import annotations

import json
from dataclasses import replace

from mlopsportal.sandbox import journal, progress, runs, schedules, seed
from mlopsportal.sandbox.arm import ASSET_KINDS, Json, Reply, as_object, not_found, user_error
from mlopsportal.sandbox.clock import iso
from mlopsportal.sandbox.faults import rule_of
from mlopsportal.sandbox.world import Call

EDITOR = "somebody-else"


def read_journal(call: Call) -> Reply:
    return Reply(200, journal.read(call.store, call.query))


def add_fault(call: Call) -> Reply:
    """One rule, or a list of them."""
    bodies = call.body if isinstance(call.body, list) else [call.body]
    for rule in [rule_of(as_object(body, "rule")) for body in bodies]:
        call.world.faults.add(rule)
    return Reply(201, {"rules": call.world.faults.listed()})


def clear_faults(call: Call) -> Reply:
    call.world.faults.clear()
    return Reply(200, {"rules": []})


def list_faults(call: Call) -> Reply:
    return Reply(200, {"rules": call.world.faults.listed()})


def edit(call: Call) -> Reply:
    """An out-of-band edit by somebody else, without any check: see `apply_edit`."""
    apply_edit(call, as_object(call.body, "body"))
    return Reply(200, {})


def apply_edit(call: Call, change: Json) -> None:
    """`{kind, name, version?}` with `properties` (merged in), `replace` (all of them) or `delete: true`.

    Kinds are those of ARM paths: components, data, environments, models, codes, schedules, computes, datastores, jobs.
    """
    kind, name, version = str(change.get("kind")), str(change.get("name")), str(change.get("version") or "")
    if kind == "jobs":
        _edit_run(call, name, change)
        return
    if change.get("delete"):
        if not call.store.delete(kind, name, version):
            raise not_found(f"{kind}/{name}/{version}")
        call.store.execute("DELETE FROM fire WHERE schedule = ? AND ? = 'schedules'", (name, kind))
        return
    item = call.store.get(kind, name, version)
    before = item.properties if item else {}
    after = change["replace"] if "replace" in change else _merged(before, change.get("properties") or {})
    somebody = replace(call, actor=EDITOR)
    if kind == schedules.KIND:
        schedules.write(somebody, name, after)
        return
    if kind in ASSET_KINDS and version and call.store.get(kind, name) is None:
        call.store.put(kind, name, "", {"tags": {}, "isArchived": False}, now=call.now, actor=EDITOR)
    call.store.put(kind, name, version, after, now=call.now, actor=EDITOR)


def _merged(before: Json, change: Json) -> Json:
    """Objects merge key by key; a null removes."""
    merged = dict(before)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged


def _edit_run(call: Call, name: str, change: Json) -> None:
    run = runs.get(call.store, name)
    if run is None:
        raise not_found(f"jobs/{name}")
    if change.get("delete"):
        call.store.execute("DELETE FROM run WHERE root = ?", (name,))
        return
    detail = _merged(run.detail, change.get("properties") or {})
    sql = "UPDATE run SET detail = ?, modified_at = ? WHERE seq = ?"
    call.store.execute(sql, (json.dumps(detail), call.now, run.seq))


def advance_clock(call: Call) -> Reply:
    """`{advance: seconds}`: everything due on the way happens, in order."""
    seconds = as_object(call.body, "body").get("advance")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
        raise user_error("advance must be a number of seconds, not below 0.", "advance")
    offset = call.world.clock.advance(float(seconds))
    call.store.set_meta("clock_offset", repr(offset))
    progress.catch_up(call.world)
    return read_clock(call)


def read_clock(call: Call) -> Reply:
    return Reply(200, {"now": iso(call.world.clock.now()), "offset_seconds": call.world.clock.offset_seconds})


def fail_step(call: Call) -> Reply:
    """`{node, count}`: the next `count` steps of that name (or path) in runs yet to start will fail."""
    body = as_object(call.body, "body")
    rules = json.loads(call.store.meta("failing_steps", "[]"))
    rules.append({"node": str(body.get("node") or ""), "count": int(body.get("count") or 1)})
    call.store.set_meta("failing_steps", json.dumps(rules))
    return Reply(201, {"failing_steps": rules})


def reset(call: Call) -> Reply:
    """Forget everything and seed again: `{seed: empty|demo}`; the clock goes back to wall time."""
    wanted = as_object(call.body, "body").get("seed", "empty") if call.body is not None else "empty"
    if wanted not in seed.SEEDS:
        raise user_error(f"There is no seed '{wanted}'.", "seed")
    call.world.faults.clear()
    call.store.clear()
    call.world.clock.offset_seconds = 0.0
    seed.plant(call.world, wanted)
    return Reply(200, {"seed": wanted})
