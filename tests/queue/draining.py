"""Run what waits in the queue here and now, without worker processes: a test sees at once what its tasks do."""

from __future__ import annotations

from django.utils import timezone
from django_q.models import OrmQ

from mlopsportal.queue.tasks import run
from mlopsportal.queue.wishes import wish_of


def drain(cluster: str = "changes", *, limit: int = 1000) -> list[str]:
    """Run the waiting tasks of the cluster, oldest first, those they enqueue too; return their paths in order.

    Each row is taken before its task runs, as a worker would; an error of a task gets out. Raises
    RuntimeError when more than `limit` tasks come, since something then enqueues itself for ever.
    """
    done: list[str] = []
    while row := OrmQ.objects.filter(key=cluster, lock__lte=timezone.now()).order_by("pk").first():
        if len(done) == limit:
            raise RuntimeError(f"{limit} tasks have run and more wait: {done[-3:]}")
        row.delete()
        wish = wish_of(row.payload)
        run(wish.path, wish.pk)
        done.append(wish.path)
    return done
