"""Measures the list of runs over many rows: `python -m tests.bench.run_list 100000`; milliseconds on stdout, as JSON.

Makes a database of its own in a temporary folder. Figures of one machine compare with one another only.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.models import Workspace

ROUNDS = 20
CHUNK = 5000
STATUSES = ("Completed", "Completed", "Completed", "Failed", "Canceled")


def fill(workspace: Workspace, count: int) -> None:
    """Write `count` runs a minute apart, with their search entries."""
    from registry.models import Run, SearchEntry

    newest = datetime(2026, 11, 1, tzinfo=UTC)
    for start in range(0, count, CHUNK):
        runs, entries = [], []
        for number in range(start, min(start + CHUNK, count)):
            at, name = newest - timedelta(minutes=number), f"pipeline{number % 40}-{number:07d}"
            facts = {"experiment": f"e{number % 12}", "pipeline_name": f"pipeline{number % 40}"}
            runs.append(
                Run(
                    workspace=workspace,
                    job_name=name,
                    display_name=name,
                    status=STATUSES[number % 5],
                    started_at=at,
                    ended_at=at,
                    seen_at=newest,
                    raw_digest="",
                    **facts,
                )
            )
            entries.append(
                SearchEntry(workspace=workspace, kind="run", ref=f"run:{name}", title=name, text=name, at=at)
            )
        Run.objects.bulk_create(runs, batch_size=500)
        SearchEntry.objects.bulk_create(entries, batch_size=500)


def milliseconds(ask: Callable[[], Any]) -> dict[str, float]:
    ask()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    return {"p50": round(statistics.median(times), 1), "p95": round(sorted(times)[int(ROUNDS * 0.95) - 1], 1)}


def measure(count: int) -> dict[str, dict[str, float]]:
    """Return what each list takes over `count` runs."""
    from django.test import Client

    from mlopsportal.accounts.models import User
    from registry.models import Workspace

    workspace = Workspace.objects.create(slug="bench", subscription_id="s", resource_group="r", name="w")
    fill(workspace, count)
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("bench", password="only for measuring"))
    half = f"before={(datetime(2026, 11, 1, tzinfo=UTC) - timedelta(minutes=count // 2)).isoformat()[:19]}Z"
    page, api = "/w/bench/runs/", "/api/v1/workspaces/bench/runs/"
    addresses = {
        "list, page": page,
        "filtered, page": f"{page}?status=Failed&pipeline=pipeline3",
        "middle, page": f"{page}?{half}",
        "rare text, page": f"{page}?q={count // 3:07d}",
        "list, JSON": api,
        "filtered, JSON": f"{api}?status=Failed&pipeline=pipeline3",
    }

    def ask(address: str) -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code}")

    return {what: milliseconds(partial(ask, address)) for what, address in addresses.items()}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "MLOPSPORTAL_DATA": folder,
            "MLOPSPORTAL_SECRET_KEY": "only-for-measuring" * 4,
            "DJANGO_SETTINGS_MODULE": "mlopsportal.settings",
        }
        import django
        from django.conf import settings
        from django.core.management import call_command

        django.setup()
        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"] = []
        call_command("migrate", verbosity=0)
        call_command("createcachetable")
        sys.stdout.write(json.dumps({"runs": count, "ms": measure(count)}, indent=2) + "\n")


if __name__ == "__main__":
    main()
