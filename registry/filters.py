"""What the lists of the registry can be narrowed by; each filter is a parameter of the query string."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from mlopsportal.ui.parameters import PAGING, strangers_in
from registry.models import ACTIVE_STATUSES, Asset, Finding, FindingKind, Run, RunStatus, Workspace
from registry.searching import SHORTEST, matching_runs, search

ARCHIVE = [("yes", "Archived"), ("all", "All")]
ORDERS = {"": ("name", "id"), "changed": ("-newest_at", "-id")}
_MATCHES = 1000


class StrictFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter comes without types
    """A filter that never narrows less than it was asked to: what it cannot read leaves no row, and is told."""

    @property
    def strangers(self) -> list[str]:
        """The names in the query string that mean nothing here."""
        return strangers_in(self.data or {}, {*self.filters, *PAGING})

    @property
    def shown(self) -> QuerySet[Any]:
        """What a page shows: the rows that are left, none while a value cannot be read."""
        found: QuerySet[Any] = self.qs
        return found if self.form.is_valid() else found.none()

    @property
    def status(self) -> int:
        """The status of the page: 400 while a value cannot be read."""
        return 200 if self.form.is_valid() else 400


class WorkspaceFilter(StrictFilter):
    """A filter over rows of one workspace. Archived rows are left out unless `archived` asks for them."""

    def __init__(self, data: Any, *, queryset: QuerySet[Any], workspace: Workspace, kind: str = "") -> None:
        super().__init__(data, queryset=queryset)
        self.workspace = workspace
        self.kind = kind

    @property
    def qs(self) -> QuerySet[Any]:
        found: QuerySet[Any] = super().qs
        wanted = self.form.cleaned_data.get("archived") if self.form.is_valid() else ""
        if wanted == "all":
            return found
        return found.filter(is_archived__in=[wanted == "yes"])  # IN: see RunQuerySet.listed


class AssetFilter(WorkspaceFilter):
    q = filters.CharFilter(label="Text", method="by_text", max_length=200)
    archived = filters.ChoiceFilter(label="Show", method="kept", empty_label="Active", choices=ARCHIVE)
    sort = filters.ChoiceFilter(
        label="Order", method="kept", empty_label="By name", choices=[("changed", "Newest version first")]
    )

    class Meta:
        model = Asset
        fields: list[str] = []

    @property
    def order(self) -> tuple[str, ...]:
        """The order that is asked for, as `paginate` takes it; that by name where it cannot be read."""
        return ORDERS.get(self.form.cleaned_data.get("sort") or "" if self.form.is_valid() else "", ORDERS[""])

    def by_text(self, queryset: QuerySet[Asset], name: str, value: str) -> QuerySet[Asset]:
        """Names that begin so, for a short text; else what the text search finds."""
        if all(len(term) < SHORTEST for term in value.split()):
            return queryset.filter(name__startswith=value.strip())
        found = search([self.workspace], value, self.kind, _MATCHES)
        return queryset.filter(name__in=[entry.title for entry in found])

    def kept(self, queryset: QuerySet[Asset], name: str, value: str) -> QuerySet[Asset]:
        return queryset  # `qs` applies it, so that it also works when nothing is chosen; paging does the order


class RunFilter(WorkspaceFilter):
    q = filters.CharFilter(label="Text", method="by_text", max_length=200)
    status = filters.ChoiceFilter(
        label="Status",
        method="by_status",
        empty_label="Every status",
        choices=[("active", "Under way"), *RunStatus.choices],
    )
    pipeline = filters.CharFilter(label="Pipeline", field_name="pipeline_name", max_length=255)
    schedule = filters.CharFilter(label="Schedule", field_name="schedule_name", max_length=255)
    experiment = filters.CharFilter(label="Experiment", field_name="experiment", max_length=255)
    created_by = filters.CharFilter(label="Created by", field_name="created_by", max_length=200)
    after = filters.IsoDateTimeFilter(label="From", field_name="started_at", lookup_expr="gte")
    before = filters.IsoDateTimeFilter(label="Until", field_name="started_at", lookup_expr="lt")
    archived = filters.ChoiceFilter(label="Show", method="kept", empty_label="Active", choices=ARCHIVE)

    class Meta:
        model = Run
        fields: list[str] = []

    def by_text(self, queryset: QuerySet[Run], name: str, value: str) -> QuerySet[Run]:
        return matching_runs(queryset, self.workspace, value)

    def by_status(self, queryset: QuerySet[Run], name: str, value: str) -> QuerySet[Run]:
        return queryset.filter(status__in=ACTIVE_STATUSES) if value == "active" else queryset.filter(status=value)

    def kept(self, queryset: QuerySet[Run], name: str, value: str) -> QuerySet[Run]:
        return queryset


class FindingFilter(StrictFilter):
    kind = filters.ChoiceFilter(label="Kind", empty_label="Every kind", choices=FindingKind.choices)
    state = filters.ChoiceFilter(label="Show", method="by_state", empty_label="Open", choices=[("all", "All")])

    class Meta:
        model = Finding
        fields: list[str] = []

    @property
    def qs(self) -> QuerySet[Finding]:
        found: QuerySet[Finding] = super().qs
        wanted = self.form.cleaned_data.get("state") if self.form.is_valid() else ""
        return found if wanted == "all" else found.filter(resolved_at=None)

    def by_state(self, queryset: QuerySet[Finding], name: str, value: str) -> QuerySet[Finding]:
        return queryset
