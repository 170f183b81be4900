"""Health says what fails by name, without a login and without a secret."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from mlopsportal.management import demo
from mlopsportal.queue import heartbeat
from mlopsportal.queue.models import TICKER, Heartbeat
from registry.models import Workspace

pytestmark = pytest.mark.django_db
ROLES = ("author", "reviewer", "operator", "auditor", "viewer", "admin")


def checks(client: Client) -> dict[str, dict[str, object]]:
    checks: dict[str, dict[str, object]] = client.get("/readyz").json()["checks"]
    return checks


def test_a_portal_with_a_worker_is_alive_and_ready(client: Client) -> None:
    heartbeat.beat("one:1", TICKER)
    alive, ready = client.get("/healthz"), client.get("/readyz")
    assert (alive.status_code, alive.content) == (200, b"ok\n")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


def test_a_portal_without_a_worker_is_alive_and_not_ready(client: Client) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert checks(client)["worker_heartbeat"]["ok"] is False


def test_a_worker_that_fell_silent_does_not_count(client: Client) -> None:
    heartbeat.beat("one:1", TICKER)
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=1))
    assert checks(client)["worker_heartbeat"]["ok"] is False


def test_a_task_that_nobody_takes_makes_it_not_ready(client: Client) -> None:
    OrmQ.objects.create(key="changes", payload="", lock=timezone.now() - timedelta(minutes=2))
    told = checks(client)["queue_lag"]
    assert told["ok"] is False
    assert "120 s" in str(told["note"])


def test_a_missing_trigger_of_the_audit_log_makes_it_not_ready(client: Client) -> None:
    postgresql = "DROP TRIGGER audit_event_append_only ON audit_event"
    with connection.cursor() as cursor:
        cursor.execute(postgresql if connection.vendor == "postgresql" else "DROP TRIGGER audit_event_no_update")
    told = checks(client)["audit_triggers"]
    assert told["ok"] is False
    assert "audit_event" in str(told["note"])


def test_a_missing_migration_is_named_by_both(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'queue'")
    assert client.get("/healthz").status_code == 503
    assert "migrations" in client.get("/healthz").content.decode()
    assert "queue.0001_initial" in str(checks(client)["migrations"]["note"])


def test_a_workspace_that_was_never_synced_makes_it_not_ready(client: Client) -> None:
    demo.set_up(1, "a-long-enough-password")
    assert checks(client)["first_sync"]["ok"] is False
    Workspace.objects.update(synced_at=timezone.now())
    assert checks(client)["first_sync"]["ok"] is True


def test_a_demo_is_alive_once_its_workspace_and_accounts_are_there(client: Client, settings: LazySettings) -> None:
    settings.DEMO_ACCOUNTS = ROLES
    assert client.get("/healthz").status_code == 503
    assert sorted(demo.set_up(1, "a-long-enough-password")) == sorted(ROLES)
    assert client.get("/healthz").status_code == 200


def test_the_demo_follows_its_sandbox_to_another_port() -> None:
    demo.set_up(1, "a-long-enough-password")
    demo.set_up(2, "a-long-enough-password")
    assert Workspace.objects.get().endpoint == "http://127.0.0.1:2"


def test_health_is_asked_only(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert "no-cache" in client.get("/healthz")["Cache-Control"]


def test_a_probe_that_fails_does_not_fill_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/readyz").status_code == 503
    assert "Service Unavailable" not in caplog.text
