"""The REST views of schedules, with their addresses below /api/v1/: the mirror, read only."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from rest_framework import generics, serializers

from registry.api import InWorkspace
from registry.raw import raw_of
from scheduling.filters import ScheduleFilter
from scheduling.forecast import forecast
from scheduling.models import Schedule

_FIRES = 10


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    ref = serializers.CharField()
    state = serializers.CharField(help_text="enabled, disabled or missing")
    tags = serializers.DictField(child=serializers.CharField())
    trigger = serializers.DictField(help_text="In Azure's own form")

    class Meta:
        model = Schedule
        fields = [
            "ref",
            "name",
            "display_name",
            "description",
            "tags",
            "state",
            "is_enabled",
            "trigger_type",
            "trigger",
            "pipeline_ref",
            "fingerprint",
            "created_at",
            "modified_at",
            "last_fire_at",
            "next_fire_at",
            "seen_at",
            "missing_since",
        ]


class ScheduleDetailSerializer(ScheduleSerializer):
    fires = serializers.SerializerMethodField(help_text="The next ten fires by the portal's model, UTC")
    raw = serializers.SerializerMethodField(help_text="The object exactly as Azure ML told it")

    class Meta(ScheduleSerializer.Meta):
        fields = [*ScheduleSerializer.Meta.fields, "fires", "raw"]

    def get_fires(self, schedule: Schedule) -> list[str]:
        found = forecast(schedule.trigger, after=timezone.now(), count=_FIRES).fires if schedule.is_enabled else ()
        return [fire.utc.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for fire in found]

    def get_raw(self, schedule: Schedule) -> dict[str, Any]:
        return raw_of(schedule)


class ScheduleList(InWorkspace, generics.ListAPIView[Schedule]):
    """The schedules of a workspace by name, disabled and vanished ones too."""

    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilter
    keyset_order = ("name", "id")
    queryset = Schedule.objects.all()

    def get_queryset(self) -> QuerySet[Schedule]:
        return Schedule.objects.filter(workspace=self.workspace).for_list()


class ScheduleDetail(InWorkspace, generics.RetrieveAPIView[Schedule]):
    """One schedule with its forecast and its raw document."""

    serializer_class = ScheduleDetailSerializer
    lookup_field = "name"
    queryset = Schedule.objects.all()

    def get_queryset(self) -> QuerySet[Schedule]:
        return Schedule.objects.filter(workspace=self.workspace).select_related("part")


urlpatterns: list[URLPattern | URLResolver] = [
    path("workspaces/<slug:slug>/schedules/", ScheduleList.as_view(), name="api-schedule-list"),
    path("workspaces/<slug:slug>/schedules/<str:name>/", ScheduleDetail.as_view(), name="api-schedule-detail"),
]
