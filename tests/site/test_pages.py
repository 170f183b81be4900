"""My work, search and comparison: pages laid together from several rooms."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import Role
from mlopsportal.changes import workflow
from mlopsportal.changes.models import ChangeRequest
from registry.models import Run, Workspace
from scheduling.models import ScheduleState
from tests.registry.building import make_user

pytestmark = pytest.mark.django_db
COMPONENT = """
name: prepare
version: 1
type: command
inputs: {raw: {type: uri_folder}, rate: {type: number, default: 1}}
command: python prepare.py ${{inputs.raw}}
environment: azureml:data-prep-env:1
"""


def signed_in(workspace: Workspace, role: Role = Role.VIEWER) -> Client:
    client = Client()
    client.force_login(make_user(role.value, workspace, role=role))
    return client


def draft(workspace: Workspace, text: str = COMPONENT) -> int:
    user = make_user("writer", workspace, role=Role.AUTHOR)
    return workflow.open_change(
        workspace, [("prepare.yml", text)], actor=actor_of_user(user), title="Draft of prepare"
    ).pk


def test_my_work_shows_what_runs_fires_and_was_noticed(mirrored: Workspace) -> None:
    shown = signed_in(mirrored).get(reverse("home")).content.decode()
    assert "Nothing waits for you" in shown
    assert "churn-scoring-daily" in shown
    assert "Ran an unregistered definition" in shown


def test_my_work_of_an_author_holds_their_open_changes(mirrored: Workspace) -> None:
    draft(mirrored)
    client = Client()
    client.force_login(User.objects.get(username="writer"))
    assert "Draft of prepare" in client.get(reverse("home")).content.decode()
    assert "Draft of prepare" not in signed_in(mirrored).get(reverse("home")).content.decode()


def test_somebody_without_a_role_is_told_whom_to_ask(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("new", password="correct horse battery"))
    assert "No workspace yet" in client.get(reverse("home")).content.decode()


def test_my_work_asks_the_same_few_questions_for_many_workspaces(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    client.get(reverse("home"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("home"))
    for number in range(5):
        other = Workspace.objects.create(slug=f"w{number}", subscription_id="s", resource_group="r", name=f"w{number}")
        Membership.objects.create(user=User.objects.get(username="viewer"), workspace=other, role=Role.VIEWER)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("home"))
    assert len(many) == len(one) <= 18


def test_a_visitor_is_sent_to_sign_in(db: None) -> None:
    for name in ("home", "search", "compare"):
        assert Client().get(reverse(name)).headers["Location"].startswith("/accounts/login/")


def test_search_finds_objects_of_every_room(mirrored: Workspace) -> None:
    draft(mirrored)
    client = signed_in(mirrored)
    found = client.get(reverse("search"), {"q": "churn"}).context["page"].results
    assert {"component", "pipeline", "schedule", "run"} <= {entry.kind for entry in found}
    assert "Draft of prepare" in client.get(reverse("search"), {"q": "prepare"}).content.decode()


@pytest.mark.parametrize("query", ["", "x", "\x00", "%", "'", '"', "zzzzzz", "a" * 5000, "<script>"])
def test_search_takes_any_text(mirrored: Workspace, query: str) -> None:
    response = signed_in(mirrored).get(reverse("search"), {"q": query})
    assert response.status_code == 200
    assert "<script>" not in response.content.decode().replace("<script src", "")


def test_what_was_searched_for_stands_in_the_tab_with_what_is_invisible_written_out(mirrored: Workspace) -> None:
    shown = signed_in(mirrored).get(reverse("search"), {"q": "churn\u202egpj"}).content.decode()
    title = shown.partition("<title>")[2].partition("</title>")[0]
    assert "\u202e" not in title
    assert title.startswith("churn")
    assert "gpj" in title


def test_two_pipeline_versions_are_compared_on_page_and_by_rest(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    sides = {"left": "demo/component:churn_training:5", "right": "demo/component:churn_training:6"}
    for view in ("fields", "graph", "text"):
        response = client.get(reverse("compare"), sides | {"view": view})
        assert response.status_code == 200
        assert "train_churn_model" in response.content.decode()
    body = client.get("/api/v1/compare/", sides).json()
    assert body["verdict"] == "patch"
    assert {"id": "train", "state": "changed"} in body["graph"]["nodes"]
    assert [change["path"] for change in body["changes"]] == ["jobs.train.component"]


def test_a_thing_compared_with_itself_shows_no_difference(mirrored: Workspace) -> None:
    run = Run.objects.filter(status="Completed").order_by("-started_at")[0]
    for ref in ("demo/component:churn_training:6", f"demo/run:{run.job_name}", "demo/schedule:churn-training-weekly"):
        body = signed_client(mirrored).get("/api/v1/compare/", {"left": ref, "right": ref}).json()
        assert (body["verdict"], body["changes"]) == ("patch", [])


def signed_client(workspace: Workspace) -> Client:
    user = User.objects.filter(username="viewer").first() or make_user("viewer", workspace)
    client = Client()
    client.force_login(user)
    return client


def test_a_draft_is_compared_with_another_revision_of_itself(mirrored: Workspace) -> None:
    number = draft(mirrored)
    change = workflow.revise(
        ChangeRequest.objects.get(pk=number),
        [("prepare.yml", COMPONENT.replace(", rate: {type: number, default: 1}", ""))],
        actor=actor_of_user(User.objects.get(username="writer")),
    )
    sides = {"left": f"change:{number}@1:prepare.yml", "right": f"change:{number}@{change.revision_number}:prepare.yml"}
    body = signed_in(mirrored).get("/api/v1/compare/", sides).json()
    assert body["verdict"] == "breaking"
    assert body["reasons"][0]["path"] == "inputs.rate"


def test_a_past_state_of_a_schedule_can_be_compared(mirrored: Workspace) -> None:
    state = ScheduleState.objects.get(name="churn-training-weekly")
    ref = f"demo/schedule:{state.name}@{state.digest}"
    body = signed_in(mirrored).get("/api/v1/compare/", {"left": ref, "right": f"demo/schedule:{state.name}"})
    assert body.status_code == 200
    assert json.loads(body.content)["changes"] == []


@pytest.mark.parametrize("ref", ["demo/component:none:1", "other/run:x", "change:99@1:a"])
def test_what_names_nothing_is_not_found_in_words(mirrored: Workspace, ref: str) -> None:
    client = signed_in(mirrored)
    sides = {"left": ref, "right": "demo/component:churn_training:6"}
    assert client.get("/api/v1/compare/", sides).status_code == 404
    page = client.get(reverse("compare"), sides)
    assert page.status_code == 404
    assert "This cannot be compared" in page.content.decode()


def test_comparing_needs_both_sides(mirrored: Workspace) -> None:
    body = signed_in(mirrored).get("/api/v1/compare/", {"left": "demo/component:churn_training:6"})
    assert body.status_code == 400
    assert body.json()["problems"][0]["path"] == "right"
