"""The REST views of audit, with their addresses below /api/v1/."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from rest_framework import generics, serializers

from mlopsportal.audit.filters import EventFilter
from mlopsportal.audit.lines import event_json, lines_of
from mlopsportal.audit.models import Event
from mlopsportal.audit.readers import events_for
from mlopsportal.ui.parameters import StrictView


class ActorSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["session", "token", "system"])
    ref = serializers.CharField()
    name = serializers.CharField()


class EventListSerializer(serializers.ListSerializer[Any]):
    """Makes the lines of a whole page at once, so that names take one query."""

    def to_representation(self, data: Any) -> list[Any]:
        return [dict(event_json(line)) for line in lines_of(data)]


class EventSerializer(serializers.Serializer[Any]):
    """One event; the fields describe what `lines.event_json` makes."""

    id = serializers.IntegerField()
    action = serializers.CharField()
    at = serializers.DateTimeField()
    actor = ActorSerializer()
    sentence = serializers.CharField()
    workspace = serializers.CharField()
    target = serializers.CharField()
    change = serializers.IntegerField(allow_null=True)
    facts = serializers.DictField()
    note = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    erased = serializers.BooleanField()
    leaf = serializers.CharField(help_text="The exact text of the leaf; its UTF-8 bytes are what is hashed.")

    class Meta:
        list_serializer_class = EventListSerializer

    def to_representation(self, instance: Event) -> dict[str, Any]:
        return dict(event_json(lines_of([instance])[0]))


class EventList(StrictView, generics.ListAPIView[Event]):
    """The events the caller may read, the newest first, filtered as on the page."""

    serializer_class = EventSerializer
    filterset_class = EventFilter
    keyset_order = ("-id",)
    queryset = Event.objects.all()

    def get_queryset(self) -> QuerySet[Event]:
        return events_for(self.request).select_related("detail")


class EventDetail(generics.RetrieveAPIView[Event]):
    """One event the caller may read."""

    serializer_class = EventSerializer
    queryset = Event.objects.all()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Event]:
        return events_for(self.request).select_related("detail")


urlpatterns: list[URLPattern | URLResolver] = [
    path("audit/", EventList.as_view(), name="api-event-list"),
    path("audit/<int:pk>/", EventDetail.as_view(), name="api-event-detail"),
]
