"""What people do to the registry: workspaces with their audit events, and asking for syncs, steps and logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from mlopsportal.accounts.roles import (
    Permission,
    can,
    grants_of,
    require,
    require_site_admin,
    require_to_add_workspaces,
)
from mlopsportal.accounts.workflow import grant_founder
from mlopsportal.audit import log
from mlopsportal.audit.actions import SYSTEM, Action, Actor
from mlopsportal.queue.enqueue import enqueue
from mlopsportal.specs.practices import DEFAULTS, Level
from registry import sync
from registry.errors import AlreadyAnswered, WorkspaceExists
from registry.models import Answer, ConnectionState, Finding, LogState, PracticeLevel, Run, StepLog, SyncRun, Workspace
from registry.practices import levels_of, merged, weakened

FRESH_ENOUGH = timedelta(seconds=5)
"""Two people who look at one run ask Azure once."""
PLACE = ("cloud", "endpoint", "subscription_id", "resource_group", "name", "credential")
"""The settings that say what a row mirrors and as whom: who changes them reaches another workspace."""
ASKED_AGAIN = timedelta(seconds=60)
"""A request that got no answer for so long was lost with its worker."""


@dataclass(frozen=True)
class Settings:
    """What an administrator says about a workspace: where it is, how to sign in, and the portal's own settings."""

    cloud: str
    subscription_id: str
    resource_group: str
    name: str
    endpoint: str = ""
    display_name: str = ""
    credential: str = ""
    default_compute: str = "serverless"
    tier: str = "development"
    auto_apply: bool = False
    sync_every_seconds: int = 120
    runs_window_days: int = 90


def settings_of(workspace: Workspace) -> dict[str, Any]:
    """Return the settings as an audit event and a form show them."""
    return {item.name: getattr(workspace, item.name) for item in fields(Settings)}


def add_workspace(slug: str, settings: Settings, *, actor: Actor) -> Workspace:
    """Add a workspace, test its connection and start its first sync; who is no site administrator becomes its admin.

    Raises WorkspaceExists, PermissionDenied.
    """
    if actor != SYSTEM:
        require_to_add_workspaces(actor)
    try:
        with transaction.atomic():
            values = {item.name: getattr(settings, item.name) for item in fields(Settings)}
            workspace = Workspace.objects.create(slug=slug, added_by=actor.ref, **values)
            target = f"workspace:{slug}"
            log.record(Action.WORKSPACE_ADDED, actor=actor, workspace=slug, target=target, after=values)
            if actor != SYSTEM and not grants_of(actor).site_admin:
                grant_founder(workspace, actor=actor)
            _test(workspace)
            first = sync.start(workspace, actor=SYSTEM, reason="first")
            enqueue("registry.tasks.sync_step", first.pk, cluster="sync")
    except IntegrityError as error:
        raise WorkspaceExists(slug) from error
    return workspace


def may_move(workspace: Workspace, *, actor: Actor) -> bool:
    """Say whether `actor` may change a workspace's place and credential.

    Site administrators may; and who added it, as long as no sync has completed: that corrects a slip.
    """
    if not actor.is_person_in_session:
        return False
    if grants_of(actor).site_admin:
        return True
    own = workspace.added_by == actor.ref and workspace.synced_at is None
    return own and can(actor, Permission.MANAGE, workspace)


def edit_workspace(workspace: Workspace, settings: Settings, *, actor: Actor) -> Workspace:
    """Change settings; another place or credential takes `may_move` and is tested anew.

    Raises WorkspaceExists, PermissionDenied.
    """
    if actor != SYSTEM:
        require(actor, Permission.MANAGE, workspace)
    before = settings_of(workspace)
    after = {item.name: getattr(settings, item.name) for item in fields(Settings)}
    changed = {name for name in after if after[name] != before[name]}
    if not changed:
        return workspace
    if changed & set(PLACE) and actor != SYSTEM and not may_move(workspace, actor=actor):
        require_site_admin(actor)
    try:
        with transaction.atomic():
            for name in changed:
                setattr(workspace, name, after[name])
            workspace.save(update_fields=sorted(changed))
            log.record(
                Action.WORKSPACE_CHANGED,
                actor=actor,
                workspace=workspace.slug,
                target=f"workspace:{workspace.slug}",
                before={name: before[name] for name in sorted(changed)},
                after={name: after[name] for name in sorted(changed)},
            )
            if changed & set(PLACE):
                _test(workspace)
    except IntegrityError as error:
        raise WorkspaceExists(workspace.slug) from error
    return workspace


def set_practice_levels(
    workspace: Workspace, levels: Mapping[str, Level], *, actor: Actor, opened: Mapping[str, Level] | None = None
) -> dict[str, Level]:
    """Set the levels of these codes, the others stay; return the levels in force then.

    `opened` are levels as the caller saw them: a code that still has that level in `levels` was not touched and keeps
    the level of now, whoever set it. Raises PermissionDenied, KeyError for a code that cannot be set, and
    LevelsChanged, with nothing written, when somebody else has set a touched code to another level meanwhile.
    """
    if actor != SYSTEM:
        require(actor, Permission.MANAGE, workspace)
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two admins come one after the other
        before = levels_of(workspace)
        after = merged(levels, opened or {}, before)
        changed = {code: level for code, level in after.items() if before[code] != level}
        if changed:
            _write_levels(workspace, changed)
            _record_levels(workspace, {code: before[code] for code in changed}, changed, actor)
    return after


