"""The pages of the log: the list with its filters, one event, and the export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from mlopsportal.audit import export
from mlopsportal.audit.actions import Action
from mlopsportal.audit.filters import EventFilter
from mlopsportal.audit.lines import detail_of, lines_of, told_by
from mlopsportal.audit.log import record, verify_event
from mlopsportal.audit.models import Event
from mlopsportal.audit.readers import actor_of_request, events_for, scope_of
from mlopsportal.specs.diff import Change, diff
from mlopsportal.ui.paging import paginate

_FORMATS: dict[str, tuple[str, Callable[[QuerySet[Event]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", export.as_csv),
    "json": ("application/json", export.as_json),
}


@login_required
@require_GET
def event_list(request: HttpRequest) -> HttpResponse:
    """The newest events that the reader may see and the filter lets through."""
    scope = scope_of(request)
    found = EventFilter(request.GET, queryset=Event.objects.all().visible_to(scope).for_list())
    events = found.qs if found.is_valid() else Event.objects.none()
    page = paginate(events, request, order=("-id",))
    context = {
        "filter": found,
        "page": page,
        "lines": lines_of(page.rows),
        "scope": sorted(scope) if scope is not None else None,
        "is_filtered": any(request.GET.get(name) for name in found.filters),
        "export_rows": export.MAX_ROWS,
    }
    return render(request, "audit/event_list.html", context, status=200 if found.is_valid() else 400)


@login_required
@require_GET
def event_detail(request: HttpRequest, event_id: int) -> HttpResponse:
    """One event: who, what, before and after, its leaf and whether everything still agrees with it."""
    event = get_object_or_404(events_for(request).select_related("detail"), pk=event_id)
    detail, told = detail_of(event), told_by(event)
    context = {
        "line": lines_of([event])[0],
        "event": event,
        "detail": detail,
        "told": told,
        "facts": told.get("facts") or {},
        "changes": changes_of(detail.before, detail.after) if detail else [],
        "leaf": bytes(event.leaf).decode("utf-8", errors="replace"),
        "verification": verify_event(event),
    }
    return render(request, "audit/event_detail.html", context)


@login_required
@require_POST
def event_export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered log as a file (`format=csv|json`), the newest first, capped; itself an event."""
    scope, workspace = scope_of(request), request.GET.get("workspace", "")
    events = Event.objects.all().visible_to(scope)
    found = EventFilter(request.GET, queryset=events)
    kind = request.POST.get("format", "")
    if kind not in _FORMATS or not found.is_valid():
        raise BadRequest("The export needs the format csv or json, and filters that the page accepts.")
    # What is written here is not part of what is sent: the file ends where the log ended when it was asked for.
    newest = events.order_by("-id").values_list("pk", flat=True).first() or 0
    with transaction.atomic():
        record(
            Action.AUDIT_EXPORTED,
            actor=actor_of_request(request),
            workspace=workspace if scope is not None and workspace in scope else "",
            target="",
            note=request.GET.urlencode()[:2000],
            facts={"format": kind, "newest": newest},
        )
    content_type, lines = _FORMATS[kind]
    response = StreamingHttpResponse(lines(found.qs.filter(pk__lte=newest)), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="audit-{now():%Y%m%d-%H%M%S}.{kind}"'
    return response


def changes_of(before: Any, after: Any) -> list[Change]:
    """Return what changed, field by field; what was not there before counts as without fields."""
    if isinstance(after, dict) and before is None:
        before = {}
    if isinstance(before, dict) and after is None:
        after = {}
    return diff(before, after)
