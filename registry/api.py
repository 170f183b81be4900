"""The REST views of registry, with their addresses below /api/v1/: the mirror, read only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from django.db.models import QuerySet
from django.forms import BaseForm
from django.urls import URLPattern, URLResolver, path, register_converter
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.models import User
from mlopsportal.accounts.roles import Permission, require
from mlopsportal.specs.practices import DEFAULTS, Level
from mlopsportal.ui.openapi import RefusalSerializer
from mlopsportal.ui.parameters import StrictView
from registry.errors import LevelsChanged
from registry.filters import ARCHIVE, AssetFilter, RunFilter, WorkspaceFilter
from registry.lineage import DEEPEST, DEPTH, KINDS, is_known, lineage_of
from registry.models import Asset, Run, RunStatus, Version, Workspace
from registry.practices import levels_of, settings_shown
from registry.reading import LineageForm
from registry.sections import SECTIONS, Section, SectionConverter
from registry.serializers import (
    AssetSerializer,
    LevelsSerializer,
    LineageSerializer,
    PracticeListSerializer,
    RunDetailSerializer,
    RunSerializer,
    VersionDetailSerializer,
    VersionSerializer,
    WorkspaceSerializer,
)
from registry.workflow import set_practice_levels

_TEXT = OpenApiParameter(
    "q", str, description="Words that must occur; fewer than three characters: how the name begins"
)
_ARCHIVED = OpenApiParameter("archived", str, enum=[word for word, _ in ARCHIVE], description="Left out: active only")
_SORT = OpenApiParameter("sort", str, enum=["changed"], description="Newest version first; left out: by name")
_RUN_FILTERS = [
    _TEXT,
    _ARCHIVED,
    OpenApiParameter("status", str, enum=["active", *RunStatus.values]),
    *(OpenApiParameter(name, str) for name in ("pipeline", "schedule", "experiment", "created_by")),
    OpenApiParameter("after", str, description="ISO 8601: began then or later"),
    OpenApiParameter("before", str, description="ISO 8601: began before"),
]


class InWorkspace(StrictView):
    """A view about one workspace; 404 for one the caller may not see."""

    @cached_property
    def workspace(self) -> Workspace:
        user = cast(User, self.request.user)  # IsAuthenticated stands before every view
        return get_object_or_404(Workspace.objects.for_user(user), slug=self.kwargs["slug"])

    @property
    def section(self) -> Section:
        return SECTIONS[self.kwargs["section"]]

    def assets(self) -> QuerySet[Asset]:
        section = self.section
        return Asset.objects.listed(self.workspace, section.kind, pipelines=section.pipelines).for_list()


def readable(form: BaseForm) -> None:
    """Raise ValidationError (400) naming each parameter that cannot be read."""
    if not form.is_valid():
        raise ValidationError({name: [str(text) for text in errors] for name, errors in form.errors.items()})


def narrowed(found: WorkspaceFilter) -> QuerySet[Any]:
    """Return what a filter leaves. Raises ValidationError (400) naming each parameter that cannot be read."""
    readable(found.form)
    return found.qs


class WorkspaceList(StrictView, generics.ListAPIView[Workspace]):
    """The workspaces the caller may see, by slug."""

    serializer_class = WorkspaceSerializer
    keyset_order = ("slug",)
    queryset = Workspace.objects.all()

    def get_queryset(self) -> QuerySet[Workspace]:
        return Workspace.objects.for_user(cast(User, self.request.user))


class WorkspaceDetail(StrictView, generics.RetrieveAPIView[Workspace]):
    """One workspace."""

    serializer_class = WorkspaceSerializer
    queryset = Workspace.objects.all()
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Workspace]:
        return Workspace.objects.for_user(cast(User, self.request.user))


class AssetList(InWorkspace, generics.ListAPIView[Asset]):
    """The names of one kind, by name or by when their newest version came."""

    serializer_class = AssetSerializer
    takes = tuple(AssetFilter.base_filters)
    queryset = Asset.objects.all()

    @cached_property
    def filter(self) -> AssetFilter:
        kind = self.section.search_kind
        return AssetFilter(self.request.GET, queryset=self.assets(), workspace=self.workspace, kind=kind)

    @property
    def keyset_order(self) -> tuple[str, ...]:
        return self.filter.order

    def get_queryset(self) -> QuerySet[Asset]:
        return narrowed(self.filter)

    @extend_schema(operation_id="assets_list", parameters=[_TEXT, _ARCHIVED, _SORT])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


@extend_schema_view(get=extend_schema(operation_id="assets_retrieve"))
class AssetDetail(InWorkspace, generics.RetrieveAPIView[Asset]):
    """One name."""

    serializer_class = AssetSerializer
    queryset = Asset.objects.all()

    def get_object(self) -> Asset:
        return get_object_or_404(self.assets(), name=self.kwargs["name"])


class VersionList(InWorkspace, generics.ListAPIView[Version]):
    """The versions of one name, newest first."""

    serializer_class = VersionSerializer
    keyset_order = ("-created_at", "-id")
    queryset = Version.objects.all()

    def get_queryset(self) -> QuerySet[Version]:
        asset = get_object_or_404(self.assets(), name=self.kwargs["name"])
        return asset.versions.for_list().select_related("definition").defer("remainder", "definition__body")


class VersionDetail(InWorkspace, generics.RetrieveAPIView[Version]):
    """One version with its YAML, its interface, its score, who uses it, and its raw JSON."""

    serializer_class = VersionDetailSerializer
    queryset = Version.objects.all()

    def get_object(self) -> Version:
        asset = get_object_or_404(self.assets(), name=self.kwargs["name"])
        rows = Version.objects.filter(asset=asset).select_related("workspace", "definition", "part")
        return get_object_or_404(rows, version=self.kwargs["version"])


class RunList(InWorkspace, generics.ListAPIView[Run]):
    """The runs, newest first, narrowed as on the page."""

    serializer_class = RunSerializer
    takes = tuple(RunFilter.base_filters)
    keyset_order = ("-started_at", "-id")
    queryset = Run.objects.all()

    def get_queryset(self) -> QuerySet[Run]:
        rows = Run.objects.filter(workspace=self.workspace).for_list()
        return narrowed(RunFilter(self.request.GET, queryset=rows, workspace=self.workspace))

    @extend_schema(parameters=_RUN_FILTERS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class RunDetail(InWorkspace, generics.RetrieveAPIView[Run]):
    """One run with its steps, metrics, lineage and raw JSON; `steps_synced_at` null: its steps were not read yet."""

    serializer_class = RunDetailSerializer
    queryset = Run.objects.all()

    def get_object(self) -> Run:
        rows = Run.objects.filter(workspace=self.workspace).select_related("definition", "part", "pipeline")
        return get_object_or_404(rows, job_name=self.kwargs["job_name"])


class LineageView(InWorkspace):
    """What led to a thing and what came of it."""

    takes = tuple(LineageForm.base_fields)

    @extend_schema(
        parameters=[
            OpenApiParameter("ref", str, required=True, description="kind:name[:version], e.g. model:churn:3"),
            OpenApiParameter("depth", int, description=f"Runs in each direction, 1 to {DEEPEST}; default {DEPTH}"),
            OpenApiParameter("direction", str, enum=["up", "down"], description="Left out: both"),
            OpenApiParameter("kind", str, many=True, enum=[*KINDS], description="Left out: all of them"),
            OpenApiParameter("steps", bool, description="Steps as nodes of their own"),
        ],
        responses=LineageSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        workspace, form = self.workspace, LineageForm(request.GET, workspace=self.workspace)
        form.fields["ref"].required = True
        readable(form)
        ref = form.cleaned_data["ref"]
        if not is_known(workspace, ref):
            raise NotFound(f"The mirror knows nothing called {ref}.")
        return Response(LineageSerializer(lineage_of(workspace, ref, wish=form.wish)).data)


class PracticesView(InWorkspace):
    """How strictly a workspace takes each best practice."""

    @extend_schema(operation_id="practices_list", responses=PracticeListSerializer)
    def get(self, request: Request, slug: str) -> Response:
        return self._shown(levels_of(self.workspace))

    @extend_schema(
        operation_id="practices_set",
        request=LevelsSerializer,
        responses={200: PracticeListSerializer, 409: RefusalSerializer},
        description="Sets every level; what `levels` leaves out goes back to its default.",
    )
    def put(self, request: Request, slug: str) -> Response:
        return self._set(request, DEFAULTS)

    @extend_schema(
        operation_id="practices_change",
        request=LevelsSerializer,
        responses={200: PracticeListSerializer, 409: RefusalSerializer},
        description="Sets the levels that are named; the others stay.",
    )
    def patch(self, request: Request, slug: str) -> Response:
        return self._set(request, {})

    def _set(self, request: Request, base: Mapping[str, Level]) -> Response:
        workspace, actor = self.workspace, actor_of(request)
        require(actor, Permission.MANAGE, workspace)
        asked = LevelsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        try:
            levels = set_practice_levels(
                workspace, {**base, **given["levels"]}, actor=actor, opened=given.get("opened")
            )
        except LevelsChanged as error:
            return Response({"detail": f"{error}."}, status=status.HTTP_409_CONFLICT)
        return self._shown(levels)

    def _shown(self, levels: Mapping[str, Level]) -> Response:
        return Response(PracticeListSerializer({"results": settings_shown(levels), "next": None}).data)


register_converter(SectionConverter, "asset_section")
_ASSETS = "workspaces/<slug:slug>/<asset_section:section>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("workspaces/", WorkspaceList.as_view(), name="api-workspace-list"),
    path("workspaces/<slug:slug>/", WorkspaceDetail.as_view(), name="api-workspace-detail"),
    path("workspaces/<slug:slug>/practices/", PracticesView.as_view(), name="api-practices"),
    path("workspaces/<slug:slug>/lineage/", LineageView.as_view(), name="api-lineage"),
    path("workspaces/<slug:slug>/runs/", RunList.as_view(), name="api-run-list"),
    path("workspaces/<slug:slug>/runs/<str:job_name>/", RunDetail.as_view(), name="api-run-detail"),
    path(_ASSETS, AssetList.as_view(), name="api-asset-list"),
    path(f"{_ASSETS}<str:name>/", AssetDetail.as_view(), name="api-asset-detail"),
    path(f"{_ASSETS}<str:name>/versions/", VersionList.as_view(), name="api-version-list"),
    path(f"{_ASSETS}<str:name>/versions/<str:version>/", VersionDetail.as_view(), name="api-version-detail"),
]
