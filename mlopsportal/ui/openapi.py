"""What the OpenAPI document says of every operation beside its own answer: the refusals; knows no view."""

from __future__ import annotations

from typing import Any, Final, Literal

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

REFUSALS: Final = (400, 401, 403, 404, 429)


class RefusalSerializer(serializers.Serializer[Any]):
    """The one shape of a refusal: `problems` where the request is not well formed, `state` where a change is not."""

    detail = serializers.CharField()
    state = serializers.CharField(required=False)
    problems = serializers.ListField(child=serializers.DictField(), required=False)


class RefusingSchema(AutoSchema):
    """Describes, with each operation, how it refuses: every view answers so by the site's exception handler."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        refusal = self._get_response_for_code(RefusalSerializer, "400")  # type: ignore[no-untyped-call]
        return {**{str(code): refusal for code in REFUSALS}, **bodies}
