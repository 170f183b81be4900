"""Syncs of a small workspace that misbehaves: nothing is lost, nothing is called gone that was not looked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from mlopsportal import azureml
from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.actions import SYSTEM
from mlopsportal.audit.models import Event
from registry import sync as syncing
from registry import sync_runs, tasks
from registry.errors import LeaseLost
from registry.models import (
    Asset,
    Finding,
    FindingKind,
    LogState,
    Run,
    StepLog,
    SyncRun,
    SyncState,
    Version,
    Workspace,
)
from registry.sync_runs import OVERLAP
from tests.queue.draining import drain
from tests.registry.building import make_user, make_workspace, sync
from tests.sandbox_server import RunningSandbox, running_sandbox

pytestmark = pytest.mark.django_db
API = "2023-08-01-preview"
NOW = timezone.now()


@pytest.fixture
def small() -> Iterator[RunningSandbox]:
    """A workspace with six data assets of one version each, listed two at a time."""
    with running_sandbox("empty", page_size=2) as sandbox:
        for number in range(6):
            put(
                sandbox,
                f"data/d{number}/versions/1",
                dataType="uri_folder",
                dataUri=f"azureml://datastores/workspaceblobstore/paths/{number}",
            )
        yield sandbox


def put(sandbox: RunningSandbox, path: str, **properties: Any) -> None:
    target = azureml.Target(
        sandbox.subscription_id, sandbox.resource_group, sandbox.workspace, cloud="sandbox", endpoint=sandbox.url
    )
    connection = azureml.connect(target)
    connection.send(azureml.Request("PUT", f"{sandbox.base}/{path}", API, {"properties": properties}))
    connection.close()


def names(**conditions: Any) -> set[str]:
    return set(Asset.objects.filter(kind="data", **conditions).values_list("name", flat=True))


def test_archived_is_not_gone(small: RunningSandbox) -> None:
    workspace = make_workspace(small)
    sync(workspace)
    small.edit("data", "d0", properties={"isArchived": True})
    small.edit("data", "d1", "1", properties={"isArchived": True})
    for _ in range(3):
        sync(workspace)
    assert names(is_archived=True) == {"d0"}
    assert Version.objects.get(name="d1").is_archived
    assert names(missing_since=None) == {f"d{number}" for number in range(6)}


def test_what_was_deleted_is_missing_after_two_complete_syncs_and_back_when_it_is_back(small: RunningSandbox) -> None:
    workspace = make_workspace(small)
    sync(workspace)
    small.edit("data", "d5", "1", delete=True)
    small.edit("data", "d5", delete=True)
    sync(workspace)
    assert not names(missing_since__isnull=False), "one listing without it is no proof"
    sync(workspace)
    assert names(missing_since__isnull=False) == {"d5"}
    opened = Finding.objects.filter(kind=FindingKind.MISSING, resolved_at=None)
    assert set(opened.values_list("ref", flat=True)) == {"data:d5", "data:d5:1"}
    put(small, "data/d5/versions/1", dataType="uri_folder", dataUri="azureml://datastores/workspaceblobstore/paths/5")
    sync(workspace)
    assert not names(missing_since__isnull=False)
    assert not opened.exists()


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "/data\\?", "status": 403},
        {"path": "/data\\?", "nth": 2, "status": 401},
        {"path": "/data\\?", "nth": 2, "status": 500},
        {"path": "/data\\?", "body": "<html>"},
        {"path": "/data\\?", "nth": 2, "truncate": 40},
        {"path": "/data/d3/versions\\?", "drop_before": True},
    ],
    ids=lambda fault: str({key: value for key, value in fault.items() if key != "path"}),
)
def test_a_listing_that_failed_marks_nothing_missing(small: RunningSandbox, fault: dict[str, Any]) -> None:
    workspace = make_workspace(small)
    sync(workspace)
    synced_at = workspace.synced_at
    small.fault(method="GET", count=0, **fault)
    for _ in range(3):
        found = sync(workspace)
        assert found.state == SyncState.FAILED
        assert found.error
    assert workspace.synced_at == synced_at
    small.clear_faults()
    assert sync(workspace).state == SyncState.DONE
    assert not names(missing_since__isnull=False)
    assert Event.objects.filter(action="sync.failed").count() == 3


def test_a_listing_that_is_suddenly_empty_is_not_believed(small: RunningSandbox) -> None:
    workspace = make_workspace(small)
    sync(workspace)
    small.fault(method="GET", path="/data\\?", count=0, body='{"value": []}')
    for _ in range(3):
        assert sync(workspace).state == SyncState.DONE
    assert not names(missing_since__isnull=False)
    held = Finding.objects.filter(kind=FindingKind.UNREADABLE, resolved_at=None)
    assert "vanished at once" in held[0].detail["reason"]
    small.clear_faults()
    sync(workspace)
    assert not held.exists()


def held_landslide(small: RunningSandbox) -> tuple[Workspace, Finding]:
    workspace = make_workspace(small)
    sync(workspace)
    small.fault(method="GET", path="/data\\?", count=0, body='{"value": []}')
    for _ in range(2):
        sync(workspace)
    return workspace, Finding.objects.get(ref="data assets", resolved_at=None)


def test_a_landslide_that_an_admin_confirms_is_marked_by_the_next_sync(small: RunningSandbox) -> None:
    workspace, finding = held_landslide(small)
    client = Client()
    client.force_login(make_user("vera", workspace))
    assert client.post(f"/w/demo/findings/{finding.pk}/confirm/").status_code == 403
    client.force_login(make_user("anna", workspace, role=Role.ADMIN))
    assert "They are gone" in client.get("/w/demo/findings/").content.decode()
    for _ in range(2):  # the second time there is nothing left to confirm
        assert client.post(f"/w/demo/findings/{finding.pk}/confirm/").status_code == 302
    assert Event.objects.get(action="finding.confirmed").target == "data assets"
    assert not names(missing_since__isnull=False)
    assert sync(workspace).state == SyncState.DONE
    assert len(names(missing_since__isnull=False)) == 6


def test_a_landslide_that_an_admin_dismisses_marks_nothing_and_is_not_told_again(small: RunningSandbox) -> None:
    workspace, finding = held_landslide(small)
    client = Client()
    client.force_login(make_user("anna", workspace, role=Role.ADMIN))
    assert client.post(f"/w/demo/findings/{finding.pk}/dismiss/").status_code == 302
    sync(workspace)
    assert not names(missing_since__isnull=False)
    assert not Finding.objects.filter(ref="data assets", resolved_at=None).exists()
    assert Event.objects.filter(action="finding.dismissed").count() == 1


def test_runs_under_way_that_are_gone_are_asked_for_once_a_sync(
    small: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_runs, "ACTIVE_AT_ONCE", 2)
    workspace = make_workspace(small)
    sync(workspace)
    assert workspace.synced_at
    for number in range(5):
        Run.objects.create(
            workspace=workspace, job_name=f"gone{number}", status="Running", started_at=NOW, seen_at=workspace.synced_at
        )
    assert sync(workspace).state == SyncState.DONE
    assert not Run.objects.filter(missing_since=None).exclude(job_name__startswith="gone").exists()
    sync(workspace)
    assert not Run.objects.filter(missing_since=None).exists()


def test_a_run_whose_credential_is_not_configured_says_so_instead_of_waiting_for_its_logs() -> None:
    workspace = make_workspace()
    Workspace.objects.filter(pk=workspace.pk).update(cloud="azure", endpoint="", credential="NOWHERE")
    run = Run.objects.create(workspace=workspace, job_name="r", status="Completed", started_at=NOW, seen_at=NOW)
    listing = StepLog.objects.create(run=run, run_id_azure="r", requested_at=NOW)
    tasks.fetch_logs(listing.pk)
    listing.refresh_from_db()
    assert listing.state == LogState.FAILED
    assert "not configured" in listing.message


def test_throttling_slows_a_sync_and_fails_nothing(small: RunningSandbox) -> None:
    workspace = make_workspace(small)
    small.fault(method="GET", path="/data\\?", nth=2, count=1, status=429, retry_after=600)
    found = syncing.start(workspace, actor=SYSTEM, reason="test")
    found = syncing.advance(found.pk)
    assert found.state == SyncState.PAUSED
    assert found.resume_at
    assert timedelta(minutes=9) < found.resume_at - timezone.now() <= timedelta(minutes=10)
    assert names() == {"d4", "d5"}, "what was read before is there"
    assert not tasks.needs_worker(found, timezone.now())
    SyncRun.objects.filter(pk=found.pk).update(resume_at=timezone.now())
    tasks.sweep()
    drain("sync")
    assert SyncRun.objects.get().state == SyncState.DONE
    assert len(names()) == 6


def test_a_sync_whose_worker_died_goes_on_where_it_was(small: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace(small)
    found = syncing.start(workspace, actor=SYSTEM, reason="test")
    pieces = 0
    whole = syncing._piece

    def dying(run: SyncRun, connection: Any) -> bool:
        nonlocal pieces
        pieces += 1
        if pieces == 5:
            raise SystemExit
        return whole(run, connection)

    monkeypatch.setattr(syncing, "_piece", dying)
    with pytest.raises(SystemExit):
        syncing.advance(found.pk)
    monkeypatch.undo()
    found.refresh_from_db()
    cursor = found.cursor
    assert cursor["stage"] == "data"
    tasks.sweep()
    assert drain("sync") == [], "its lease still holds"
    SyncRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    seen = len(small.journal())
    tasks.sweep()
    drain("sync")
    assert SyncRun.objects.get().state == SyncState.DONE
    assert len(names()) == 6
    again = [entry["path"] for entry in small.journal()[seen:] if entry["path"].endswith("/environments")]
    assert again == [], "stages that were done are not read again"


def test_of_two_workers_the_one_with_the_older_fence_stops(small: RunningSandbox) -> None:
    found = syncing.start(make_workspace(small), actor=SYSTEM, reason="test")
    first = syncing.claim(found.pk, timezone.now())
    assert first
    assert syncing.claim(found.pk, timezone.now()) is None
    second = syncing.claim(found.pk, timezone.now() + syncing.LEASE + timedelta(seconds=1))
    assert second
    with pytest.raises(LeaseLost):
        syncing._keep(first, cursor={"stage": "end"})


def test_a_sync_that_keeps_killing_its_worker_ends(small: RunningSandbox) -> None:
    found = syncing.start(make_workspace(small), actor=SYSTEM, reason="test")
    SyncRun.objects.update(progress={"attempts": syncing.MOST_ATTEMPTS})
    found = syncing.advance(found.pk)
    assert found.state == SyncState.FAILED
    assert "died" in found.error


def test_a_workspace_has_one_sync_at_a_time(small: RunningSandbox) -> None:
    workspace = make_workspace(small)
    first = syncing.start(workspace, actor=SYSTEM, reason="one")
    assert syncing.start(workspace, actor=SYSTEM, reason="two") == first


def test_content_that_changed_under_a_version_is_a_finding(small: RunningSandbox) -> None:
    workspace = make_workspace(small)
    sync(workspace)
    before = Version.objects.get(name="d2")
    small.edit("data", "d2", "1", properties={"dataUri": "azureml://datastores/workspaceblobstore/paths/elsewhere"})
    small.edit("data", "d3", "1", properties={"description": "only words"})
    sync(workspace)
    found = Finding.objects.get(kind=FindingKind.CONTENT_CHANGED)
    assert found.ref == "data:d2:1"
    assert before.definition
    assert found.detail["before"] == before.definition.digest != found.detail["after"]
    assert Version.objects.get(name="d3").description == "only words"


def test_one_odd_object_does_not_end_a_sync(small: RunningSandbox) -> None:
    small.fault(method="GET", path="/data/d1/versions\\?", body='{"value": [{"name": "1", "properties": 7}, {"x": 1}]}')
    workspace = make_workspace(small)
    assert sync(workspace).state == SyncState.DONE
    assert Version.objects.filter(name="d0").exists()
    assert Finding.objects.filter(kind=FindingKind.UNREADABLE).exists()


def test_failures_in_a_row_are_tried_again_later_and_later(small: RunningSandbox) -> None:
    workspace = make_workspace(small)
    small.fault(method="GET", path="/data\\?", count=0, status=403)
    now = timezone.now()
    assert tasks.is_due(workspace, now)
    waits = []
    for _ in range(4):
        sync(workspace)
        last = SyncRun.objects.latest("pk").started_at
        waits.append(next(s for s in range(0, 4000, 10) if tasks.is_due(workspace, last + timedelta(seconds=s))))
    assert waits == [120, 240, 480, 960]


def test_a_place_that_does_not_answer_is_told_in_words() -> None:
    workspace = make_workspace()
    tasks.check_connection(workspace.pk)
    workspace.refresh_from_db()
    assert (workspace.connection_state, "could not be reached" in workspace.connection_message) == ("failed", True)
    found = sync(workspace)
    assert (found.state, "could not be reached" in found.error) == (SyncState.FAILED, True)


def test_a_refresh_writes_what_was_read_back(small: RunningSandbox) -> None:
    workspace = make_workspace(small)
    connection = azureml.connect(workspace.target())
    raw = connection.reader.get(f"{small.base}/data/d0/versions/1")
    connection.close()
    ref = Version(kind="data", name="d0", version="1").ref
    syncing.refresh(workspace, ref, raw)
    assert Version.objects.get(name="d0").asset.latest_version == "1"
    syncing.refresh(workspace, ref, None)
    assert Version.objects.get(name="d0").missing_since
    sync(workspace)
    assert Version.objects.get(name="d0").missing_since is None
    assert timedelta(0) < OVERLAP
    assert Workspace.objects.get().synced_at
