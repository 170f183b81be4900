"""The numbers for a monitor: right, cheap, and for the bearer of the token alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from prometheus_client.parser import text_string_to_metric_families

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.queue import heartbeat
from mlopsportal.queue.models import TICKER
from registry.models import SyncRun, SyncState, Workspace
from tests.accounts.people import make_site_admin, make_user

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-the-monitor"
ASKED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def numbers(client: Client) -> dict[tuple[str, ...], float]:
    """Return each number by its name and the values of its labels."""
    answer = client.get("/metrics", headers=ASKED)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, *sorted(sample.labels.values())): sample.value for sample in samples}


def workspace(slug: str = "demo", **more: Any) -> Workspace:
    return Workspace.objects.create(slug=slug, subscription_id="s", resource_group="g", name=slug, **more)


def test_without_a_token_in_the_settings_there_is_no_such_page(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer é"])
def test_another_token_is_refused(client: Client, given: str) -> None:
    answer = client.get("/metrics", headers={"Authorization": given})
    assert answer.status_code == 401
    assert b"mlopsportal_" not in answer.content


def test_a_signed_in_person_is_no_monitor(client: Client) -> None:
    client.force_login(make_site_admin())
    assert client.get("/metrics").status_code == 401


def test_the_queue_tells_how_much_waits_and_how_long(client: Client) -> None:
    now = timezone.now()
    OrmQ.objects.create(key="changes", payload="", lock=now - timedelta(seconds=90))
    OrmQ.objects.create(key="changes", payload="", lock=now - timedelta(seconds=10))
    OrmQ.objects.create(key="changes", payload="", lock=now + timedelta(minutes=10))
    told = numbers(client)
    assert told["mlopsportal_queue_tasks", "changes"] == 2
    assert 90 <= told["mlopsportal_queue_oldest_seconds", "changes"] < 120
    assert told["mlopsportal_queue_tasks", "sync"] == told["mlopsportal_queue_oldest_seconds", "sync"] == 0


def test_changes_are_counted_by_state(client: Client) -> None:
    row, now, author = workspace(), timezone.now(), make_user("author")
    for state in (State.IN_REVIEW, State.IN_REVIEW, State.APPLIED):
        ChangeRequest.objects.create(
            workspace=row, title="x", author=author, state=state, created_at=now, updated_at=now
        )
    told = numbers(client)
    assert told["mlopsportal_changes", "demo", "in_review"] == 2
    assert told["mlopsportal_changes", "applied", "demo"] == 1
    assert told["mlopsportal_changes", "demo", "failed"] == 0


def test_a_sync_tells_its_age_and_whether_it_fails(client: Client) -> None:
    now = timezone.now()
    good = workspace(synced_at=now - timedelta(seconds=300))
    bad = workspace("bad")
    for row, states in (
        (good, (SyncState.FAILED, SyncState.DONE, SyncState.RUNNING)),
        (bad, (SyncState.FAILED, SyncState.PAUSED)),
    ):
        for state in states:
            SyncRun.objects.create(workspace=row, state=state, started_at=now, error="AccountKey=hidden")
    told = numbers(client)
    assert 300 <= told["mlopsportal_sync_age_seconds", "demo"] < 330
    assert ("mlopsportal_sync_age_seconds", "bad") not in told
    assert told["mlopsportal_sync_failing", "demo"] == 0
    assert told["mlopsportal_sync_failing", "bad"] == 1
    assert b"hidden" not in client.get("/metrics", headers=ASKED).content


def test_a_worker_tells_when_it_last_reported(client: Client) -> None:
    heartbeat.beat("one:1", TICKER)
    assert numbers(client)["mlopsportal_worker_heartbeat_age_seconds", "one:1"] < 30


def test_it_takes_five_queries_however_many_workspaces_there_are(client: Client) -> None:
    for number in range(4):
        workspace(f"w{number}")
    with CaptureQueriesContext(connection) as queries:
        numbers(client)
    assert len(queries) == 5
