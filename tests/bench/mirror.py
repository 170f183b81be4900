"""Whether impact and lineage take as long over 100,000 runs as over 10,000: `python -m tests.bench.mirror`.

Prints the ratio of the shortest times as JSON and exits 1 over the bound, or where a plan reads all runs or edges.
Makes a database of its own in a temporary folder: SQLite, or with `--postgresql` a PostgreSQL.
The rows are written by SQL: every run executes one pipeline version of forty, reads one data version, and is in the
last thirty days or not as runs are that come one a minute.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.models import Workspace

FEW, MANY = 10_000, 100_000
BOUND = 1.3
ROUNDS = 41
PIPELINES = 40
NODES = 8
MOST_TOUCHED = 1000
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def make_workspace() -> Workspace:
    """Write forty pipeline versions of NODES nodes that run one component, and one around each; a model for each."""
    from registry.models import Asset, Use, Version, Workspace

    workspace = Workspace.objects.create(slug="bench", subscription_id="s", resource_group="r", name="w")
    stamps: dict[str, Any] = {"created_at": NOW, "modified_at": NOW, "seen_at": NOW, "raw_digest": ""}

    def version(kind: str, name: str, type_name: str, **more: Any) -> Version:
        pipeline = type_name == "pipeline"
        common = {"workspace": workspace, "kind": kind, "name": name, **stamps}
        asset = Asset.objects.create(**common, is_pipeline=pipeline, latest_version="1")
        return Version.objects.create(**common, **more, asset=asset, version="1", type=type_name)

    def pipeline(name: str, runs: str, nodes: Sequence[str]) -> None:
        row = version("component", name, "pipeline", definition_id=_kept_definition(name, runs, nodes))
        for node in nodes:
            Use.objects.create(workspace=workspace, consumer=row, node=node, kind="component", name=runs, version="1")

    version("component", "train", "command")
    version("data", "raw", "uri_folder")
    for number in range(PIPELINES):
        pipeline(f"pipeline{number}", "train", [f"fit{step}" for step in range(NODES)])
        pipeline(f"around{number}", f"pipeline{number}", ["inner"])
        version("model", f"model{number}", "custom_model", job_name=f"run{number:07d}")
    return workspace


def _kept_definition(name: str, runs: str, nodes: Sequence[str]) -> int:
    """Write what a pipeline executes: nodes that all run one component, each after the one before it."""
    from registry.raw import definition_of, keep

    jobs: dict[str, Any] = {}
    for place, node in enumerate(nodes):
        source = f"${{{{parent.jobs.{nodes[place - 1]}.outputs.model}}}}" if place else "${{parent.inputs.data}}"
        inputs = {"data": source, "rate": 0.1 * place, "epochs": "${{parent.inputs.epochs}}"}
        outputs = {"model": {"type": "uri_folder"}}
        jobs[node] = {"type": "command", "component": f"component:{runs}:1", "inputs": inputs, "outputs": outputs}
    ports = {"data": {"type": "uri_folder"}, "epochs": {"type": "integer", "default": 3}}
    document = definition_of({"type": "pipeline", "display_name": name, "inputs": ports, "outputs": {}, "jobs": jobs})
    return keep([document])[document.digest]


def fill(workspace: Workspace, begin: int, end: int) -> None:
    """Write the runs from `begin` to `end`, a minute apart back in time, with three edges each."""
    from django.db import connection

    from registry.models import Edge, EdgeRole, Run, Version

    pipelines = dict(Version.objects.filter(type="pipeline").values_list("name", "pk"))
    keys = [pipelines[f"pipeline{number}"] for number in range(PIPELINES)]
    template = Run(workspace=workspace, status="Completed", started_at=NOW, seen_at=NOW, raw_digest="")
    columns = [item for item in Run._meta.concrete_fields if item.name != "id"]
    fixed = [item.get_db_prep_save(getattr(template, item.attname), connection) for item in columns]
    places = {item.name: place for place, item in enumerate(columns)}
    rows = []
    for number in range(begin, end):
        values = list(fixed)
        at = connection.ops.adapt_datetimefield_value(NOW - timedelta(minutes=number))
        values[places["job_name"]], values[places["started_at"]] = f"run{number:07d}", at
        values[places["pipeline"]] = keys[number % PIPELINES]
        values[places["pipeline_name"]] = f"pipeline{number % PIPELINES}"
        rows.append(values)
    names = ", ".join(f'"{item.column}"' for item in columns)
    marks = ", ".join(["%s"] * len(columns))
    first = Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    facts = ((EdgeRole.EXECUTES, "", "'component:' || pipeline_name || ':1'"), (EdgeRole.INPUT, "raw", "'data:raw:1'"))
    facts += ((EdgeRole.EXECUTES, "fit", "'component:train:1'"),)  # type: ignore[assignment]  # one more of the same
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO registry_run ({names}) VALUES ({marks})", rows)  # noqa: S608  # own names
        for role, step, ref in facts:
            cursor.execute(
                f"INSERT INTO {Edge._meta.db_table} (workspace_id, run_id, step, role, port, ref, at)"  # noqa: S608
                f" SELECT workspace_id, id, %s, %s, '', {ref}, started_at FROM registry_run WHERE id > %s",
                [step, str(role), first],
            )
        cursor.execute("ANALYZE")


def shortest_of(ask: Callable[[], Any]) -> tuple[float, float]:
    """Return the shortest time of our processor, and how many times that of some fixed work done in turns with it.

    What else the machine does slows both down. What a server does for us is judged by the rows that it touches.
    """
    ask()
    times: list[float] = []
    fixed: list[float] = []
    for _ in range(ROUNDS):
        for work, kept in ((ask, times), (_fixed_work, fixed)):
            began = time.process_time()
            work()
            kept.append(time.process_time() - began)
    return min(times), min(times) / min(fixed)


def _fixed_work() -> None:
    """Ask for small tables, as the questions do, whatever the mirror holds."""
    from registry.models import Asset, Workspace

    for _ in range(8):
        list(Asset.objects.filter(kind="model"))
        list(Workspace.objects.all())


def tables_read_whole(ask: Callable[[], Any]) -> list[str]:
    """Return the statements that read all runs or edges, or on PostgreSQL touch more than MOST_TOUCHED rows."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        ask()
    explain, wrong = ("EXPLAIN QUERY PLAN", _scans) if connection.vendor == "sqlite" else ("EXPLAIN ANALYZE", _touches)
    found = []
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute(f"{explain} {query['sql']}")
            if wrong("\n".join(str(row[-1]) for row in cursor.fetchall())):
                found.append(query["sql"])
    return found


