"""Who is alive, and whose turn it is, is decided in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from mlopsportal.queue import heartbeat, ticker
from mlopsportal.queue.models import TICKER, Heartbeat
from mlopsportal.queue.wishes import BEAT, path_of

pytestmark = pytest.mark.django_db
NINE_SECONDS = timedelta(seconds=9)


def age(part: str, by: timedelta) -> None:
    Heartbeat.objects.filter(part=part).update(at=timezone.now() - by)


def test_a_beat_is_one_row_that_moves() -> None:
    heartbeat.beat("one", "changes")
    age("changes", timedelta(minutes=1))
    heartbeat.beat("one", "changes")
    assert Heartbeat.objects.count() == 1
    assert timezone.now() - Heartbeat.objects.get().at < timedelta(seconds=5)


def test_only_one_host_gets_the_turn() -> None:
    assert heartbeat.take_turn("sweep", NINE_SECONDS)
    assert not heartbeat.take_turn("sweep", NINE_SECONDS)


def test_the_turn_comes_back_after_its_time() -> None:
    heartbeat.take_turn("sweep", NINE_SECONDS)
    age("sweep", NINE_SECONDS)
    assert heartbeat.take_turn("sweep", NINE_SECONDS)


def test_a_host_that_leaves_takes_its_signs_along_and_those_of_the_long_silent() -> None:
    for host in ("mine", "other", "silent"):
        heartbeat.beat(host, TICKER)
    Heartbeat.objects.filter(host="silent").update(at=timezone.now() - timedelta(days=2))
    heartbeat.forget("mine")
    assert list(Heartbeat.objects.values_list("host", flat=True)) == ["other"]


def test_a_tick_beats_and_sends_canaries_and_sweeps_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPSPORTAL_WORKER", "one:1")
    ticker.tick("one:1")
    ticker.tick("one:1")
    waiting = sorted((row.key, path_of(row.payload)) for row in OrmQ.objects.all())
    assert waiting == [
        ("changes", "mlopsportal.changes.tasks.sweep"),
        ("changes", "scheduling.tasks.sweep"),
        ("changes@one:1", BEAT),
        ("sync", "registry.tasks.sweep"),
        ("sync@one:1", BEAT),
    ]
    assert heartbeat.last_beat("one:1", TICKER)


def test_a_sweep_that_still_waits_is_not_sent_again() -> None:
    for _ in range(3):
        ticker.send_sweep("registry.tasks.sweep", "sync")
    assert OrmQ.objects.count() == 1


def test_a_hostile_row_does_not_stop_the_sweeps() -> None:
    OrmQ.objects.create(key="sync", payload="rubbish", lock=timezone.now())
    ticker.send_sweep("registry.tasks.sweep", "sync")
    assert OrmQ.objects.count() == 2


def test_a_canary_that_a_hung_cluster_took_along_does_not_stop_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPSPORTAL_WORKER", "one:1")
    ticker.send_canary("sync")
    OrmQ.objects.update(lock=timezone.now() + timedelta(hours=1))
    ticker.send_canary("sync")
    assert OrmQ.objects.get(key="sync@one:1").lock <= timezone.now()


def test_a_stopped_worker_leaves_no_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPSPORTAL_WORKER", "one:1")
    ticker.send_canary("changes")
    ticker.clear("one:1")
    assert not OrmQ.objects.exists()


def test_the_canary_of_a_killed_host_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPSPORTAL_WORKER", "killed:1")
    ticker.tick("killed:1")
    OrmQ.objects.filter(key__contains="@").update(lock=timezone.now() - timedelta(minutes=1))
    monkeypatch.setenv("MLOPSPORTAL_WORKER", "next:2")
    ticker.tick("next:2")
    assert {row.key for row in OrmQ.objects.filter(key__contains="@")} == {"changes@next:2", "sync@next:2"}
