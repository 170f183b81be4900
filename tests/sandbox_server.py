"""A real sandbox for tests: served over HTTP from a thread, with its control doors as methods."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from mlopsportal.sandbox.server import Sandbox, open_sandbox
from mlopsportal.sandbox.world import Switches


@dataclass(frozen=True)
class RunningSandbox:
    """Where a running sandbox is, and what tests may do to it behind the clients' backs."""

    url: str
    subscription_id: str
    resource_group: str
    workspace: str
    base: str
    sandbox: Sandbox

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/sandbox/<path>` and return its JSON; raises urllib's HTTPError for a refusal."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/sandbox/{path}", data=data, method=method)  # noqa: S310  # always http
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def journal(self, after: int = 0, **narrow: str) -> list[dict[str, Any]]:
        """Journal entries with an id above `after`; `method` and `path` (a part of it) narrow."""
        entries: list[dict[str, Any]] = []
        while True:
            query = urlencode({"after": entries[-1]["id"] if entries else after, **narrow})
            page = self.control("GET", f"journal?{query}")["entries"]
            entries += page
            if len(page) < 1000:
                return entries

    def writes(self, after: int = 0) -> list[dict[str, Any]]:
        """Journal entries of everything but GET and HEAD."""
        return [entry for entry in self.journal(after) if entry["method"] not in ("GET", "HEAD")]

    def fault(self, **rule: Any) -> None:
        """Add a fault rule: see `mlopsportal.sandbox.faults.Rule`."""
        self.control("POST", "faults", rule)

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def edit(self, kind: str, name: str, version: str = "", **change: Any) -> None:
        """Out-of-band edit: `properties={…}` to merge, `replace={…}`, or `delete=True`."""
        self.control("POST", "edit", {"kind": kind, "name": name, "version": version, **change})

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance": seconds})

    def fail_step(self, node: str, count: int = 1) -> None:
        """Let the next `count` steps of this name in runs yet to start fail."""
        self.control("POST", "failing-steps", {"node": node, "count": count})

    def reset(self, seed: str = "empty") -> None:
        self.control("POST", "reset", {"seed": seed})


@contextmanager
def running_sandbox(
    seed: str = "empty", time_scale: float = 1.0, *, data: Path | None = None, port: int = 0, **switches: Any
) -> Iterator[RunningSandbox]:
    """Serve a sandbox on a free port of this machine until the block ends; `switches` are those of `Switches`."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = open_sandbox(
            port=port,
            data=data or Path(folder),
            seed_name=seed,
            switches=Switches(time_scale=time_scale, **switches),
        )
        thread = threading.Thread(target=sandbox.serve, args=(0.005,), name="sandbox", daemon=True)
        thread.start()
        place = sandbox.world.place
        try:
            yield RunningSandbox(
                place.url, place.subscription_id, place.resource_group, place.workspace, place.base, sandbox
            )
        finally:
            sandbox.close()
            thread.join(timeout=5)
