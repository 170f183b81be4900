"""The REST views of changes, with their addresses below /api/v1/; each calls one function of the workflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from mlopsportal.accounts.actors import actor_of
from mlopsportal.audit.actions import Actor
from mlopsportal.changes import bundling, workflow
from mlopsportal.changes.errors import ChangeError, InvalidDocuments, NotSubmittable
from mlopsportal.changes.filters import ChangeFilter
from mlopsportal.changes.models import ChangeQuerySet, ChangeRequest
from mlopsportal.changes.rendering import change_json, row_json
from mlopsportal.changes.schemas import (
    ChangePageSerializer,
    ChangeSerializer,
    CheckedSerializer,
    CheckSerializer,
    CommentPageSerializer,
    CommentSerializer,
    EditSerializer,
    OpenSerializer,
    ReviewSerializer,
)
from mlopsportal.changes.states import Origin, State
from mlopsportal.specs import documents as specs_documents
from mlopsportal.specs import validate
from mlopsportal.specs.practices import DEFAULTS
from mlopsportal.specs.problems import Problem
from mlopsportal.ui.api import KeysetPagination
from mlopsportal.ui.openapi import RefusalSerializer
from mlopsportal.ui.parameters import StrictView
from registry.mirror import WorkspaceMirror
from registry.models import Workspace
from registry.practices import levels_of

Data = dict[str, Any]


# Beside what every view refuses: the state does not allow it, or the documents do not.
_REFUSALS: dict[int, type[serializers.Serializer[Any]]] = dict.fromkeys((409, 422), RefusalSerializer)


def _answers(code: int, serializer: Any) -> dict[int, Any]:
    return {code: serializer, **_REFUSALS}


class ChangeView(APIView):
    """What all views of changes share: who asks, what they may see, and how a refusal is answered."""

    def handle_exception(self, exc: Exception) -> Response:
        """Answer the refusals of a change with the state it is in; leave every other error to the framework."""
        if isinstance(exc, ChangeError):
            response = Response(_refusal(exc), status=_status(exc))
            response.exception = True
            return response
        return super().handle_exception(exc)

    def actor(self, request: Request) -> Actor:
        return actor_of(request)

    def visible(self, request: Request) -> ChangeQuerySet:
        return ChangeRequest.objects.for_user(request.user).for_list()

    def change(self, request: Request, number: int) -> ChangeRequest:
        """Return the change, or 404 for one that is not there or not in a workspace the caller sees."""
        if number >= 2**63:
            raise Http404
        return get_object_or_404(self.visible(request), pk=number)

    def shown(self, change: ChangeRequest, code: int = status.HTTP_200_OK) -> Response:
        row = ChangeRequest.objects.for_list().select_related("submitted_by").get(pk=change.pk)
        return Response(change_json(row), status=code)

    def body(self, request: Request, serializer: type[serializers.Serializer[Any]]) -> Data:
        checked = serializer(data=request.data)
        checked.is_valid(raise_exception=True)
        data: Data = checked.validated_data
        return data


def _status(error: ChangeError) -> int:
    if isinstance(error, InvalidDocuments):
        return status.HTTP_400_BAD_REQUEST
    return status.HTTP_422_UNPROCESSABLE_ENTITY if isinstance(error, NotSubmittable) else status.HTTP_409_CONFLICT


def _refusal(error: ChangeError) -> Data:
    answer: Data = {"detail": str(error)}
    if isinstance(error, NotSubmittable):
        answer["problems"] = [{"file": path, **problem} for path, found in error.problems.items() for problem in found]
    state = getattr(error, "state", None)
    return answer if state is None else {**answer, "state": str(state)}


def _pairs(documents: Sequence[Data]) -> list[bundling.Pair]:
    return [(document["path"], document["content"]) for document in documents]


def _workspace(request: Request, slug: str) -> Workspace:
    return get_object_or_404(Workspace.objects.for_user(request.user), slug=slug)


class ChangeList(StrictView, ChangeView):
    """The changes the caller may see, and the door through which a new one comes in."""

    keyset_order = ("-id",)
    takes = (*ChangeFilter.base_filters, "awaiting")

    @extend_schema(
        operation_id="changes_list",
        parameters=[
            OpenApiParameter("state", enum=State.values),
            OpenApiParameter("workspace"),
            OpenApiParameter("author"),
            OpenApiParameter("awaiting", enum=["me"], description="Only what waits for the caller's own review"),
            OpenApiParameter("cursor"),
            OpenApiParameter("size", int),
        ],
        responses=ChangePageSerializer,
    )
    def get(self, request: Request) -> Response:
        narrowed = ChangeFilter(request.GET, queryset=self._base(request), user=request.user)
        if not narrowed.is_valid():
            raise serializers.ValidationError({name: list(found) for name, found in narrowed.errors.items()})
        paginator = KeysetPagination()
        rows = paginator.paginate_queryset(narrowed.qs, request, self)
        return paginator.get_paginated_response([row_json(row) for row in rows])

    def _base(self, request: Request) -> ChangeQuerySet:
        asked = request.GET.get("awaiting", "")
        if asked not in ("", "me"):
            raise serializers.ValidationError({"awaiting": ["It can only be `me`."]})
        visible = self.visible(request)
        return visible.awaiting(request.user) if asked else visible

    @extend_schema(operation_id="changes_open", request=OpenSerializer, responses=_answers(201, ChangeSerializer))
    def post(self, request: Request) -> Response:
        body = self.body(request, OpenSerializer)
        change = workflow.open_change(
            _workspace(request, body["workspace"]),
            _pairs(body["documents"]),
            actor=self.actor(request),
            title=body["title"],
            description=body["description"],
            submit=body["submit"],
            origin=Origin.API,
        )
        return self.shown(change, status.HTTP_201_CREATED)


class ChangeDetail(ChangeView):
    """One change; a new revision of it, or another title."""

    @extend_schema(operation_id="changes_get", responses=_answers(200, ChangeSerializer))
    def get(self, request: Request, number: int) -> Response:
        return self.shown(self.change(request, number))

    @extend_schema(operation_id="changes_edit", request=EditSerializer, responses=_answers(200, ChangeSerializer))
    def patch(self, request: Request, number: int) -> Response:
        change, body, actor = self.change(request, number), self.body(request, EditSerializer), self.actor(request)
        if "title" in body or "description" in body:
            workflow.edit(change, actor=actor, title=body.get("title"), description=body.get("description"))
        if "documents" in body:
            workflow.revise(change, _pairs(body["documents"]), actor=actor)
        return self.shown(change)

    @extend_schema(operation_id="changes_revise", request=EditSerializer, responses=_answers(200, ChangeSerializer))
    def put(self, request: Request, number: int) -> Response:
        return self.patch(request, number)


class ChangeSubmit(ChangeView):
    """Ask for review."""

    @extend_schema(operation_id="changes_submit", request=None, responses=_answers(200, ChangeSerializer))
    def post(self, request: Request, number: int) -> Response:
        return self.shown(workflow.submit(self.change(request, number), actor=self.actor(request)))


class ChangeReviews(ChangeView):
    """Approve, ask for changes, reject, or comment on the current plan."""

    @extend_schema(operation_id="changes_review", request=ReviewSerializer, responses=_answers(200, ChangeSerializer))
    def post(self, request: Request, number: int) -> Response:
        change, body = self.change(request, number), self.body(request, ReviewSerializer)
        return self.shown(workflow.review(change, actor=self.actor(request), **body))


class ChangeApply(ChangeView):
    """Start the apply of an approved change."""

    @extend_schema(operation_id="changes_apply", request=None, responses=_answers(200, ChangeSerializer))
    def post(self, request: Request, number: int) -> Response:
        return self.shown(workflow.request_apply(self.change(request, number), actor=self.actor(request)))


class ChangeWithdraw(ChangeView):
    """Give the change up."""

    @extend_schema(operation_id="changes_withdraw", request=None, responses=_answers(200, ChangeSerializer))
    def post(self, request: Request, number: int) -> Response:
        return self.shown(workflow.withdraw(self.change(request, number), actor=self.actor(request)))


class ChangeComments(ChangeView):
    """The conversation of a change."""

    keyset_order = ("id",)

    @extend_schema(operation_id="changes_comments", responses=_answers(200, CommentPageSerializer))
    def get(self, request: Request, number: int) -> Response:
        comments = self.change(request, number).comments.select_related("author")
        paginator = KeysetPagination()
        rows = paginator.paginate_queryset(comments, request, self)
        found = [{"author": row.author.username, "comment": row.text, "at": row.at} for row in rows]
        return paginator.get_paginated_response(found)

    @extend_schema(operation_id="changes_comment", request=CommentSerializer, responses=_answers(200, ChangeSerializer))
    def post(self, request: Request, number: int) -> Response:
        change, body = self.change(request, number), self.body(request, CommentSerializer)
        workflow.comment(change, text=body["comment"], actor=self.actor(request))
        return self.shown(change)


class DocumentsCheck(ChangeView):
    """Check documents as they stand; with a workspace, against its mirror and by its levels too. Opens nothing."""

    @extend_schema(
        operation_id="documents_check", request=CheckSerializer, responses=_answers(200, CheckedSerializer(many=True))
    )
    def post(self, request: Request) -> Response:
        body = self.body(request, CheckSerializer)
        slug = body.get("workspace")
        workspace = None if slug is None else _workspace(request, slug)
        mirror = None if workspace is None else WorkspaceMirror(workspace)
        levels = DEFAULTS if workspace is None else levels_of(workspace)
        read = [specs_documents.read(path, text) for path, text in bundling.confined(_pairs(body["documents"]))]
        problems = validate.check(read, mirror=mirror, now=timezone.now(), levels=levels)
        return Response([_checked(document, problems[document.path]) for document in read])


def _checked(document: specs_documents.Document, problems: Sequence[Problem]) -> Data:
    return {
        "file": document.path,
        "kind": str(document.kind),
        "ok": not any(problem.is_error for problem in problems),
        "problems": [problem.as_json() for problem in problems],
    }


urlpatterns: list[URLPattern | URLResolver] = [
    path("changes/", ChangeList.as_view(), name="api-change-list"),
    path("changes/<int:number>/", ChangeDetail.as_view(), name="api-change-detail"),
    path("changes/<int:number>/submit/", ChangeSubmit.as_view(), name="api-change-submit"),
    path("changes/<int:number>/reviews/", ChangeReviews.as_view(), name="api-change-reviews"),
    path("changes/<int:number>/apply/", ChangeApply.as_view(), name="api-change-apply"),
    path("changes/<int:number>/withdraw/", ChangeWithdraw.as_view(), name="api-change-withdraw"),
    path("changes/<int:number>/comments/", ChangeComments.as_view(), name="api-change-comments"),
    path("documents/check/", DocumentsCheck.as_view(), name="api-documents-check"),
]
