"""The REST shape of an impact: what uses a version."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from registry.impact import RECENT, Consumer
from registry.models import Use
from scheduling.impact import Affected, ScheduleUsing


class PlaceSerializer(serializers.Serializer[Any]):
    node = serializers.CharField()
    ports = serializers.ListField(child=serializers.CharField())


class ConsumerSerializer(serializers.Serializer[Any]):
    """A version that uses another; `through` is what it names itself, `floats` that it names no version."""

    ref = serializers.CharField()
    type = serializers.CharField()
    through = serializers.CharField()
    floats = serializers.BooleanField()
    depth = serializers.IntegerField()
    places = PlaceSerializer(many=True)


class ScheduleUsingSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    through = serializers.CharField()
    floats = serializers.BooleanField()
    enabled = serializers.BooleanField()
    next_fire_at = serializers.DateTimeField(allow_null=True)


class RunsUsingSerializer(serializers.Serializer[Any]):
    """Runs of the last `days`; `more`: counting stopped at `count`."""

    days = serializers.IntegerField()
    count = serializers.IntegerField()
    more = serializers.BooleanField()
    newest = serializers.ListField(child=serializers.CharField())


class TwinSerializer(serializers.Serializer[Any]):
    """A version of another workspace; `same`: does it execute the same; null: not known."""

    ref = serializers.CharField()
    same = serializers.BooleanField(allow_null=True)


class SharedUseSerializer(serializers.Serializer[Any]):
    """A use, in any workspace, of the same name and version in a shared registry."""

    ref = serializers.CharField()
    registry = serializers.CharField()
    node = serializers.CharField()
    floats = serializers.BooleanField()


class ImpactSerializer(serializers.Serializer[Any]):
    """Everything that uses `ref`; `cut`: there is more than is listed.

    `workspaces` are other workspaces' versions that are named or execute the same; `elsewhere` those that do the same.
    `models_of_newest`: `models` are found among so many of the newest alone; null: among all.
    """

    ref = serializers.CharField()
    versions = ConsumerSerializer(many=True)
    schedules = ScheduleUsingSerializer(many=True)
    next_fire_at = serializers.DateTimeField(allow_null=True)
    runs = RunsUsingSerializer()
    models = serializers.ListField(child=serializers.CharField())
    models_of_newest = serializers.IntegerField(allow_null=True)
    elsewhere = serializers.ListField(child=serializers.CharField())
    workspaces = TwinSerializer(many=True)
    registries = SharedUseSerializer(many=True)
    cut = serializers.BooleanField()

    def to_representation(self, instance: Affected) -> dict[str, Any]:
        found = instance.within
        fields: dict[str, Any] = {
            "ref": str(found.ref),
            "versions": [_consumer(item) for item in found.consumers],
            "schedules": [_schedule(item) for item in instance.schedules],
            "next_fire_at": instance.next_fire_at,
            "runs": {
                "days": RECENT.days,
                "count": found.runs.count,
                "more": found.runs.is_more,
                "newest": [str(run.ref) for run in found.runs.newest],
            },
            "models": [str(row.ref) for row in found.models],
            "models_of_newest": found.models_of,
            "elsewhere": [str(twin.address) for twin in found.twins if twin.is_same],
            "workspaces": [{"ref": str(twin.address), "same": twin.is_same} for twin in found.twins],
            "registries": [_shared(use) for use in found.shared],
            "cut": instance.is_cut,
        }
        return fields


def _consumer(item: Consumer) -> dict[str, Any]:
    return {
        "ref": str(item.ref),
        "type": item.version.type,
        "through": str(item.through),
        "floats": item.floats,
        "depth": item.depth,
        "places": [{"node": place.node, "ports": list(place.ports)} for place in item.places],
    }


def _schedule(item: ScheduleUsing) -> dict[str, Any]:
    return {
        "ref": str(item.schedule.ref),
        "through": str(item.through),
        "floats": item.floats,
        "enabled": item.schedule.is_enabled,
        "next_fire_at": item.next_fire_at,
    }


def _shared(use: Use) -> dict[str, Any]:
    ref = use.consumer.ref.in_workspace(use.consumer.workspace.slug)
    return {"ref": str(ref), "registry": use.registry, "node": use.node, "floats": not use.version}
