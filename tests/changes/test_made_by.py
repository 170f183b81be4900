"""Pages of what the portal made name the change and its people, not the account that the portal signs in with."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mlopsportal.audit.actions import SYSTEM
from mlopsportal.changes.approvals import making_of
from mlopsportal.changes.models import ChangeRequest
from registry.models import Run
from registry.sync import sync_workspace
from tests.changes.building import Team, applied, component_text, guide_documents, opened, queued
from tests.queue.draining import drain

pytestmark = pytest.mark.django_db
RUN = 'action: run\ntarget: "component:training_pipeline:1"\n'


def words(team: Team, path: str) -> str:
    """Return the text of a page without its tags."""
    client = Client()
    client.force_login(team["viewer"])
    shown = client.get(path).content.decode()
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", shown)).split())


def test_a_version_names_the_change_its_author_and_its_approver(team: Team) -> None:
    change = applied(team, [("prep.yml", component_text())])
    shown = words(team, "/w/demo/components/prepare/versions/1/")
    assert f"by change {change.pk}, author author, approved by reviewer" in shown


def test_a_version_from_elsewhere_keeps_the_name_azure_has(team: Team) -> None:
    shown = words(team, "/w/demo/components/model_training/versions/1/")
    assert "by change" not in shown
    assert "published" in shown


def test_a_change_that_only_archived_a_version_did_not_publish_it(team: Team) -> None:
    applied(team, [("a.yml", "action: archive\ntarget: component:model_training:1\n")])
    assert "by change" not in words(team, "/w/demo/components/model_training/versions/1/")


def test_a_run_under_the_standing_policy_says_so(team: Team) -> None:
    applied(team, guide_documents())
    change = queued(team, opened(team, [("run.yml", RUN)], by="operator"))
    drain()
    sync_workspace(team.workspace, actor=SYSTEM, reason="test")
    run = Run.objects.get(workspace=team.workspace)
    shown = words(team, f"/w/demo/runs/{run.job_name}/")
    assert f"started by change {change.pk}, author operator, under the standing policy" in shown


def test_what_came_another_way_costs_one_query(team: Team) -> None:
    assert ChangeRequest.objects.count() == 0
    with CaptureQueriesContext(connection) as queries:
        assert making_of(team.workspace, "component:model_training:1") is None
    assert len(queries) == 1


def test_the_version_page_shows_the_defaults_of_its_runs_with_where_they_come_from(team: Team) -> None:
    applied(team, guide_documents())
    shown = words(team, "/w/demo/pipelines/training_pipeline/versions/1/")
    assert "azureml:raw-data:1 run default of this version" in shown
    assert "A run by default uses compute" in shown
