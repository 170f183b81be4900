"""The REST shape of how a model was made: the same facts as the page `making.html`, with refs instead of links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from mlopsportal.making import Approval, MadeStep, Making, Part


class ApprovalSerializer(serializers.Serializer[Any]):
    """A change that wrote the thing; `approvers` is empty where a standing policy was enough (`standing`)."""

    change = serializers.IntegerField()
    approvers = serializers.ListField(child=serializers.CharField())
    standing = serializers.BooleanField()
    plan_digest = serializers.CharField()
    applied_at = serializers.DateTimeField(allow_null=True)


class PartSerializer(serializers.Serializer[Any]):
    """What had a hand in it. No `approvals`: it did not come through the portal."""

    ref = serializers.CharField()
    approvals = ApprovalSerializer(many=True)


class GivenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()


class MadeStepSerializer(serializers.Serializer[Any]):
    """A step of the run. `wrote_it`: the version came out of it; "" for what the mirror does not know."""

    path = serializers.CharField()
    status = serializers.CharField()
    component = PartSerializer(allow_null=True)
    environment = serializers.CharField()
    compute = serializers.CharField()
    data = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]  # also a serializer's own
    values = GivenSerializer(many=True)
    wrote_it = serializers.BooleanField()
    reused = serializers.BooleanField()
    duration_seconds = serializers.FloatField(allow_null=True)


class MadeRunSerializer(PartSerializer):
    status = serializers.CharField()
    started_at = serializers.DateTimeField()
    created_by = serializers.CharField()


class MakingSerializer(serializers.Serializer[Any]):
    """How `ref` was made, as far as the mirror knows; `run` null: no run is known to have made it.

    `unapproved`: what had a hand in it and did not come through the portal; `approvals`: the changes that wrote the
    version itself, where it was registered and not written by a run.
    """

    ref = serializers.CharField()
    run = MadeRunSerializer(allow_null=True)
    schedule = PartSerializer(allow_null=True)
    pipeline = PartSerializer(allow_null=True)
    parameters = GivenSerializer(many=True)
    metrics = serializers.DictField()
    steps = MadeStepSerializer(many=True)
    data = PartSerializer(many=True)  # type: ignore[assignment]  # also a serializer's own
    approvals = ApprovalSerializer(many=True)
    unapproved = serializers.ListField(child=serializers.CharField())
    wholly_approved = serializers.BooleanField()

    def to_representation(self, instance: Making) -> dict[str, Any]:
        run = instance.run
        fields: dict[str, Any] = {
            "ref": str(instance.version.ref),
            "run": _run(instance),
            "schedule": _part(instance.schedule),
            "pipeline": _part(instance.pipeline),
            "parameters": _given(instance.parameters),
            "metrics": dict(run.metrics) if run else {},
            "steps": [_step(step) for step in instance.steps],
            "data": [_part(part) for part in instance.data],
            "approvals": _approvals(instance.own),
            "unapproved": [str(part.ref) for part in instance.unapproved],
            "wholly_approved": instance.is_wholly_approved,
        }
        return fields


def _run(making: Making) -> dict[str, Any] | None:
    run, part = making.run, _part(making.run_part)
    if run is None or part is None:
        return None
    return {**part, "status": run.status, "started_at": run.started_at, "created_by": run.created_by}


def _part(part: Part | None) -> dict[str, Any] | None:
    return None if part is None else {"ref": str(part.ref), "approvals": _approvals(part)}


def _approvals(part: Part | None) -> list[dict[str, Any]]:
    return [_approval(item) for item in part.approvals] if part else []


def _approval(item: Approval) -> dict[str, Any]:
    return {
        "change": item.change.pk,
        "approvers": list(item.approvers),
        "standing": item.is_standing,
        "plan_digest": item.plan_digest,
        "applied_at": item.at,
    }


def _given(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _step(made: MadeStep) -> dict[str, Any]:
    step = made.step
    return {
        "path": step.path,
        "status": step.status,
        "component": _part(made.component),
        "environment": made.environment,
        "compute": made.compute,
        "data": [str(part.ref) for part in made.data],
        "values": _given(made.values),
        "wrote_it": made.wrote_it,
        "reused": step.is_reused,
        "duration_seconds": step.duration_seconds,
    }
