"""What one change of many documents costs: `python -m tests.bench.upgrading [users] [steps]`, in a sandbox.

Moves as many pipelines (200), each of as many steps (1), from one version of a component to the next in one change, and
prints as JSON: the seconds that planning and applying took, of processor and clock, the longest time between two signs
of life of their worker (they have to come within the leases); of every page the seconds of processor, the queries and
the kilobytes; and the memory that the process grew by. Exit 1 when a page that people wait for, or the plan, takes more
than `MOST`. SQLite in a temporary folder. With more users than a change holds, the usual ones are moved.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

USERS = 200
MOST = {"upgrade page": (2.0, 500), "change page": (1.0, 250), "plan": (60.0, None)}
"""Seconds of processor, and kilobytes, for 200 users of one step: what a person waits for who opens or reviews."""


PAGES = {
    "change page": "",
    "its documents": "?tab=documents",
    "its checks": "?tab=checks",
    "one request of it": "?tab=plan&item=7",
    "all requests of it": "?tab=plan&whole=1",
}


def measure(users: int, steps: int) -> dict[str, Any]:
    """Return the figures of one upgrade: seconds, queries, kilobytes."""
    from django.test import Client
    from django.urls import reverse

    from mlopsportal.changes import applying, bundling, claiming, planning
    from mlopsportal.changes.models import ChangeRequest
    from mlopsportal.changes.states import State
    from tests.changes.building import applied, approved, fresh, make_team, queued, stocked_sandbox
    from tests.queue.draining import drain
    from tests.upgrading.asking import many_users
    from tests.upgrading.building import component

    found: dict[str, Any] = {"users": users, "steps": steps}
    with stocked_sandbox() as sandbox:
        team = make_team(sandbox)
        for version in ("1", "2"):
            assert applied(team, [component(version)]).state == State.APPLIED
        many_users(team, sandbox, users, steps=steps)
        author = Client()
        author.force_login(team["author"])
        query = {"from": "component:train:1", "to": "component:train:2"}
        address = reverse("upgrade", args=[team.workspace.slug], query=query)
        before = _memory()
        found["upgrade page"] = _page(author, address)
        taken = [f"component:user_{number:03d}:1" for number in range(users)][: bundling.MOST_DOCUMENTS]
        answer, found["open"] = _timed(lambda: author.post(address, {"take": taken, "do": "submit"}))
        assert answer.status_code == 302, answer.content[:2000]
        change = ChangeRequest.objects.order_by("-pk")[0]
        with _signs_of_life(planning._Hold, "keep") as gaps:
            _, found["plan"] = _timed(drain)
        found["plan_longest_gap_s"], found["plan_lease_s"] = _longest(gaps), planning.LEASE.total_seconds()
        assert fresh(change).state == State.IN_REVIEW, fresh(change).reason
        detail = reverse("change-detail", args=[change.pk])
        for name, more in PAGES.items():
            found[name] = _page(author, detail + more)
        queued(team, approved(team, change))
        with _signs_of_life(applying, "renew") as gaps:
            _, found["apply"] = _timed(drain)
        found["apply_longest_gap_s"], found["apply_lease_s"] = _longest(gaps), claiming.LEASE.total_seconds()
        assert fresh(change).state == State.APPLIED, fresh(change).reason
        found["change page, applied"] = _page(author, detail)
        found["memory_kb"] = _memory() - before
    return found


def _page(client: Any, address: str) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        answer, took = _timed(lambda: client.get(address))
    assert answer.status_code == 200
    return {**took, "queries": len(asked), "kb": len(answer.content) // 1024}


def _timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what came of it, and its seconds by the clock and of the processor (the sandbox is a thread of it)."""
    began, busy = time.perf_counter(), time.process_time()
    result = work()
    clock, processor = time.perf_counter() - began, time.process_time() - busy
    return result, {"clock_s": round(clock, 2), "processor_s": round(processor, 2)}


def over(found: dict[str, Any]) -> list[str]:
    """Return what took longer, or is larger, than anybody should have to wait for."""
    return [
        f"{name}: {found[name]}, at most {seconds} s of processor" + (f" and {kilobytes} kB" if kilobytes else "")
        for name, (seconds, kilobytes) in MOST.items()
        if found[name]["processor_s"] > seconds or (kilobytes and found[name]["kb"] > kilobytes)
    ]


@contextmanager
def _signs_of_life(owner: Any, name: str) -> Iterator[list[float]]:
    """Note when a function was called, which goes on working as it does."""
    times, own = [time.perf_counter()], getattr(owner, name)

    def noted(*arguments: Any) -> Any:
        times.append(time.perf_counter())
        return own(*arguments)

    setattr(owner, name, noted)
    try:
        yield times
    finally:
        setattr(owner, name, own)
        times.append(time.perf_counter())


def _longest(times: Sequence[float]) -> float:
    return round(max(after - before for before, after in pairwise(times)), 2)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(arguments: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "MLOPSPORTAL_DATA": folder,
            "MLOPSPORTAL_SECRET_KEY": "only-for-measuring" * 4,
            "DJANGO_SETTINGS_MODULE": "mlopsportal.settings",
            "DATABASE_URL": "",
        }
        import django
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connections
        from django.test.utils import setup_test_environment

        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        django.setup()
        setup_test_environment()
        call_command("migrate", verbosity=0)
        users, steps = [*(int(text) for text in arguments), *(USERS, 1)[len(arguments) :]]
        found = measure(users, steps)
        connections.close_all()
    slow = over(found)
    sys.stdout.write(json.dumps({**found, "over": slow}, indent=2) + "\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
