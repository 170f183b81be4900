"""The REST door: the rooms' views under one address, their schema, and one shape for every refusal."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import BadRequest
from django.urls import URLPattern, URLResolver, path, re_path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as framework_handler

from mlopsportal.accounts import api as accounts
from mlopsportal.accounts.models import User
from mlopsportal.audit import api as audit
from mlopsportal.changes import api as changes
from mlopsportal.comparison import NotComparable, compared, completed
from mlopsportal.making import makeable, making_of
from mlopsportal.making_serializers import MakingSerializer
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.nowhere import NowhereView
from mlopsportal.ui.parameters import StrictView
from registry import api as registry
from registry.api import InWorkspace
from registry.models import Version, Workspace
from registry.reading import ref_in
from scheduling import api as scheduling
from scheduling.impact import affected_by
from scheduling.serializers import ImpactSerializer

_SIDE = (
    "workspace/kind:name:version, e.g. demo/component:train:3, or a draft, change:17@2:train.yml. The workspace may be "
    "left out where the other side names it, or where you can read only one."
)


class CompareView(StrictView):
    """Two refs compared: the verdict with its reasons, every change, and what became of each node and edge."""

    takes = ("left", "right")

    @extend_schema(
        parameters=[
            OpenApiParameter("left", str, required=True, description=_SIDE),
            OpenApiParameter("right", str, required=True),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        left, right = (request.query_params.get(side, "")[:1000] for side in ("left", "right"))
        missing = [name for name, given in (("left", left), ("right", right)) if not given]
        if missing:
            raise ValidationError({name: ["Name what to compare: workspace/kind:name:version."] for name in missing})
        readable = Workspace.objects.for_user(cast(User, request.user)).values_list("slug", flat=True)[:2]
        left, right = completed(left, right, readable[0] if len(readable) == 1 else "")
        try:
            return Response(compared(left, right, request.user).as_json())
        except NotComparable as error:
            if error.is_malformed:
                raise ValidationError({error.side: [f"“{error.text[:120]}” {error.reason}"]}) from error
            raise NotFound(str(error)) from error


class ImpactView(InWorkspace):
    """Who uses a version: other versions with node and port, schedules, recent runs, models, other workspaces."""

    takes = ("ref",)

    @extend_schema(
        parameters=[
            OpenApiParameter("ref", str, required=True, description="kind:name:version, e.g. component:train:3")
        ],
        responses=ImpactSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        ref = _ref_asked(self.workspace, request)
        if not Version.objects.named(self.workspace, ref).exists():
            raise NotFound(f"{ref} is no version that the mirror of {self.workspace.slug} knows.")
        visible = Workspace.objects.for_user(cast(User, request.user))
        found = affected_by(self.workspace, ref, visible=visible, now=timezone.now())
        return Response(ImpactSerializer(found).data)


class MakingView(InWorkspace):
    """How a model or data version was made: run, steps, components, data, and who approved each."""

    takes = ("ref",)

    @extend_schema(
        parameters=[OpenApiParameter("ref", str, required=True, description="model:name:version or data:name:version")],
        responses=MakingSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        ref = _ref_asked(self.workspace, request)
        version = makeable(self.workspace, ref).first()
        if version is None:
            raise NotFound(f"{ref} is no model or data version that the mirror of {self.workspace.slug} knows.")
        return Response(MakingSerializer(making_of(version)).data)


def _ref_asked(workspace: Workspace, request: Request) -> Ref:
    """Return what `?ref=` names in this workspace. Raises ValidationError (400)."""
    try:
        return ref_in(workspace, request.query_params.get("ref", "")[:1000])
    except BadRequest as error:
        raise ValidationError({"ref": [f"{error}."]}) from error


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return `{detail, problems?, state?}` for every refusal; None lets an unexpected error be a 500.

    `problems` names each field of a malformed request: `[{path, message}]`.
    """
    response = framework_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = {"detail": "The request is not well formed.", "problems": field_problems(error.detail)}
    return response


def field_problems(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Flatten DRF's nested error detail into `[{path, message}]`, paths as in `documents[0].path`."""
    if isinstance(detail, dict):
        return [
            problem
            for name, inner in detail.items()
            for problem in field_problems(inner, f"{path}.{name}" if path else str(name))
        ]
    if isinstance(detail, list):
        nested = any(isinstance(inner, (dict, list)) for inner in detail)
        return [
            problem
            for index, inner in enumerate(detail)
            for problem in field_problems(inner, f"{path}[{index}]" if nested else path)
        ]
    return [{"path": path, "message": str(detail)}]


urlpatterns: list[URLPattern | URLResolver] = [
    path("compare/", CompareView.as_view(), name="api-compare"),
    path("workspaces/<slug:slug>/impact/", ImpactView.as_view(), name="api-impact"),
    path("workspaces/<slug:slug>/making/", MakingView.as_view(), name="api-making"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    *registry.urlpatterns,
    *scheduling.urlpatterns,
    *changes.urlpatterns,
    *accounts.urlpatterns,
    *audit.urlpatterns,
    re_path("", NowhereView.as_view(), name="api-nowhere"),
]
