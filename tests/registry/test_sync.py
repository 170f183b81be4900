"""A sync of a real sandbox over HTTP: the mirror equals the workspace, whatever went wrong before."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from mlopsportal import azureml
from registry.facts import ANONYMOUS, EPOCH
from registry.lineage import maker_of
from registry.models import (
    TERMINAL_STATUSES,
    Asset,
    AssetKind,
    DefinitionMatch,
    Edge,
    Finding,
    FindingKind,
    Run,
    SearchEntry,
    Step,
    SyncState,
    Use,
    Version,
    Workspace,
)
from registry.raw import raw_of
from registry.searching import search
from tests.registry.building import make_workspace, sync
from tests.sandbox_server import RunningSandbox

pytestmark = pytest.mark.django_db


def live_objects(sandbox: RunningSandbox, workspace: Workspace) -> dict[str, Any]:
    """Everything the workspace lists, by ref text, read without the sync."""
    connection = azureml.connect(workspace.target())
    reader, found = connection.reader, dict[str, Any]()
    for kind in ("component", "data", "model", "environment"):
        for page in reader.pages(kind):
            for raw in page.items:
                if raw["name"] in ANONYMOUS:
                    continue
                found[f"{kind}:{raw['name']}"] = raw
                for versions in reader.pages(kind, name=raw["name"]):
                    found |= {f"{kind}:{raw['name']}:{item['name']}": item for item in versions.items}
    for page in reader.pages("run"):
        found |= {f"run:{raw['name']}": raw for raw in page.items}
    connection.close()
    return found


def mirrored_objects(workspace: Workspace) -> dict[str, Any]:
    rows = [
        *Asset.objects.filter(workspace=workspace, is_anonymous=False).select_related("part"),
        *Version.objects.filter(workspace=workspace, asset__is_anonymous=False).select_related("part"),
        *Run.objects.filter(workspace=workspace).select_related("part"),
    ]
    return {str(row.ref): raw_of(row) for row in rows if row.ref.name not in ANONYMOUS}


def test_it_works(demo: RunningSandbox) -> None:
    workspace = make_workspace(demo)
    found = sync(workspace)
    assert (found.state, found.error) == (SyncState.DONE, "")
    assert workspace.synced_at == found.started_at
    assert "cpu-cluster" in workspace.computes
    assert workspace.datastores == ["workspaceblobstore"]


def test_after_one_sync_the_mirror_equals_the_workspace(demo: RunningSandbox) -> None:
    workspace = make_workspace(demo)
    sync(workspace)
    live, mirrored = live_objects(demo, workspace), mirrored_objects(workspace)
    assert live.keys() == mirrored.keys()
    assert [ref for ref in live if live[ref] != mirrored[ref]] == []


def test_a_second_sync_writes_nothing_but_when_it_saw_things(demo: RunningSandbox) -> None:
    workspace = make_workspace(demo)
    sync(workspace)
    before = snapshot()
    with CaptureQueriesContext(
        database,
    ) as queries:
        found = sync(workspace)
    assert snapshot() == before
    changed = {what: count for what, count in found.progress["counts"].items() if what.endswith("changed") and count}
    assert changed == {}
    written = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    mirror = [sql for sql in written if any(f'"registry_{t}"' in sql.split("WHERE")[0] for t in ("asset", "version"))]
    assert all('SET "seen_at"' in sql for sql in mirror), [sql[:200] for sql in mirror if 'SET "seen_at"' not in sql]


def snapshot() -> dict[str, list[dict[str, Any]]]:
    """All mirrored rows, but for runs under way (time goes on) and the columns that say when a row was seen."""
    skipped = {"seen_at", "steps_synced_at", "last_seen_at"}
    ended = {Run: "status__in", Step: "run__status__in", Edge: "run__status__in"}
    rows = {
        model: model._default_manager.filter(**({ended[model]: TERMINAL_STATUSES} if model in ended else {}))
        for model in (Asset, Version, Run, Step, Edge, Use, Finding)
    }
    return {
        model.__name__: [
            {key: value for key, value in row.items() if key not in skipped} for row in found.order_by("pk").values()
        ]
        for model, found in rows.items()
    }


def test_exactly_two_definitions_of_the_demo_are_unregistered(mirrored: Workspace) -> None:
    found = Finding.objects.filter(kind=FindingKind.UNREGISTERED_DEFINITION, resolved_at=None)
    assert len(found) == 2
    strangers = Run.objects.filter(definition_match=DefinitionMatch.UNREGISTERED)
    assert {finding.detail["definition"] for finding in found} == set(strangers.values_list("definition", flat=True))


def test_anonymous_components_are_folded_away(mirrored: Workspace) -> None:
    listed = Asset.objects.listed(mirrored, "component")
    assert not listed.filter(name__in=ANONYMOUS).exists()
    assert Version.objects.filter(asset__is_anonymous=True).exists()


def test_the_steps_of_a_one_node_run_stand_without_its_node(mirrored: Workspace) -> None:
    step = Step.objects.filter(run__pipeline__isnull=False)[0]
    assert "main" in raw_of(step.run)["properties"]["jobs"]
    assert not Step.objects.filter(path__startswith="main").exists()
    assert Step.objects.filter(path__contains=".").exists()


def test_a_model_leads_to_the_run_that_made_it(mirrored: Workspace) -> None:
    for model in Version.objects.filter(kind="model").exclude(job_name=""):
        maker = maker_of(model)
        assert maker is not None
        assert model.job_name == maker.job_name or maker.steps.filter(run_id_azure=model.job_name).exists()


def test_every_search_entry_can_be_found_by_its_title(mirrored: Workspace) -> None:
    for entry in SearchEntry.objects.all()[:40]:
        assert entry.ref in {found.ref for found in search([mirrored], entry.title, limit=1000)}
    assert {found.ref for found in search([mirrored], "mo")} >= {"component:model_training"}
    assert search([mirrored], 'a" OR text MATCH "b') == []


def test_a_name_tells_when_its_newest_version_came(mirrored: Workspace) -> None:
    for asset in Asset.objects.filter(workspace=mirrored, is_anonymous=False):
        newest = asset.versions.order_by("-created_at", "-id")[0]
        assert (asset.latest_version, asset.newest_at) == (newest.version, newest.created_at), asset
    moved = Asset.objects.get(workspace=mirrored, name="churn_training")
    assert moved.newest_at > moved.modified_at  # the container's own date says nothing of its versions


def test_a_mirror_of_before_is_filled_with_when_the_newest_versions_came(mirrored: Workspace) -> None:
    names = Asset.objects.filter(workspace=mirrored, is_anonymous=False).order_by("pk")
    entries = SearchEntry.objects.filter(workspace=mirrored, kind__in=["pipeline", *AssetKind.values]).order_by("pk")
    before = list(names.values_list("newest_at", flat=True)), list(entries.values_list("at", flat=True))
    names.update(newest_at=EPOCH)
    entries.update(at=EPOCH)
    import_module("registry.migrations.0005_fill_newest_version_time").fill(apps, None)
    assert (list(names.values_list("newest_at", flat=True)), list(entries.values_list("at", flat=True))) == before
