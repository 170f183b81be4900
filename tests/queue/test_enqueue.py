"""A wish lies in the caller's transaction, names a task of the portal, and is plain text."""

from __future__ import annotations

import pickle
from contextlib import suppress

import pytest
from django.core import signing
from django.db import transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule
from django_q.signing import SignedPackage

from mlopsportal import queue
from mlopsportal.queue.broker import PlainBroker
from mlopsportal.queue.tasks import run
from mlopsportal.queue.wishes import ALLOWED, BEAT, NotAllowed, Wish, path_of, put, wish_of
from tests.queue.draining import drain

SYNC = "registry.tasks.sync_step"


class Refusal(Exception):
    """Rolls a transaction back."""


@pytest.mark.django_db
def test_a_wish_waits_in_the_queue_of_its_cluster() -> None:
    with transaction.atomic():
        queue.enqueue(SYNC, 7, cluster="sync")
    row = OrmQ.objects.get()
    assert row.key == "sync"
    assert wish_of(row.payload) == Wish(SYNC, 7)


@pytest.mark.usefixtures("committed_db")
def test_a_wish_rolls_back_with_its_transaction() -> None:
    with suppress(Refusal), transaction.atomic():
        queue.enqueue(SYNC, 7, cluster="sync")
        assert OrmQ.objects.exists()
        raise Refusal
    assert not OrmQ.objects.exists()


@pytest.mark.usefixtures("committed_db")
def test_outside_a_transaction_nothing_is_enqueued() -> None:
    with pytest.raises(TransactionManagementError):
        queue.enqueue(SYNC, 7, cluster="sync")
    assert not OrmQ.objects.exists()


@pytest.mark.django_db
def test_only_tasks_of_the_portal_are_enqueued() -> None:
    with pytest.raises(NotAllowed, match=r"os\.system"):
        queue.enqueue("os.system", 7)


@pytest.mark.django_db
def test_there_is_no_other_cluster() -> None:
    with pytest.raises(ValueError, match="no cluster"):
        queue.enqueue(SYNC, 7, cluster="elsewhere")


@pytest.mark.django_db
def test_a_queue_row_holds_no_pickle() -> None:
    put(Wish(SYNC, 7), "sync")
    payload = OrmQ.objects.get().payload
    assert signing.loads(payload, salt="mlopsportal.queue") == [SYNC, 7]


def hostile_payload(kind: str) -> str:
    """Return a queue row that the portal never writes."""
    task = {"id": "1", "name": "x", "func": "os.system", "args": ("true",), "kwargs": {}}
    salt = "mlopsportal.queue"
    payloads: dict[str, str] = {
        "signed pickle": SignedPackage.dumps(task),
        "bare pickle": pickle.dumps(task).hex(),
        "other path": signing.dumps(["os.system", "true"], salt=salt),
        "other salt": signing.dumps([BEAT, None], salt="elsewhere"),
        "no id": signing.dumps([BEAT], salt=salt),
        "text for an id": signing.dumps([BEAT, "1; DROP"], salt=salt),
        "a number": signing.dumps(5, salt=salt),
        "nothing": "",
    }
    return payloads[kind]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind",
    ["signed pickle", "bare pickle", "other path", "other salt", "no id", "text for an id", "a number", "nothing"],
)
def test_a_row_that_the_portal_did_not_write_is_removed_and_never_runs(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    payload = hostile_payload(kind)
    OrmQ.objects.create(key="changes", payload=payload, lock="2020-01-01T00:00:00Z")
    assert PlainBroker("changes").dequeue() == []
    assert not OrmQ.objects.exists()
    assert "Refused a queue row" in caplog.text
    assert path_of(payload) == ""


@pytest.mark.django_db
def test_a_row_of_the_portal_becomes_a_task_of_the_one_door() -> None:
    put(Wish(BEAT, None), "changes")
    ((pk, package),) = PlainBroker("changes").dequeue() or []
    task = SignedPackage.loads(package)
    assert pk == OrmQ.objects.get().pk
    assert (task["func"], task["args"]) == ("mlopsportal.queue.tasks.run", (BEAT, None))
    assert task["ack_failure"] is True


@pytest.mark.django_db
def test_a_row_is_taken_once() -> None:
    put(Wish(BEAT, None), "changes")
    row = OrmQ.objects.get()
    broker = PlainBroker("changes")
    assert broker.claim(row)
    assert not broker.claim(row)


@pytest.mark.django_db
def test_the_door_opens_for_nothing_else() -> None:
    with pytest.raises(NotAllowed):
        run("os.getpid", None)


@pytest.mark.django_db
def test_every_allowed_task_exists() -> None:
    for path in ALLOWED:
        module, _, name = path.rpartition(".")
        assert callable(getattr(__import__(module, fromlist=[name]), name)), path


@pytest.mark.django_db
def test_draining_runs_what_waits_in_this_process() -> None:
    put(Wish(BEAT, None), "changes")
    put(Wish(BEAT, None), "sync")
    assert drain("changes") == [BEAT]
    assert OrmQ.objects.get().key == "sync"


@pytest.mark.django_db
def test_a_schedule_row_starts_nothing() -> None:
    Schedule.objects.create(func="os.system", args="'true'", schedule_type=Schedule.ONCE, next_run=timezone.now())
    assert Conf.SCHEDULER is False
    assert PlainBroker("changes").dequeue() is None
