"""Runs a sync: stage after stage in short pieces, with a cursor, a lease and a fence; also `refresh` after an apply.

The mirror is written here and in the modules of the stages, and nowhere else. What a listing did not
reach is unknown, never gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from mlopsportal import azureml
from mlopsportal.audit import log
from mlopsportal.audit.actions import SYSTEM, Action, Actor
from mlopsportal.azureml import AzureError, Json, Throttled
from mlopsportal.specs.ref import Ref
from registry import anonymous
from registry.errors import LeaseLost, SyncUnderWay
from registry.missing import resolve_seen_again
from registry.models import Asset, AssetKind, Run, SyncRun, SyncState, Version, Workspace
from registry.outage import words
from registry.stages import REGISTERED, Stage, StageResult, register
from registry.sync_assets import stage_of, write_assets, write_versions
from registry.sync_places import places
from registry.sync_runs import rematch, runs, write_runs
from registry.sync_steps import producers, steps

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection

__all__ = ["StageResult", "advance", "refresh", "register", "start", "sync_workspace"]

BUDGET = timedelta(seconds=20)
LEASE = timedelta(seconds=90)
MOST_ATTEMPTS = 5
LONGEST_PAUSE = timedelta(minutes=15)
KEPT = timedelta(days=7)
OPEN = (SyncState.RUNNING, SyncState.PAUSED)


def stages() -> dict[str, Stage]:
    """Return all stages in order: what others refer to comes before what refers to it."""
    own: dict[str, Stage] = {"places": places}
    for kind in (AssetKind.ENVIRONMENT, AssetKind.DATA, AssetKind.MODEL, AssetKind.COMPONENT):
        own[kind.value] = stage_of(kind)
    return own | {"runs": runs} | REGISTERED | {"steps": steps, "producers": producers}


def start(workspace: Workspace, *, actor: Actor, reason: str) -> SyncRun:
    """Write a new sync, or return the one that is open. At most one is open in a workspace: the database sees to it."""
    opened = SyncRun.objects.filter(workspace=workspace, state__in=OPEN)
    found = opened.first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            sync = SyncRun.objects.create(workspace=workspace, reason=reason, started_at=timezone.now())
            if actor != SYSTEM:
                log.record(
                    Action.SYNC_REQUESTED, actor=actor, workspace=workspace.slug, target=f"workspace:{workspace.slug}"
                )
            return sync
    except IntegrityError:  # somebody else was faster
        return opened.get()


def claim(sync_id: int, now: datetime) -> SyncRun | None:
    """Take the sync for this worker; None when it has ended, waits, or another worker holds it.

    The fence grows with each claim, so that a worker that was thought dead cannot write over its successor. The
    attempt is counted before the work: what kills its worker must not be tried for ever.
    """
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Q(state=SyncState.RUNNING) | Q(state=SyncState.PAUSED, resume_at__lte=now)
    claimed = SyncRun.objects.filter(free, due, pk=sync_id).update(
        state=SyncState.RUNNING, resume_at=None, fence=F("fence") + 1, lease_until=now + LEASE
    )
    if not claimed:
        return None
    sync = SyncRun.objects.select_related("workspace").get(pk=sync_id)
    attempts = sync.progress.get("attempts", 0) + 1
    _keep(sync, progress=sync.progress | {"attempts": attempts})
    return sync


def advance(sync_id: int, *, budget: timedelta = BUDGET) -> SyncRun:
    """Work on a sync for about `budget`, then let go of it; return its row as it stands.

    Ends it as done or failed, or pauses it when Azure asks for that. Does nothing to a sync that is not free.
    """
    sync = claim(sync_id, timezone.now())
    if sync is None:
        return SyncRun.objects.select_related("workspace").get(pk=sync_id)
    try:
        _work(sync, time.monotonic() + budget.total_seconds())
    except Throttled as error:
        _pause(sync, error)
    except AzureError as error:
        _fail(sync, words(error))
    except LeaseLost:
        pass  # the one who took it over goes on
    sync.refresh_from_db()
    return sync


def _work(sync: SyncRun, until: float) -> None:
    if sync.progress["attempts"] > MOST_ATTEMPTS:
        _fail(
            sync, f"The worker died {MOST_ATTEMPTS} times at stage {sync.cursor.get('stage', 'places')}; see its log."
        )
        return
    connection = azureml.connect(sync.workspace.target())
    try:
        while _piece(sync, connection):
            if time.monotonic() > until:
                _keep(sync, lease_until=None)
                return
    finally:
        connection.close()
    _finish(sync)


def _piece(sync: SyncRun, connection: Connection) -> bool:
    """Do one piece of the current stage and keep how far it came; False when no stage is left."""
    order = stages()
    names = list(order)
    name = sync.cursor.get("stage") or names[0]
    if name not in order:  # the stage of a room that is no longer installed, or the end
        return False
    result = order[name](sync.workspace, connection, sync.cursor.get("at"), sync.started_at)
    following = names[names.index(name) + 1 :] if result.next_cursor is None else [name]
    counts = dict(sync.progress.get("counts", {}))
    for what, count in result.counts.items():
        counts[what] = counts.get(what, 0) + count
    done = sync.progress.get("done", [])
    progress = {
        "attempts": 0,
        "counts": counts,
        "stages": names,
        "done": done if result.next_cursor is not None else [*done, name],
    }
    cursor = {"stage": following[0] if following else "end", "at": result.next_cursor}
    _keep(sync, cursor=cursor, progress=progress, lease_until=timezone.now() + LEASE)
    return bool(following)


def _keep(sync: SyncRun, **columns: object) -> None:
    """Write columns of a sync this worker still holds. Raises LeaseLost."""
    held = SyncRun.objects.filter(pk=sync.pk, fence=sync.fence, state=SyncState.RUNNING)
    if not held.update(**columns):
        raise LeaseLost(sync.pk)
    for name, value in columns.items():
        setattr(sync, name, value)


def _pause(sync: SyncRun, error: Throttled) -> None:
    wait = min(error.retry_after, LONGEST_PAUSE)
    progress = sync.progress | {"attempts": 0, "pauses": sync.progress.get("pauses", 0) + 1}
    _keep(
        sync,
        state=SyncState.PAUSED,
        resume_at=timezone.now() + wait,
        lease_until=None,
        progress=progress,
        error=words(error),
    )


def _fail(sync: SyncRun, why: str) -> None:
    with transaction.atomic():
        _keep(sync, state=SyncState.FAILED, ended_at=timezone.now(), lease_until=None, error=why)
        slug = sync.workspace.slug
        log.record(Action.SYNC_FAILED, actor=SYSTEM, workspace=slug, target=f"workspace:{slug}", note=why)


def _finish(sync: SyncRun) -> None:
    """End a complete sync: only now may what was not seen be reasoned about."""
    workspace, began = sync.workspace, sync.started_at
    rematch(workspace, began)
    with transaction.atomic():
        resolve_seen_again(workspace, began)
        _keep(sync, state=SyncState.DONE, ended_at=timezone.now(), lease_until=None, error="")
        Workspace.objects.filter(pk=workspace.pk).update(synced_at=began)
        SyncRun.objects.filter(workspace=workspace, state=SyncState.DONE, ended_at__lt=began - KEPT).delete()
        changed = sum(count for what, count in sync.progress.get("counts", {}).items() if what.endswith("changed"))
        # A sync every two minutes that finds nothing new is no event; one that wrote something is.
        if changed:
            log.record(
                Action.SYNC_FINISHED,
                actor=SYSTEM,
                workspace=workspace.slug,
                target=f"workspace:{workspace.slug}",
                facts={"sync": sync.pk, "changed": changed},
            )


def sync_workspace(
    workspace: Workspace, *, actor: Actor, reason: str, watch: Callable[[SyncRun], None] = lambda sync: None
) -> SyncRun:
    """Sync from beginning to end in this process, sitting out pauses; `watch` is called after each piece of work.

    Raises SyncUnderWay when another process holds the workspace's sync for longer than its lease.
    """
    sync = start(workspace, actor=actor, reason=reason)
    patience = timezone.now() + LEASE
    while sync.state in OPEN:
        fence = sync.fence
        sync = advance(sync.pk, budget=timedelta(seconds=5))
        watch(sync)
        if sync.state == SyncState.PAUSED and sync.resume_at:
            time.sleep(max(0.0, (sync.resume_at - timezone.now()).total_seconds()))
        elif sync.fence == fence:
            if timezone.now() > patience:
                raise SyncUnderWay(workspace.slug, sync.pk)
            time.sleep(1)
    return sync


def refresh(workspace: Workspace, ref: Ref, raw: Json | None) -> None:
    """Write one mirrored object from a read-back, in the caller's transaction; None says that it is not there.

    `ref` names a version, a whole asset (without version) or a run. Raises ValueError for another kind.
    """
    now = timezone.now()
    if ref.kind not in (*AssetKind.values, "run"):
        raise ValueError(f"the registry mirrors no {ref.kind}")
    if raw is None:
        _tombstone(workspace, ref, now)
    elif ref.kind == "run":
        write_runs(workspace, [raw], anonymous.in_mirror(workspace, [raw]), now)
    elif ref.version is None:
        write_assets(workspace, ref.kind, [(ref.name, raw)], now)
    else:
        pair = ((ref.kind, ref.name, ref.version), raw)
        write_versions(workspace, ref.kind, [pair], anonymous.in_mirror(workspace, [raw]), now)


def _tombstone(workspace: Workspace, ref: Ref, now: datetime) -> None:
    """The object itself was asked for and is not there: proof, where a listing is only a hint."""
    if ref.kind == "run":
        Run.objects.filter(workspace=workspace, job_name=ref.name).update(missing_since=now)
    elif ref.version is None:
        Asset.objects.filter(workspace=workspace, kind=ref.kind, name=ref.name).update(missing_since=now)
    else:
        Version.objects.named(workspace, ref).update(missing_since=now)
