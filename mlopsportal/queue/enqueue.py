"""Put work into the queue: by dotted string, with one id, in the transaction that makes it due."""

from __future__ import annotations

from django.db import connection
from django.db.transaction import TransactionManagementError

from mlopsportal.queue.wishes import CLUSTERS, Wish, put


def enqueue(path: str, pk: int | None = None, *, cluster: str = "changes") -> None:
    """Ask a worker to call the task at `path` with `pk`, once the surrounding transaction commits.

    The queue row rolls back with the caller's rows: a task never runs for something that did not happen,
    and nothing happens without its task. Raises NotAllowed for a path that is no task of the portal, and
    TransactionManagementError outside `transaction.atomic()`.
    """
    if cluster not in CLUSTERS:
        raise ValueError(f"no cluster {cluster!r}; there are {CLUSTERS}")
    if not connection.in_atomic_block:
        raise TransactionManagementError("enqueue() belongs in the transaction that writes what the task is about")
    put(Wish(path, pk), cluster)
