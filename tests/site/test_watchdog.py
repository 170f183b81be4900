"""When a worker host takes a cluster for hung, and how its patience grows and shrinks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from mlopsportal.management.supervisor import Child
from mlopsportal.management.watchdog import LONGEST_PATIENCE, LONGEST_SILENCE, Worker
from mlopsportal.queue import heartbeat
from mlopsportal.queue.wishes import CLUSTERS

CLUSTER = CLUSTERS[0]
LATE = LONGEST_SILENCE + timedelta(seconds=1)


@pytest.fixture
def host(db: None) -> Iterator[Worker]:
    """A host whose one cluster is a process that does nothing."""
    host = Worker(grace=timedelta(seconds=1))
    host.clusters[CLUSTER] = host.supervisor.start(Child("idle", ["sleep", "60"]))
    host.chance_since[CLUSTER] = timezone.now()
    yield host
    host.supervisor.stop()
    host.leave()


def wait_in_vain(host: Worker, length: timedelta) -> None:
    host.chance_since[CLUSTER] = timezone.now() - length


def restart(host: Worker) -> None:
    host.silent.add(CLUSTER)
    host.restart_silent()


def test_a_cluster_that_never_beat_is_silent_after_a_while(host: Worker) -> None:
    assert not host.is_silent(CLUSTER)
    wait_in_vain(host, LATE)
    assert host.is_silent(CLUSTER)


def test_a_silent_cluster_is_started_again_and_given_twice_the_time(host: Worker) -> None:
    before = host.clusters[CLUSTER].process
    restart(host)
    assert host.clusters[CLUSTER].process is not before
    wait_in_vain(host, LATE)
    assert not host.is_silent(CLUSTER)
    wait_in_vain(host, 2 * LATE)
    assert host.is_silent(CLUSTER)


def test_the_first_beat_after_a_start_brings_the_usual_patience_back(host: Worker) -> None:
    restart(host)
    wait_in_vain(host, 2 * LATE)
    heartbeat.beat(host.name, CLUSTER)
    assert not host.is_silent(CLUSTER)
    wait_in_vain(host, LATE)
    heartbeat.forget(host.name)
    assert host.is_silent(CLUSTER)


def test_patience_has_an_end(host: Worker) -> None:
    for _ in range(8):
        restart(host)
    wait_in_vain(host, LONGEST_PATIENCE + timedelta(seconds=1))
    assert host.is_silent(CLUSTER)
