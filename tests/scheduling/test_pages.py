"""The pages and REST views of schedules over a mirrored demo."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlopsportal.accounts.permissions import Role
from registry.models import Workspace
from scheduling.models import Schedule, ScheduleState, Trigger
from tests.registry.building import make_user

pytestmark = pytest.mark.django_db
API = "/api/v1/workspaces/demo/schedules/"


def signed_in(workspace: Workspace, role: Role = Role.VIEWER) -> Client:
    client = Client()
    client.force_login(make_user(role.value, workspace, role=role))
    return client


def make_trigger(workspace: Workspace, name: str = "data_driven") -> Trigger:
    now = timezone.now()
    return Trigger.objects.create(
        workspace=workspace,
        name=name,
        type="data",
        spec={"datastore": "workspaceblobstore"},
        pipeline_ref="component:churn_training:6",
        fingerprint="0" * 64,
        change=1,
        created_at=now,
        modified_at=now,
    )


def test_the_list_shows_every_schedule_and_the_portals_own_triggers(mirrored: Workspace) -> None:
    make_trigger(mirrored)
    shown = signed_in(mirrored).get(reverse("schedule-list", args=["demo"])).content.decode()
    assert all(name in shown for name in Schedule.objects.values_list("name", flat=True))
    assert "stored, does not fire yet" in shown


@pytest.mark.parametrize(
    ("query", "count"), [({"enabled": "off"}, 2), ({"trigger": "cron"}, 4), ({"pipeline": "fraud_scoring"}, 2)]
)
def test_the_list_is_narrowed_by_its_filters(mirrored: Workspace, query: dict[str, str], count: int) -> None:
    page = signed_in(mirrored).get(reverse("schedule-list", args=["demo"]), query).context["page"]
    assert len(page.schedules.rows) == count


def test_the_list_asks_few_questions(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    client.get(reverse("schedule-list", args=["demo"]))
    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("schedule-list", args=["demo"]))
    assert len(asked) <= 10


def test_a_schedule_shows_what_it_runs_and_when(mirrored: Workspace) -> None:
    shown = signed_in(mirrored).get(reverse("schedule-detail", args=["demo", "churn-training-weekly"])).content.decode()
    assert "Every week on Monday at 02:00" in shown
    assert "/w/demo/pipelines/churn_training/versions/6/" in shown
    assert "azureml:customer-snapshots:5" in shown


def test_write_buttons_are_for_those_who_may(mirrored: Workspace) -> None:
    address = reverse("schedule-detail", args=["demo", "churn-training-weekly"])
    assert "action=delete" not in signed_in(mirrored).get(address).content.decode()
    assert "action=delete" in signed_in(mirrored, Role.AUTHOR).get(address).content.decode()
    operators = signed_in(mirrored, Role.OPERATOR).get(address).content.decode()
    assert "action=disable" in operators
    assert "action=delete" not in operators


def test_a_past_state_stays_readable(mirrored: Workspace) -> None:
    state = ScheduleState.objects.filter(name="churn-training-weekly").get()
    shown = signed_in(mirrored).get(reverse("schedule-state", args=["demo", state.name, state.digest]))
    assert "W. Europe Standard Time" in shown.content.decode()
    assert signed_in(mirrored, Role.AUTHOR).get(reverse("schedule-state", args=["demo", "x", "y"])).status_code == 404


def test_a_schedule_is_shown_even_when_a_trigger_has_its_name(mirrored: Workspace) -> None:
    name = Schedule.objects.values_list("name", flat=True)[0]
    make_trigger(mirrored, name)
    client, address = signed_in(mirrored), reverse("schedule-detail", args=["demo", name])
    shown = client.get(address)
    assert shown.context["page"].schedule.name == name
    assert 'href="?kind=trigger"' in shown.content.decode()
    other = client.get(address, {"kind": "trigger"})
    assert other.context["trigger"].name == name
    assert f'href="{address}"' in other.content.decode()


def test_a_trigger_of_the_portal_says_that_it_does_not_fire(mirrored: Workspace) -> None:
    make_trigger(mirrored)
    shown = signed_in(mirrored).get(reverse("schedule-detail", args=["demo", "data_driven"])).content.decode()
    assert "it starts no run" in shown


def test_the_preview_forecasts_what_was_typed_and_says_what_is_wrong(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    cron = {"trigger_type": "cron", "expression": "0 6 * * 1", "time_zone": "W. Europe Standard Time"}
    assert len(client.get(reverse("schedule-preview"), cron).context["forecast"].fires) == 10
    wrong = client.get(reverse("schedule-preview"), cron | {"expression": "banana"})
    assert wrong.status_code == 200
    assert "No fires to show yet" in wrong.content.decode()


def test_another_workspace_is_not_there(mirrored: Workspace) -> None:
    outsider = Client()
    outsider.force_login(make_user("otto"))
    for address in (reverse("schedule-list", args=["demo"]), API, f"{API}churn-training-weekly/"):
        assert outsider.get(address).status_code == 404


def test_rest_lists_schedules_by_name(mirrored: Workspace) -> None:
    body = signed_in(mirrored).get(API, {"size": "5"}).json()
    names = [item["name"] for item in body["results"]]
    assert names == sorted(names)
    assert len(names) == 5
    assert body["next"]


def test_rest_shows_a_schedule_with_its_fires_and_its_raw_document(mirrored: Workspace) -> None:
    body = signed_in(mirrored).get(f"{API}churn-training-weekly/").json()
    assert (body["pipeline_ref"], body["state"], len(body["fires"])) == ("component:churn_training:6", "enabled", 10)
    assert body["fires"][0].endswith(":00:00Z")
    assert body["raw"]["properties"]["trigger"]["frequency"] == "week"
