"""What the sweep finds, and what many workers at once may not do."""

from __future__ import annotations

import os
import subprocess
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from mlopsportal.changes import owners, tasks, workflow
from mlopsportal.changes.claiming import claim
from mlopsportal.changes.models import Attempt, ChangeRequest, Plan
from mlopsportal.changes.states import State
from tests.changes.building import PREP, Team, approved, fresh, make_team, opened, plan_of, queued
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox


def ended_process() -> str:
    """The name of a process of this host that is gone."""
    process = subprocess.Popen(["true"])
    process.wait()
    return f"{owners.me().rpartition(':')[0]}:{process.pid}"


def test_a_process_of_this_host_that_has_ended_is_gone() -> None:
    assert owners.is_gone(ended_process())
    assert not owners.is_gone(owners.me())
    assert not owners.is_gone(f"elsewhere:{os.getpid()}")
    assert not owners.is_gone("nonsense")


def test_the_lease_of_a_dead_process_is_released_at_once(team: Team) -> None:
    change = queued(team, approved(team, opened(team)))
    assert claim(change.pk) is not None
    tasks.sweep()
    drain()
    assert fresh(change).state == State.APPLYING  # its worker lives: this process
    ChangeRequest.objects.update(claimed_by=ended_process())
    tasks.sweep()
    drain()
    change = fresh(change)
    assert (change.state, change.deaths) == (State.APPLIED, 1)


def test_a_plan_of_a_dead_process_is_made_by_the_next(team: Team) -> None:
    change = workflow.open_change(team.workspace, [("a.yml", PREP)], actor=team.actor("author"), title="A change")
    lease = timezone.now() + timedelta(minutes=1)
    Plan.objects.update(lease_until=lease, claimed_by=ended_process(), attempts=1)
    drain()
    assert plan_of(fresh(change)).state == "making"
    tasks.sweep()
    drain()
    assert (plan_of(fresh(change)).state, plan_of(fresh(change)).attempts) == ("made", 2)


def test_what_cannot_even_be_read_back_is_given_to_a_person(team: Team) -> None:
    change = queued(team, approved(team, opened(team)))
    assert claim(change.pk) is not None
    past = timezone.now() - timedelta(seconds=1)
    plan_of(change).steps.update(state="unknown")
    ChangeRequest.objects.update(lease_until=past, deaths=5)
    assert claim(change.pk) is None
    assert fresh(change).state == State.UNKNOWN
    workflow.resume(fresh(change), actor=team.actor("operator"))
    drain()
    assert fresh(change).state in (State.FAILED, State.APPLIED)


@pytest.mark.slow
def test_four_workers_at_once_make_one_effect(committed_db: None, sandbox: RunningSandbox) -> None:
    team = make_team(sandbox)
    change = queued(team, approved(team, opened(team)))
    mark = sandbox.journal()[-1]["id"]
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        tasks.apply_change(change.pk)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fresh(change).state == State.APPLIED
    assert (len(sandbox.writes(mark)), Attempt.objects.count()) == (1, 1)
