"""The shapes of the REST interface of changes: what requests may hold, and what answers look like in the schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from mlopsportal.changes import bundling
from mlopsportal.changes.states import State, Verdict


class DocumentSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(max_length=bundling.LONGEST_PATH)
    content = serializers.CharField(
        allow_blank=True, trim_whitespace=False, max_length=bundling.MOST_BYTES, help_text="The YAML text"
    )


class OpenSerializer(serializers.Serializer[Any]):
    workspace = serializers.SlugField()
    title = serializers.CharField(max_length=200)
    description = serializers.CharField(allow_blank=True, default="", max_length=20_000)
    documents = DocumentSerializer(many=True, allow_empty=False)
    submit = serializers.BooleanField(default=False)


class EditSerializer(serializers.Serializer[Any]):
    """What is left out stays as it is; `documents` make a new revision."""

    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(allow_blank=True, required=False, max_length=20_000)
    documents = DocumentSerializer(many=True, allow_empty=False, required=False)


class ReviewSerializer(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    plan_digest = serializers.CharField(max_length=64)
    comment = serializers.CharField(allow_blank=True, default="", max_length=20_000)


class CommentSerializer(serializers.Serializer[Any]):
    comment = serializers.CharField(max_length=20_000)


class CheckSerializer(serializers.Serializer[Any]):
    workspace = serializers.SlugField(required=False)
    documents = DocumentSerializer(many=True, allow_empty=False)


class ProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    path = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)
    severity = serializers.ChoiceField(choices=["error", "advice"])
    message = serializers.CharField()
    fix = serializers.CharField()


class CheckedSerializer(serializers.Serializer[Any]):
    file = serializers.CharField()
    kind = serializers.CharField()
    ok = serializers.BooleanField()
    problems = ProblemSerializer(many=True)


class RepairSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    path = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    before = serializers.CharField()
    after = serializers.CharField()
    message = serializers.CharField()


class ShownDocumentSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    ref = serializers.CharField()
    problems = ProblemSerializer(many=True)
    repairs = RepairSerializer(many=True)


class SummarySerializer(serializers.Serializer[Any]):
    add = serializers.IntegerField()
    change = serializers.IntegerField()
    remove = serializers.IntegerField()


class PlanRequestSerializer(serializers.Serializer[Any]):
    method = serializers.CharField()
    arm_id = serializers.CharField()
    api_version = serializers.CharField()
    body = serializers.JSONField(allow_null=True)


class PlanStepSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    action = serializers.CharField()
    base = serializers.CharField(allow_null=True)


class PlanSerializer(serializers.Serializer[Any]):
    digest = serializers.CharField()
    made_at = serializers.DateTimeField()
    summary = SummarySerializer()
    verdict = serializers.CharField()
    requests = PlanRequestSerializer(many=True)
    steps = PlanStepSerializer(many=True)


class CheckOutcomeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    level = serializers.ChoiceField(choices=["advisory", "soft", "hard"])
    passed = serializers.BooleanField()
    message = serializers.CharField()


class ShownReviewSerializer(serializers.Serializer[Any]):
    reviewer = serializers.CharField()
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    plan_digest = serializers.CharField()
    counts = serializers.BooleanField()
    comment = serializers.CharField()


class ApprovalsSerializer(serializers.Serializer[Any]):
    needed = serializers.IntegerField()
    given = serializers.IntegerField()
    why = serializers.ListField(child=serializers.CharField())


class StepSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    state = serializers.CharField()
    attempts = serializers.IntegerField()


class ChangeSerializer(serializers.Serializer[Any]):
    """The fields describe what `rendering.change_json` makes."""

    number = serializers.IntegerField()
    workspace = serializers.CharField()
    state = serializers.ChoiceField(choices=State.choices)
    title = serializers.CharField()
    author = serializers.CharField()
    revision = serializers.IntegerField()
    revision_digest = serializers.CharField()
    documents = ShownDocumentSerializer(many=True)
    plan = PlanSerializer(allow_null=True)
    checks = CheckOutcomeSerializer(many=True)
    reviews = ShownReviewSerializer(many=True)
    approvals = ApprovalsSerializer()
    steps = StepSerializer(many=True)
    next = serializers.CharField()


class ChangeRowSerializer(serializers.Serializer[Any]):
    """The fields describe what `rendering.row_json` makes."""

    number = serializers.IntegerField()
    workspace = serializers.CharField()
    state = serializers.ChoiceField(choices=State.choices)
    title = serializers.CharField()
    author = serializers.CharField()
    revision = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    next = serializers.CharField()


class ChangePageSerializer(serializers.Serializer[Any]):
    results = ChangeRowSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class CommentRowSerializer(serializers.Serializer[Any]):
    author = serializers.CharField()
    comment = serializers.CharField()
    at = serializers.DateTimeField()


class CommentPageSerializer(serializers.Serializer[Any]):
    results = CommentRowSerializer(many=True)
    next = serializers.CharField(allow_null=True)