def _scans(plan: str) -> bool:
    return any(f"SCAN registry_{table}" in plan for table in ("run", "edge"))


def _touches(plan: str) -> bool:
    rows = re.findall(r"actual time=\S+ rows=([\d.]+)|Rows Removed by \w+(?: \w+)*: (\d+)", plan)
    return any(float(seen or removed) > MOST_TOUCHED for seen, removed in rows)


def questions(workspace: Workspace) -> dict[str, Callable[[], Any]]:
    from mlopsportal.specs.ref import Ref
    from registry.lineage import lineage_of
    from registry.models import Workspace as Workspaces
    from scheduling.impact import affected_by

    def impact(text: str) -> Callable[[], Any]:
        return lambda: affected_by(workspace, Ref.parse(text), visible=Workspaces.objects.all(), now=NOW)

    def lineage(text: str) -> Callable[[], Any]:
        return lambda: lineage_of(workspace, Ref.parse(text))

    asked = {f"impact of {text}": impact(text) for text in ("component:train:1", "component:pipeline3:1", "data:raw:1")}
    return asked | {
        f"lineage of {text}": lineage(text) for text in ("component:pipeline3:1", "data:raw:1", "model:model7:1")
    }


def measure() -> dict[str, dict[str, Any]]:
    """Return for each question the milliseconds over few and over many runs, their ratio, and plans gone wrong."""
    workspace = make_workspace()
    fill(workspace, 0, FEW)
    few = {what: shortest_of(ask) for what, ask in questions(workspace).items()}
    fill(workspace, FEW, MANY)
    many = {what: shortest_of(ask) for what, ask in questions(workspace).items()}
    return {
        what: {
            "few_ms": round(few[what][0] * 1000, 2),
            "many_ms": round(many[what][0] * 1000, 2),
            "ratio": round(many[what][1] / few[what][1], 2),
            "whole": tables_read_whole(ask),
        }
        for what, ask in questions(workspace).items()
    }


def main(arguments: Sequence[str]) -> int:
    from mlopsportal.management.commands.test import postgresql

    with tempfile.TemporaryDirectory() as folder, postgresql() if "--postgresql" in arguments else nullcontext() as url:
        os.environ |= {
            "MLOPSPORTAL_DATA": folder,
            "MLOPSPORTAL_SECRET_KEY": "only-for-measuring" * 4,
            "DJANGO_SETTINGS_MODULE": "mlopsportal.settings",
            "DATABASE_URL": url or "",
        }
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        found = measure()
        connections.close_all()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 1 if any(item["ratio"] > BOUND or item["whole"] for item in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