def _write_levels(workspace: Workspace, changed: Mapping[str, Level]) -> None:
    PracticeLevel.objects.filter(workspace=workspace, code__in=changed).delete()
    PracticeLevel.objects.bulk_create(
        PracticeLevel(workspace=workspace, code=code, level=level)
        for code, level in changed.items()
        if level != DEFAULTS[code]
    )


def _record_levels(workspace: Workspace, before: Mapping[str, Level], after: Mapping[str, Level], actor: Actor) -> None:
    log.record(
        Action.PRACTICES_CHANGED,
        actor=actor,
        workspace=workspace.slug,
        target=f"workspace:{workspace.slug}",
        before=dict(before),
        after=dict(after),
        facts={"codes": ", ".join(after), "weaker": ", ".join(weakened(before, after))},
    )


def request_connection_check(workspace: Workspace, *, actor: Actor) -> None:
    """Have a worker test the connection; the result appears on the row. Raises PermissionDenied."""
    require(actor, Permission.MANAGE, workspace)
    with transaction.atomic():
        _test(workspace)
        target = f"workspace:{workspace.slug}"
        log.record(Action.WORKSPACE_CHECKED, actor=actor, workspace=workspace.slug, target=target)


def _test(workspace: Workspace) -> None:
    workspace.connection_state, workspace.connection_message = ConnectionState.TESTING, ""
    workspace.connection_asked_at = timezone.now()
    workspace.save(update_fields=["connection_state", "connection_message", "connection_asked_at"])
    enqueue("registry.tasks.check_connection", workspace.pk, cluster="sync")


def request_sync(workspace: Workspace, *, actor: Actor, reason: str = "requested") -> SyncRun:
    """Start a sync, or return the one under way. Raises PermissionDenied."""
    if actor != SYSTEM:
        require(actor, Permission.READ, workspace)
    with transaction.atomic():
        found = sync.start(workspace, actor=actor, reason=reason)
        enqueue("registry.tasks.sync_step", found.pk, cluster="sync")
        return found


def confirm_finding(finding: Finding, *, actor: Actor) -> None:
    """Say that what a landslide held is really gone: the next sync marks it missing.

    Raises PermissionDenied, and AlreadyAnswered for what holds nothing (any more).
    """
    require(actor, Permission.MANAGE, finding.workspace)
    if finding.held_before is None:
        raise AlreadyAnswered(finding.ref)
    _answer(finding, Answer.CONFIRMED, Action.FINDING_CONFIRMED, actor)


def dismiss_finding(finding: Finding, *, actor: Actor) -> None:
    """Close a finding. What a landslide held stays as it is and is not told again; anything else is, if found anew.

    Raises PermissionDenied, AlreadyAnswered.
    """
    require(actor, Permission.MANAGE, finding.workspace)
    _answer(finding, Answer.DISMISSED, Action.FINDING_DISMISSED, actor)


def _answer(finding: Finding, answer: Answer, action: Action, actor: Actor) -> None:
    slug = finding.workspace.slug
    with transaction.atomic():
        opened = Finding.objects.filter(pk=finding.pk, resolved_at=None, held_before=finding.held_before)
        if not opened.update(answer=answer, resolved_at=timezone.now()):
            raise AlreadyAnswered(finding.ref)
        facts = {"finding": finding.kind, "rows": finding.detail.get("rows")}
        log.record(action, actor=actor, workspace=slug, target=finding.ref, facts=facts)
    finding.refresh_from_db()


def request_steps(run: Run) -> bool:
    """Have a worker read a run's steps unless they are final or just read; True when asked to. No audit: a read."""
    if run.steps_final:
        return False
    now = timezone.now()
    waiting = run.steps_requested_at and (run.steps_synced_at is None or run.steps_synced_at < run.steps_requested_at)
    if waiting and run.steps_requested_at and now - run.steps_requested_at < ASKED_AGAIN:
        return False
    if run.steps_synced_at and now - run.steps_synced_at < FRESH_ENOUGH:
        return False
    with transaction.atomic():
        unasked = Run.objects.filter(pk=run.pk, steps_requested_at=run.steps_requested_at)
        if not unasked.update(steps_requested_at=now):
            return False
        enqueue("registry.tasks.fetch_steps", run.pk, cluster="sync")
    run.steps_requested_at = now
    return True


def request_logs(run: Run, run_id_azure: str) -> StepLog:
    """Have a worker read the log files of a run or step; return the row that tells how that goes. No audit: a read."""
    now = timezone.now()
    with transaction.atomic():
        listing, made = StepLog.objects.select_for_update().get_or_create(
            run=run, run_id_azure=run_id_azure, name="", defaults={"requested_at": now}
        )
        stale = now - listing.requested_at > (ASKED_AGAIN if listing.state == LogState.WANTED else FRESH_ENOUGH)
        if made or stale:
            listing.state, listing.requested_at, listing.message = LogState.WANTED, now, ""
            listing.save(update_fields=["state", "requested_at", "message"])
            enqueue("registry.tasks.fetch_logs", listing.pk, cluster="sync")
    return listing
