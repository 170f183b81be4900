"""What may be asked of the queue: the allow-list, and how one wish lies in the table as signed text.

Imported while the apps still load, so it finds the queue's table by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.core import signing
from django.utils import timezone

BEAT = "mlopsportal.queue.tasks.beat"
ALLOWED = frozenset(
    {
        BEAT,
        "mlopsportal.changes.tasks.apply_change",
        "mlopsportal.changes.tasks.plan_change",
        "mlopsportal.changes.tasks.sweep",
        "registry.tasks.check_connection",
        "registry.tasks.fetch_logs",
        "registry.tasks.fetch_steps",
        "registry.tasks.follow_runs",
        "registry.tasks.sweep",
        "registry.tasks.sync_step",
        "scheduling.tasks.sweep",
    }
)
CLUSTERS = ("changes", "sync")
SALT = "mlopsportal.queue"


class NotAllowed(Exception):
    """A path that no task of the portal has."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Wish:
    """One task to run: the dotted path of its function, and the id it is about (None for a sweep).

    Raises NotAllowed for any other path.
    """

    path: str
    pk: int | None

    def __post_init__(self) -> None:
        if self.path not in ALLOWED:
            raise NotAllowed(self.path)

    def signed(self) -> str:
        return signing.dumps([self.path, self.pk], salt=SALT)


def wish_of(payload: str) -> Wish:
    """Read a queue row. Raises NotAllowed for one that we did not write, or whose path is no task."""
    try:
        path, pk = signing.loads(payload, salt=SALT)
    except (signing.BadSignature, TypeError, ValueError) as error:
        raise NotAllowed("") from error
    if not isinstance(path, str) or not isinstance(pk, int | None):
        raise NotAllowed(str(path))
    return Wish(path, pk)


def path_of(payload: str) -> str:
    """Return the path a queue row asks for; "" for a row that the broker is going to refuse."""
    try:
        return wish_of(payload).path
    except NotAllowed:
        return ""


def put(wish: Wish, key: str) -> None:
    """Write the queue row, in the transaction of the caller. `key` is a cluster, or a cluster of one worker host."""
    apps.get_model("django_q", "OrmQ").objects.create(key=key, payload=wish.signed(), lock=timezone.now())
