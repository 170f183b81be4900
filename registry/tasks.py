"""What workers do for the registry: each loads by id and calls one function; knows no rule."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from mlopsportal import azureml
from mlopsportal.audit.actions import SYSTEM
from mlopsportal.azureml import AzureError
from mlopsportal.queue.enqueue import enqueue
from registry import sync, sync_logs, sync_runs, sync_steps
from registry.models import ConnectionState, Run, StepLog, SyncRun, SyncState, Workspace
from registry.outage import words
from registry.workflow import request_sync

LOST = timedelta(seconds=30)
"""A sync that nobody holds and that was begun so long ago has lost its place in the queue."""
FOLLOW_EVERY = timedelta(seconds=10)
FOLLOWED = 20
LONGEST_BACKOFF = timedelta(hours=1)


def check_connection(workspace_id: int) -> None:
    """Test a workspace's connection and write what came of it on its row."""
    workspace = Workspace.objects.get(pk=workspace_id)
    try:
        connection = azureml.connect(workspace.target())
        try:
            info = connection.check()
        finally:
            connection.close()
    except AzureError as error:
        _tell(workspace, ConnectionState.FAILED, words(error))
        return
    unreadable = sorted(kind for kind, readable in info.readable.items() if not readable)
    if unreadable:
        _tell(
            workspace, ConnectionState.FAILED, f"The workspace answers, but may not be read: {', '.join(unreadable)}."
        )
        return
    note = " This identity may not write." if info.writable is False else ""
    _tell(workspace, ConnectionState.GOOD, f"{info.display_name or info.name} in {info.region or 'its region'}.{note}")


def _tell(workspace: Workspace, state: ConnectionState, message: str) -> None:
    workspace.connection_state, workspace.connection_message = state, message
    workspace.connection_checked_at = timezone.now()
    workspace.save(update_fields=["connection_state", "connection_message", "connection_checked_at"])


def sync_step(sync_run_id: int) -> None:
    """Work on a sync for a while; as long as it is not done, ask to be called again."""
    found = sync.advance(sync_run_id)
    if found.state == SyncState.RUNNING and found.lease_until is None:
        with transaction.atomic():
            enqueue("registry.tasks.sync_step", sync_run_id, cluster="sync")


def fetch_steps(run_id: int) -> None:
    """Read a run and its steps anew, because somebody is looking at it; the row tells when that failed."""
    run = Run.objects.select_related("workspace").get(pk=run_id)
    try:
        _read(run.workspace, [run.job_name])
    except AzureError as error:
        Run.objects.filter(pk=run_id).update(steps_error=words(error))


def _read(workspace: Workspace, names: list[str]) -> None:
    """Read these runs, then the steps of each that is there."""
    connection = azureml.connect(workspace.target())
    try:
        sync_runs.refresh_runs(workspace, connection, names, timezone.now())
        there = Run.objects.filter(workspace=workspace, job_name__in=names, missing_since=None)
        for run in there.select_related("part", "workspace"):
            sync_steps.fetch_steps(workspace, connection, run)
    finally:
        connection.close()


def fetch_logs(listing_id: int) -> None:
    """Read the log files of a step into the portal's table."""
    listing = StepLog.objects.select_related("run__workspace").get(pk=listing_id)
    try:
        connection = azureml.connect(listing.run.workspace.target())
    except azureml.NotConfigured as error:
        sync_logs.give_up(listing, words(error))
        return
    try:
        sync_logs.fetch_logs(connection, listing)
    finally:
        connection.close()


def follow_runs(workspace_id: int) -> None:
    """Read the runs under way between two syncs, so that their end is seen soon."""
    workspace = Workspace.objects.get(pk=workspace_id)
    with suppress(AzureError):  # the next sync meets the same trouble and tells it where people look
        _read(workspace, [run.job_name for run in _active_runs(workspace, timezone.now())])


def _active_runs(workspace: Workspace, now: datetime) -> list[Run]:
    waiting = Run.objects.filter(workspace=workspace, missing_since=None, seen_at__lt=now - FOLLOW_EVERY).active()
    return list(waiting.order_by("-started_at").only("pk", "job_name")[:FOLLOWED])


def sweep() -> None:
    """Put into the queue what is due: new syncs, paused and orphaned ones, runs under way. Harmless to repeat."""
    now = timezone.now()
    for workspace in Workspace.objects.all():
        opened = SyncRun.objects.filter(workspace=workspace, state__in=sync.OPEN).first()
        if opened is None:
            if is_due(workspace, now):
                request_sync(workspace, actor=SYSTEM, reason="due")
            elif _active_runs(workspace, now):
                with transaction.atomic():
                    enqueue("registry.tasks.follow_runs", workspace.pk, cluster="sync")
        elif needs_worker(opened, now):
            with transaction.atomic():
                enqueue("registry.tasks.sync_step", opened.pk, cluster="sync")


def needs_worker(opened: SyncRun, now: datetime) -> bool:
    """True for a pause that is over, and for a sync whose worker is gone."""
    if opened.state == SyncState.PAUSED:
        return opened.resume_at is None or opened.resume_at <= now
    if opened.lease_until is not None:
        return opened.lease_until < now
    return opened.started_at < now - LOST


def is_due(workspace: Workspace, now: datetime) -> bool:
    """True when the workspace's next sync should begin; each failure in a row doubles the wait, up to an hour."""
    last = list(SyncRun.objects.filter(workspace=workspace).order_by("-id").values_list("state", "started_at")[:7])
    if not last:
        return True
    failures = next((index for index, (state, _) in enumerate(last) if state != SyncState.FAILED), len(last))
    wait = timedelta(seconds=workspace.sync_every_seconds)
    if failures:
        wait = min(wait * 2 ** (failures - 1), max(LONGEST_BACKOFF, wait))
    return last[0][1] + wait <= now
