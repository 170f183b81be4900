"""Is the portal alive, and is it ready: one small check per part; knows no rule and shows no secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_q.models import OrmQ

from mlopsportal.accounts.models import User
from mlopsportal.audit import triggers
from mlopsportal.queue.models import TICKER, Heartbeat
from registry.models import Workspace
from registry.search_index import missing_search

LONGEST_QUEUE_LAG = timedelta(seconds=60)
LONGEST_SILENCE = timedelta(seconds=45)


@dataclass(frozen=True)
class Check:
    """The outcome of one check; `note` says what is wrong in words that hold no secret."""

    name: str
    passed: bool
    note: str = ""


def database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Check("database", passed=True)


def unapplied_migrations() -> list[str]:
    """Return the migrations the database still lacks, as `app.name`."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrations() -> Check:
    missing = unapplied_migrations()
    return Check("migrations", passed=not missing, note=f"not applied: {', '.join(missing)}" if missing else "")


def audit_triggers() -> Check:
    missing = triggers.missing()
    return Check("audit_triggers", passed=not missing, note=f"missing: {', '.join(missing)}" if missing else "")


def search() -> Check:
    missing = missing_search(connection)
    return Check("search", passed=not missing, note=f"missing: {', '.join(missing)}" if missing else "")


def queue_lag() -> Check:
    """Fail when a task has waited longer than any healthy worker would leave it."""
    now = timezone.now()
    oldest = OrmQ.objects.filter(lock__lte=now).order_by("lock").values_list("lock", flat=True).first()
    waited = now - oldest if oldest else timedelta(0)
    return Check("queue_lag", waited <= LONGEST_QUEUE_LAG, f"oldest task waits {waited.total_seconds():.0f} s")


def worker_heartbeat() -> Check:
    alive = Heartbeat.objects.filter(part=TICKER, at__gte=timezone.now() - LONGEST_SILENCE).exists()
    return Check("worker_heartbeat", alive, "" if alive else "no worker has reported; is `manage.py worker` running?")


def first_sync() -> Check:
    """Pass once some workspace has been read wholly; a portal without workspaces has nothing to wait for."""
    done = not Workspace.objects.exists() or Workspace.objects.filter(synced_at__isnull=False).exists()
    return Check("first_sync", done, "" if done else "no workspace has been synced yet")


def demo() -> Check:
    """Where `up` runs a demo: its workspace row and its accounts are there."""
    if not settings.DEMO_ACCOUNTS:
        return Check("demo", passed=True)
    accounts = User.objects.filter(username__in=settings.DEMO_ACCOUNTS).count()
    there = accounts == len(settings.DEMO_ACCOUNTS) and Workspace.objects.filter(slug="demo").exists()
    return Check("demo", there, "" if there else "the demo is still being set up")


ALIVE = (database, migrations, demo)
READY = (database, migrations, audit_triggers, search, queue_lag, worker_heartbeat, first_sync)


def outcome(check: Callable[[], Check]) -> Check:
    """Run one check; a database that does not answer fails it, without repeating the driver's words."""
    try:
        return check()
    except DatabaseError as error:
        return Check(check.__name__, passed=False, note=f"the database does not answer ({type(error).__name__})")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 and `ok` when the process and its database work; else 503 naming what fails."""
    failed = [check.name for check in map(outcome, ALIVE) if not check.passed]
    body = f"failing: {', '.join(failed)}\n" if failed else "ok\n"
    return HttpResponse(body, status=503 if failed else 200, content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything a person needs is running; else 503: `{ready, checks: {name: {ok, note}}}`."""
    checks = [outcome(check) for check in READY]
    ready = all(check.passed for check in checks)
    body = {"ready": ready, "checks": {check.name: {"ok": check.passed, "note": check.note} for check in checks}}
    return JsonResponse(body, status=200 if ready else 503)
