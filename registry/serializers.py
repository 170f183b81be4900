"""The JSON of mirrored rows, as the REST views give it; knows no address and no permission."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from mlopsportal.specs.interface import Port, interface_of
from mlopsportal.specs.practices import DEFAULTS, LEVELS
from registry.lineage import Lineage, maker_of, used_by
from registry.models import Asset, AssetKind, Run, Step, Version, Workspace
from registry.raw import raw_of
from registry.rendering import document_of, yaml_of
from registry.scoring import Yardstick


class ConnectionSerializer(serializers.Serializer[Any]):
    state = serializers.CharField(source="connection")
    message = serializers.CharField(source="connection_words")
    checked_at = serializers.DateTimeField(source="connection_checked_at", allow_null=True)


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    connection = ConnectionSerializer(source="*", read_only=True)
    computes = serializers.ListField(child=serializers.CharField())
    datastores = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Workspace
        fields = [
            "slug",
            "display_name",
            "cloud",
            "region",
            "tier",
            "subscription_id",
            "resource_group",
            "name",
            "default_compute",
            "computes",
            "datastores",
            "auto_apply",
            "synced_at",
            "connection",
        ]


class AssetSerializer(serializers.ModelSerializer[Asset]):
    ref = serializers.CharField()
    tags = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Asset
        fields = [
            "ref",
            "kind",
            "name",
            "is_pipeline",
            "description",
            "tags",
            "is_archived",
            "latest_version",
            "created_at",
            "newest_at",
            "modified_at",
            "seen_at",
            "missing_since",
        ]


class VersionSerializer(serializers.ModelSerializer[Version]):
    ref = serializers.CharField()
    tags = serializers.DictField(child=serializers.CharField())
    definition_digest = serializers.CharField(source="definition.digest", default=None, allow_null=True)

    class Meta:
        model = Version
        fields = [
            "ref",
            "kind",
            "name",
            "version",
            "type",
            "display_name",
            "description",
            "tags",
            "is_archived",
            "created_at",
            "created_by",
            "modified_at",
            "definition_digest",
            "fingerprint",
            "job_name",
            "seen_at",
            "missing_since",
        ]


class PortSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()
    optional = serializers.BooleanField()
    default = serializers.JSONField(allow_null=True)
    enum = serializers.ListField(child=serializers.CharField(), allow_null=True)
    description = serializers.CharField()


class InterfaceSerializer(serializers.Serializer[Any]):
    inputs = PortSerializer(many=True)
    outputs = PortSerializer(many=True)


class MissingSerializer(serializers.Serializer[Any]):
    """A practice that is not followed: what following it would add, where it fails first, and in how many places."""

    code = serializers.CharField()
    title = serializers.CharField()
    level = serializers.ChoiceField(choices=LEVELS)
    points = serializers.IntegerField()
    path = serializers.CharField(help_text="In `yaml`; what is missing has the path it would have")
    message = serializers.CharField()
    fix = serializers.CharField()
    places = serializers.IntegerField()


class ScoreSerializer(serializers.Serializer[Any]):
    """How well it follows the best practices, at the levels of its workspace; `missing`: the most points first."""

    points = serializers.IntegerField()
    out_of = serializers.IntegerField()
    percent = serializers.IntegerField(min_value=0, max_value=100)
    missing = MissingSerializer(many=True)


class UsedBySerializer(serializers.Serializer[Any]):
    versions = serializers.ListField(child=serializers.CharField())
    runs = serializers.ListField(child=serializers.CharField())


class VersionDetailSerializer(VersionSerializer):
    """A version with everything the mirror knows of it; `interface` and `score` are null but for components."""

    yaml = serializers.CharField(read_only=True)
    interface = InterfaceSerializer(read_only=True, allow_null=True)
    score = ScoreSerializer(read_only=True, allow_null=True)
    used_by = UsedBySerializer(read_only=True)
    made_by = serializers.CharField(read_only=True, allow_null=True)
    raw = serializers.DictField(read_only=True)

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "yaml", "interface", "score", "used_by", "made_by", "raw"]

    def to_representation(self, instance: Version) -> dict[str, Any]:
        shown: dict[str, Any] = VersionSerializer(instance).data
        raw = raw_of(instance)
        uses, maker = used_by(instance), maker_of(instance)
        score = Yardstick(instance.workspace).score(instance.ref, raw)
        return shown | {
            "yaml": yaml_of(document_of(instance.kind, instance.name, instance.version, raw)),
            "interface": _interface(instance, raw),
            "score": ScoreSerializer(score).data if score else None,
            "used_by": {
                "versions": [str(row.ref) for row in uses.versions],
                "runs": [str(row.ref) for row in uses.runs],
            },
            "made_by": str(maker.ref) if maker else None,
            "raw": raw,
        }


def _interface(version: Version, raw: dict[str, Any]) -> dict[str, Any] | None:
    if version.kind != AssetKind.COMPONENT:
        return None
    found = interface_of((raw.get("properties") or {}).get("componentSpec") or {})
    return {"inputs": _ports(found.inputs.values()), "outputs": _ports(found.outputs.values())}


def _ports(ports: Any) -> list[dict[str, Any]]:
    return [_port(port) for port in ports]


def _port(port: Port) -> dict[str, Any]:
    known = asdict(port)
    return {name: known[name] for name in ("name", "type", "optional", "default", "enum", "description")}


class RunSerializer(serializers.ModelSerializer[Run]):
    ref = serializers.CharField()
    pipeline = serializers.SerializerMethodField()
    schedule = serializers.CharField(source="schedule_name")
    tags = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Run
        fields = [
            "ref",
            "job_name",
            "display_name",
            "experiment",
            "type",
            "status",
            "started_at",
            "ended_at",
            "created_by",
            "schedule",
            "pipeline",
            "definition_match",
            "tags",
            "is_archived",
            "seen_at",
            "missing_since",
        ]

    def get_pipeline(self, run: Run) -> str | None:
        """The ref of the pipeline version it executed."""
        return str(run.pipeline.ref) if run.pipeline else None


class StepSerializer(serializers.ModelSerializer[Step]):
    component = serializers.CharField(source="ref", allow_null=True)

    class Meta:
        model = Step
        fields = [
            "path",
            "run_id_azure",
            "display_name",
            "status",
            "component",
            "started_at",
            "ended_at",
            "is_reused",
            "reused_from",
            "inputs",
            "outputs",
            "metrics",
            "error",
        ]


class EdgeSerializer(serializers.Serializer[Any]):
    step = serializers.CharField()
    role = serializers.CharField()
    port = serializers.CharField()
    ref = serializers.CharField()


class RunDetailSerializer(RunSerializer):
    """A run with its steps in the order they began, what it read and wrote, and its raw JSON."""

    steps = serializers.SerializerMethodField()
    edges = EdgeSerializer(many=True, read_only=True)
    definition_digest = serializers.CharField(source="definition.digest", default=None, allow_null=True)
    raw = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = [
            *RunSerializer.Meta.fields,
            *("error", "metrics", "definition_digest", "steps_synced_at", "steps_final", "steps", "edges", "raw"),
        ]

    def get_steps(self, run: Run) -> list[dict[str, Any]]:
        """The steps, the earliest first."""
        return list(StepSerializer(run.steps.in_time(), many=True).data)

    def get_raw(self, run: Run) -> dict[str, Any]:
        """The job as Azure ML has it."""
        return raw_of(run)


class NodeSerializer(serializers.Serializer[Any]):
    """A thing or step; `more` counts the runs that are not shown which read, executed or wrote it (100: or more)."""

    ref = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField(allow_null=True)
    more = serializers.IntegerField()


class ArrowSerializer(serializers.Serializer[Any]):
    source = serializers.CharField()  # type: ignore[assignment]  # "source" is also a field's own option
    target = serializers.CharField()
    role = serializers.ChoiceField(choices=["read", "executed", "wrote", "step", "hosted"])
    port = serializers.CharField()


class LineageSerializer(serializers.Serializer[Any]):
    """The neighbourhood of a ref; `cut` says that there is more."""

    ref = serializers.CharField()
    nodes = NodeSerializer(many=True)
    edges = ArrowSerializer(many=True)
    cut = serializers.BooleanField()

    def to_representation(self, instance: Lineage) -> dict[str, Any]:
        nodes = [
            {
                "ref": node.id,
                "kind": node.type,
                "status": instance.statuses.get(node.id),
                "more": instance.more.get(node.id, 0),
            }
            for node in instance.graph.nodes
        ]
        edges = [
            {"source": edge.source, "target": edge.target, "role": edge.source_port, "port": edge.target_port}
            for edge in instance.graph.edges
        ]
        return {"ref": str(instance.ref), "nodes": nodes, "edges": edges, "cut": instance.is_cut}


class PracticeSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=list(DEFAULTS))
    title = serializers.CharField()
    level = serializers.ChoiceField(choices=LEVELS)
    default = serializers.ChoiceField(choices=LEVELS)


class PracticeListSerializer(serializers.Serializer[Any]):
    """All practices on one page."""

    results = PracticeSerializer(many=True)
    next = serializers.CharField(allow_null=True, default=None)


class LevelsField(serializers.DictField):
    """Levels by code. Raises ValidationError for a code that cannot be set."""

    child = serializers.ChoiceField(choices=LEVELS)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        levels: dict[str, Any] = super().to_internal_value(data)
        unknown = sorted(levels.keys() - DEFAULTS.keys())
        if unknown:
            raise serializers.ValidationError(f"There is no practice {', '.join(unknown)[:200]}.")
        return levels


class LevelsSerializer(serializers.Serializer[Any]):
    """Levels to set. `opened` are levels as the caller read them: what is as it was opened keeps the level of now.

    409, and nothing is set, when somebody else has set a level meanwhile that was to become another.
    """

    levels = LevelsField()
    opened = LevelsField(required=False)
