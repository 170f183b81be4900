"""A worker process killed in the middle of an apply: the next one finds out from the rows, and sends nothing twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mlopsportal.changes import applying, tasks
from mlopsportal.changes.models import Attempt, ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.management.startup import ROOT
from tests.changes.building import Team, approved, events_of, fresh, guide_documents, make_team, opened, plan_of, queued
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox
from tests.site.processes import clean_environment, database_url, wait_for

WORK = "import django; django.setup(); from mlopsportal.changes import tasks; tasks.apply_change({pk})"
PREP, LAST = "/components/data_preparation/versions/1", "/schedules/weekly_training"


@pytest.fixture
def committed_team(committed_db: None, sandbox: RunningSandbox) -> Team:
    return make_team(sandbox)


@pytest.fixture
def worker_folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield folder


def kill_at(change: ChangeRequest, sandbox: RunningSandbox, rule: dict[str, Any], folder: str) -> None:
    """Let a worker process apply the change, and kill it while the request that `rule` delays is on its way."""
    mark = sandbox.journal()[-1]["id"]
    sandbox.fault(**rule)
    environment = clean_environment(
        DJANGO_SETTINGS_MODULE="mlopsportal.settings",
        DATABASE_URL=database_url(),
        MLOPSPORTAL_SECRET_KEY="only-for-tests-" * 4,
        MLOPSPORTAL_DATA=folder,
    )
    process = subprocess.Popen([sys.executable, "-c", WORK.format(pk=change.pk)], cwd=ROOT, env=environment)

    def reached() -> bool:
        seen = sandbox.journal(mark, method=rule["method"], path=rule["path"])
        return len(seen) >= int(rule.get("nth", 1))

    try:
        wait_for(reached)
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
        sandbox.clear_faults()


def recover(change: ChangeRequest) -> ChangeRequest:
    """Let the dead worker's lease run out and the sweep find the change, as often as it takes."""
    for _ in range(6):
        past = timezone.now() - timedelta(minutes=2)
        ChangeRequest.objects.filter(pk=change.pk, state=State.APPLYING).update(
            lease_until=past, retry_at=None, woken_at=None
        )
        Attempt.objects.filter(ended_at=None).update(begun_at=past)
        tasks.sweep()
        drain()
        change = fresh(change)
        if change.state != State.APPLYING:
            break
    return change


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "writes"),
    [
        pytest.param({"method": "GET", "path": PREP}, 0, id="before-anything-is-sent"),
        pytest.param({"method": "PUT", "path": PREP, "drop_before": True}, 1, id="sent-and-lost"),
        pytest.param({"method": "PUT", "path": PREP}, 1, id="sent-and-landing-late"),
        pytest.param({"method": "GET", "path": PREP, "nth": 2}, 1, id="while-reading-back"),
        pytest.param({"method": "PUT", "path": LAST, "drop_before": True}, 3, id="at-the-last-request-lost"),
        pytest.param({"method": "GET", "path": LAST, "nth": 2}, 3, id="while-reading-back-the-last"),
    ],
)
def test_a_killed_worker_leaves_nothing_lost_and_nothing_twice(
    committed_team: Team,
    sandbox: RunningSandbox,
    worker_folder: str,
    rule: dict[str, Any],
    writes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(applying, "LOOKS_SECONDS", (0.0, 0.5, 1.0, 1.5))
    team = committed_team
    change = queued(team, approved(team, opened(team, guide_documents())))
    mark = sandbox.journal()[-1]["id"]
    kill_at(change, sandbox, {"delay": 2.0, **rule}, worker_folder)
    assert fresh(change).state == State.APPLYING
    change = recover(change)
    assert (change.state, change.reason) == (State.APPLIED, "")
    steps = list(plan_of(change).steps.all())
    sent = [(entry["path"], entry["body_sha256"]) for entry in sandbox.writes(mark)]
    approved_bytes = {(step.arm_id, step.payload_sha256) for step in steps if step.is_remote}
    assert set(sent) == approved_bytes
    lost = 1 if rule.get("drop_before") else 0
    assert len(sent) <= len(approved_bytes) + lost
    attempts = Attempt.objects.filter(step__plan=change.plan)
    assert not attempts.filter(ended_at=None).exists()
    assert len(sent) <= attempts.filter(step__method="PUT").count()
    events = [action for action in events_of(change) if action.startswith("step.")]
    assert (events.count("step.begin"), events.count("step.end")) == (attempts.count(), attempts.count())
    assert writes <= len(sent)
    assert events_of(change).count("change.applied") == 1
