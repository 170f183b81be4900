"""What the registry's tests are built of: a workspace row for a running sandbox, and a sync of it."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.actions import SYSTEM
from registry.models import Cloud, SyncRun, Workspace
from registry.sync import sync_workspace
from tests.sandbox_server import RunningSandbox


def make_workspace(sandbox: RunningSandbox | None = None, slug: str = "demo") -> Workspace:
    """A workspace row that points at the sandbox, or nowhere."""
    return Workspace.objects.create(
        slug=slug,
        cloud=Cloud.SANDBOX,
        endpoint=sandbox.url if sandbox else "http://127.0.0.1:9",
        subscription_id=sandbox.subscription_id if sandbox else "00000000-0000-0000-0000-000000000001",
        resource_group=sandbox.resource_group if sandbox else slug,
        name=sandbox.workspace if sandbox else slug,
    )


def sync(workspace: Workspace) -> SyncRun:
    found = sync_workspace(workspace, actor=SYSTEM, reason="test")
    workspace.refresh_from_db()
    return found


def make_user(name: str, *workspaces: Workspace, role: Role = Role.VIEWER) -> User:
    user = User.objects.create_user(name, password="correct horse battery")
    for workspace in workspaces:
        Membership.objects.create(user=user, workspace=workspace, role=role)
    return user


_LARGE = ("registry_version", "registry_use", "registry_run", "registry_step", "registry_edge", "scheduling_schedule")


def whole_tables_read(asked: CaptureQueriesContext) -> list[str]:
    """Return the plan lines that read a large table from end to end; PostgreSQL is asked what it would do if it must.

    A small table is read whole on purpose there: what is judged is whether an index could answer.
    """
    queries = [query["sql"] for query in asked.captured_queries if query["sql"].startswith("SELECT")]
    assert queries, "nothing was asked"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            explain, whole = "EXPLAIN", "Seq Scan on "
        else:
            explain, whole = "EXPLAIN QUERY PLAN", "SCAN "
        found = []
        for sql in queries:
            cursor.execute(f"{explain} {sql}")
            lines = [str(row[-1]).strip().removeprefix("->").strip() for row in cursor.fetchall()]
            found += [f"{line}: {sql}" for line in lines if line.startswith(tuple(whole + table for table in _LARGE))]
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = on")
    return found
