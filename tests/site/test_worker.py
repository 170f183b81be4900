"""A worker host runs what waits, recovers from what kills its parts, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from django_q.models import OrmQ

from mlopsportal.queue.models import TICKER, Heartbeat
from mlopsportal.queue.tasks import BUSY_FOLDER, busy, busy_processes
from mlopsportal.queue.wishes import BEAT, CLUSTERS, Wish, put
from tests.site.processes import clean_environment, database_url, descendants, is_alive, running, wait_for


@pytest.fixture
def worker(committed_db: None, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker over this test's database, every part of which has beaten once."""
    key = settings.SECRET_KEY
    env = clean_environment(MLOPSPORTAL_DATA=str(tmp_path), MLOPSPORTAL_SECRET_KEY=key, DATABASE_URL=database_url())
    with running("worker", "--grace", "5", env=env, log=tmp_path / "worker.log") as process:
        wait_for(lambda: {TICKER, *CLUSTERS} <= set(beats()), seconds=60)
        yield process


def beats() -> dict[str, int]:
    """Return for each part of the worker the process that last beat."""
    return dict(Heartbeat.objects.exclude(host="*").values_list("part", "pid"))


def is_anything_waiting() -> bool:
    """Say whether a task lies there that nobody has taken. What a dead cluster took stays locked for a while."""
    return bool(OrmQ.objects.filter(key__in=CLUSTERS, lock__lte=timezone.now()).exists())


@pytest.mark.slow
def test_waiting_tasks_are_run_in_both_clusters(worker: subprocess.Popen[bytes]) -> None:
    for cluster in CLUSTERS:
        put(Wish(BEAT, None), cluster)
    wait_for(lambda: not is_anything_waiting(), seconds=10)


@pytest.mark.slow
def test_a_cluster_whose_idle_process_was_killed_takes_tasks_again(worker: subprocess.Popen[bytes]) -> None:
    victim = beats()["sync"]
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: beats()["sync"] != victim, seconds=45)
    put(Wish(BEAT, None), "sync")
    wait_for(lambda: not is_anything_waiting(), seconds=10)


@pytest.mark.slow
def test_a_killed_cluster_is_started_again(worker: subprocess.Popen[bytes]) -> None:
    before = descendants(worker.pid)
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: len(set(descendants(worker.pid)) - set(before)) >= 4, seconds=10)


@pytest.mark.slow
def test_sigterm_ends_every_process_and_takes_the_heartbeats_along(worker: subprocess.Popen[bytes]) -> None:
    below = descendants(worker.pid)
    assert len(below) > 8
    worker.terminate()
    assert worker.wait(timeout=15) == 0
    assert [pid for pid in below if is_alive(pid)] == []
    assert beats() == {}


@pytest.mark.slow
def test_sigkill_leaves_no_process(worker: subprocess.Popen[bytes]) -> None:
    below = descendants(worker.pid)
    worker.kill()
    worker.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in below), seconds=10)


def test_a_process_is_busy_as_long_as_it_runs_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BUSY_FOLDER, str(tmp_path))
    assert busy_processes(tmp_path, "changes") == 0
    with busy():
        assert busy_processes(tmp_path, "changes") == 1
        assert busy_processes(tmp_path, "sync") == 0
    assert busy_processes(tmp_path, "changes") == 0
