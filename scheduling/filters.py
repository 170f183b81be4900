"""What the list of schedules can be narrowed by; each filter is a parameter of the query string."""

from __future__ import annotations

import django_filters as filters

from registry.filters import StrictFilter
from scheduling.models import Schedule, ScheduleQuerySet, TriggerType


class ScheduleFilter(StrictFilter):
    enabled = filters.ChoiceFilter(
        label="State",
        method="by_state",
        empty_label="Enabled and disabled",
        choices=[("on", "Enabled"), ("off", "Disabled"), ("gone", "No longer there")],
    )
    trigger = filters.ChoiceFilter(
        label="Trigger", field_name="trigger_type", empty_label="Every kind", choices=TriggerType.choices
    )
    pipeline = filters.CharFilter(label="Pipeline", method="by_pipeline", max_length=255)
    name = filters.CharFilter(label="Name begins with", field_name="name", lookup_expr="startswith", max_length=255)

    class Meta:
        model = Schedule
        fields: list[str] = []

    @property
    def qs(self) -> ScheduleQuerySet:
        """What was deleted is shown only when it is asked for."""
        found: ScheduleQuerySet = super().qs
        asked = self.form.is_valid() and self.form.cleaned_data.get("enabled")
        return found if asked else found.filter(missing_since=None)

    def by_state(self, queryset: ScheduleQuerySet, name: str, value: str) -> ScheduleQuerySet:
        if value == "gone":
            return queryset.exclude(missing_since=None)
        return queryset.filter(missing_since=None, is_enabled=value == "on")

    def by_pipeline(self, queryset: ScheduleQuerySet, name: str, value: str) -> ScheduleQuerySet:
        return queryset.filter(pipeline_ref__startswith=f"component:{value}:")
