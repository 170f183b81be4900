"""Two open changes for one version know of each other, on both pages and in both plans."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mlopsportal.changes import workflow
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.views.rivals import rivals_of
from tests.changes.building import Team, component_text, fresh, guide_documents, opened

pytestmark = pytest.mark.django_db
NOTE = "Another open change wants the same"
LINE = "wants the same object"


def page(team: Team, change: ChangeRequest) -> str:
    client = Client()
    client.force_login(team["reviewer"])
    return client.get(reverse("change-detail", args=[change.pk])).content.decode()


def test_both_changes_for_one_version_name_each_other(team: Team) -> None:
    one = opened(team, [("prep.yml", component_text())])
    assert NOTE not in page(team, one)
    two = opened(team, [("other.yml", component_text(command="python other.py"))])
    for change, other in ((one, two), (two, one)):
        shown = page(team, change)
        assert NOTE in shown
        assert LINE in shown
        assert f"A change #{other.pk}" in shown


def test_another_version_of_the_same_component_is_no_rival(team: Team) -> None:
    one = opened(team, [("prep.yml", component_text())])
    opened(team, [("prep.yml", component_text(version="2"))])
    assert NOTE not in page(team, one)


def test_versions_that_planning_fixed_meet_too(team: Team) -> None:
    one = opened(team, guide_documents())
    two = opened(team, guide_documents())
    assert f"A change #{two.pk}" in page(team, one)


def test_a_withdrawn_change_is_no_rival_and_has_none(team: Team) -> None:
    one = opened(team, [("prep.yml", component_text())])
    two = opened(team, [("prep.yml", component_text())])
    workflow.withdraw(two, actor=team.actor("author"))
    assert NOTE not in page(team, one)
    assert NOTE not in page(team, fresh(two))


def test_looking_for_rivals_takes_three_queries_however_many_there_are(team: Team) -> None:
    one = opened(team, [("prep.yml", component_text())])
    for _ in range(4):
        opened(team, [("prep.yml", component_text())])
    with CaptureQueriesContext(connection) as queries:
        found = rivals_of(one, ["component:prepare:1"])
    assert len(found) == 4
    assert len(queries) == 3
