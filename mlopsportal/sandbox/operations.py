"""Long-running answers: `202` with an address to poll, when the sandbox is switched to be slow."""

from __future__ import annotations

import json
import uuid

from mlopsportal.sandbox.arm import Json, Reply, not_found
from mlopsportal.sandbox.world import Call

POLL_MILLISECONDS = "50"


def _open(call: Call, kind: str, error: Json | None = None) -> str:
    """Remember an operation and return the address to poll."""
    key = str(uuid.uuid4())
    row = (key, call.now + call.switches.operation_seconds, json.dumps(error) if error else None)
    call.store.execute("INSERT INTO operation VALUES (?, ?, ?)", row)
    place = call.place
    provider = f"/subscriptions/{place.subscription_id}/providers/Microsoft.MachineLearningServices"
    return f"{place.url}{provider}/locations/{place.region}/{kind}/{key}"


def accepted(call: Call, done: Reply) -> Reply:
    """`done` itself, or 202 with `Location` when deletes and cancels are switched to be slow."""
    if call.switches.operations == "immediate":
        return done
    headers = {"Location": _open(call, "mfeOperationResults"), "retry-after-ms": POLL_MILLISECONDS}
    return Reply(202, None, headers)


def async_header(call: Call, error: Json | None = None) -> dict[str, str]:
    """The headers of a write whose end is told at its own address."""
    return {
        "Azure-AsyncOperation": _open(call, "mfeOperationsStatus", error),
        "retry-after-ms": POLL_MILLISECONDS,
    }


def _state(call: Call, key: str) -> tuple[bool, Json | None]:
    rows = call.store.execute("SELECT done_at, error FROM operation WHERE id = ?", (key,))
    if not rows:
        raise not_found(f"operations/{key}")
    done_at, error = rows[0]
    return call.now >= done_at, json.loads(error) if error else None


def result(call: Call, key: str) -> Reply:
    """What `Location` answers: 202 until done, then 200 without a body."""
    done, _ = _state(call, key)
    return Reply(200) if done else Reply(202, None, {"Location": call.url, "retry-after-ms": POLL_MILLISECONDS})


def status(call: Call, key: str) -> Reply:
    """What `Azure-AsyncOperation` answers."""
    done, error = _state(call, key)
    if not done:
        return Reply(200, {"status": "InProgress"}, {"retry-after-ms": POLL_MILLISECONDS})
    return Reply(200, {"status": "Failed", "error": error} if error else {"status": "Succeeded"})
