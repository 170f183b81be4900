"""What the checker of documents learns from the mirror, and what that costs."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from mlopsportal.specs.ref import Ref
from registry.mirror import WorkspaceMirror
from registry.models import Version, Workspace

pytestmark = pytest.mark.django_db


def test_it_works(mirrored: Workspace) -> None:
    mirror = WorkspaceMirror(mirrored)
    found = mirror.version(Ref("component", "model_training", "1"))
    assert found
    assert (found.type, found.archived) == ("command", False)
    assert found.interface
    assert list(found.interface.inputs) == ["training_data"]
    assert mirror.version(Ref("component", "nothing", "1")) is None
    assert mirror.version(Ref("component", "model_training", "9")) is None
    assert "serverless" in mirror.computes()
    assert mirror.default_compute() == "serverless"
    assert mirror.datastores() == {"workspaceblobstore"}
    assert mirror.schedule("weekly_training") is False


def test_versions_come_newest_first(mirrored: Workspace) -> None:
    many = Version.objects.filter(kind="component", version="4", asset__is_anonymous=False)[0]
    rows = Version.objects.filter(kind="component", name=many.name).order_by("-created_at", "-id")
    assert WorkspaceMirror(mirrored).versions("component", many.name) == [row.version for row in rows]


def test_a_question_is_asked_once(mirrored: Workspace) -> None:
    mirror = WorkspaceMirror(mirrored)
    with CaptureQueriesContext(database) as queries:
        for _ in range(3):
            mirror.version(Ref("component", "model_training", "1"))
            mirror.versions("component", "model_training")
            mirror.schedule("x")
    assert len(queries) == 2
