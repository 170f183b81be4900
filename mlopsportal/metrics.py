"""How the portal does, in numbers, for a Prometheus that scrapes it; reads rows at each request and keeps nothing."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Min, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_q.models import OrmQ
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.queue.models import TICKER, Heartbeat
from mlopsportal.queue.wishes import CLUSTERS
from registry.models import SyncRun, SyncState, Workspace


class PortalCollector(Collector):
    """The numbers of one request: five grouped queries over indexes, whatever the size of the mirror."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._queue()
        yield self._heartbeats()
        yield self._changes()
        yield from self._syncs()

    def _queue(self) -> Iterator[GaugeMetricFamily]:
        """Yield what waits to be taken, by cluster; what a worker holds is locked into the future."""
        depth = GaugeMetricFamily("mlopsportal_queue_tasks", "Tasks that wait for a worker.", labels=["cluster"])
        oldest = GaugeMetricFamily(
            "mlopsportal_queue_oldest_seconds", "How long the oldest of them has been due.", labels=["cluster"]
        )
        waiting = OrmQ.objects.filter(key__in=CLUSTERS, lock__lte=self.now).order_by()
        found = {row[0]: row[1:] for row in waiting.values_list("key").annotate(count=Count("pk"), due=Min("lock"))}
        for cluster in CLUSTERS:
            count, due = found.get(cluster, (0, self.now))
            depth.add_metric([cluster], count)
            oldest.add_metric([cluster], self._age(due))
        yield from (depth, oldest)

    def _heartbeats(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "mlopsportal_worker_heartbeat_age_seconds", "How long ago a worker last reported.", labels=["worker"]
        )
        for host, at in Heartbeat.objects.filter(part=TICKER).values_list("host", "at"):
            family.add_metric([host], self._age(at))
        return family

    def _changes(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("mlopsportal_changes", "Change requests by state.", labels=["workspace", "state"])
        rows = ChangeRequest.objects.order_by().values_list("workspace__slug", "state").annotate(count=Count("pk"))
        counts = {(slug, state): count for slug, state, count in rows}
        for slug in Workspace.objects.values_list("slug", flat=True):
            for state in State.values:
                family.add_metric([slug, state], counts.get((slug, state), 0))
        return family

    def _syncs(self) -> Iterator[GaugeMetricFamily]:
        age = GaugeMetricFamily(
            "mlopsportal_sync_age_seconds", "How old the newest complete reading is.", labels=["workspace"]
        )
        failing = GaugeMetricFamily(
            "mlopsportal_sync_failing", "1 when the newest sync that ended did so with an error.", labels=["workspace"]
        )
        ended = SyncRun.objects.filter(workspace=OuterRef("pk"), state__in=[SyncState.DONE, SyncState.FAILED])
        newest = ended.order_by("-id").values("state")[:1]
        rows = Workspace.objects.annotate(newest=Subquery(newest)).values_list("slug", "synced_at", "newest")
        for slug, synced_at, state in rows:
            if synced_at is not None:
                age.add_metric([slug], self._age(synced_at))
            failing.add_metric([slug], state == SyncState.FAILED)
        yield from (age, failing)

    def _age(self, moment: datetime) -> float:
        return max(0.0, (self.now - moment).total_seconds())


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers in Prometheus' text form, for the bearer of MLOPSPORTAL_METRICS_TOKEN; 404 where none is set."""
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return HttpResponse("a token is needed\n", "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    numbers = CollectorRegistry(auto_describe=False)
    numbers.register(PortalCollector(timezone.now()))
    try:
        return HttpResponse(generate_latest(numbers), CONTENT_TYPE_LATEST)
    except DatabaseError:
        return HttpResponse("the database does not answer\n", "text/plain", 503)
