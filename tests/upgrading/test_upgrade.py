"""Moving everybody who uses a version, in a real sandbox, from the page to the applied change."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.queue.drain import drain
from mlopsportal.upgrading import Upgrade, upgrade_of
from registry.fitting import Fit
from registry.models import Use
from registry.raw import body_of
from scheduling.models import Schedule
from tests.changes.building import Team, applied, approved, fresh, queued
from tests.registry.building import make_user, make_workspace
from tests.upgrading.building import component, stocked, version_of

pytestmark = pytest.mark.django_db
NEEDED = "  epochs: {type: integer}"


def upgrade(team: Team) -> Upgrade:
    return upgrade_of(
        team.workspace, version_of(team, "train", "1"), version_of(team, "train", "2"), now=timezone.now()
    )


def fits(found: Upgrade) -> dict[str, Fit]:
    return {str(item.ref): item.fit for item in found.candidates} | {
        str(item.ref): item.fit for item in found.schedules
    }


def page(team: Team, **query: str) -> str:
    return reverse("upgrade", args=[team.workspace.slug], query=query)


def author(team: Team) -> Client:
    client = Client()
    client.force_login(team["author"])
    return client


def taken_to_applied(team: Team, change: ChangeRequest) -> None:
    drain()
    change = fresh(change)
    assert change.state == State.IN_REVIEW, (change.reason, change.plan and (change.plan.error, change.plan.problems))
    queued(team, approved(team, change))
    drain()
    assert fresh(change).state == State.APPLIED, fresh(change).reason


def test_users_through_nesting_and_their_schedules_are_listed(team: Team) -> None:
    stocked(team, component("2"))
    assert fits(upgrade(team)) == {
        "component:training:1": Fit.DROP_IN,
        "component:retraining:1": Fit.DROP_IN,
        "schedule:weekly": Fit.DROP_IN,
    }


def test_one_change_moves_everybody_and_is_applied(team: Team) -> None:
    stocked(team, component("2", inputs="  seed: {type: integer, default: 1}"))
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    assert "weekly" in client.get(address).content.decode()
    taken = ["component:training:1", "component:retraining:1", "schedule:weekly"]
    answer = client.post(address, {"take": taken, "do": "submit"})
    change = ChangeRequest.objects.get(pk=int(answer.headers["Location"].strip("/").rpartition("/")[2]))
    paths = [document.path for document in change.revision.documents.all()]
    assert paths == ["training.yml", "retraining.yml", "weekly.schedule.yml"]
    taken_to_applied(team, change)
    assert Use.objects.filter(consumer__name="training", consumer__version="2", name="train", version="2").exists()
    assert Use.objects.filter(consumer__name="retraining", consumer__version="2", name="training", version="2").exists()
    assert Schedule.objects.get(name="weekly").pipeline_ref == "component:retraining:2"


def test_a_new_required_input_needs_a_default_which_the_author_gives(team: Team) -> None:
    stocked(team, component("2", inputs=NEEDED))
    assert fits(upgrade(team))["component:training:1"] is Fit.NEEDS_DEFAULT
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    take = {"take": ["component:training:1"], "do": "submit"}
    refused = client.post(address, take | {"value|component:training:1|fit|epochs": "many"})
    assert refused.status_code == 422
    assert "fit.epochs takes integer" in refused.content.decode()
    client.post(address, take | {"value|component:training:1|fit|epochs": "5"})
    change = ChangeRequest.objects.order_by("-pk")[0]
    taken_to_applied(team, change)
    definition = version_of(team, "training", "2").definition
    assert definition is not None
    assert str(body_of(definition)["jobs"]["fit"]["inputs"]["epochs"]) == "5"


def test_an_output_that_is_gone_needs_hands(team: Team) -> None:
    stocked(team, component("2", outputs="other: {type: uri_folder}"))
    found = upgrade(team)
    assert fits(found)["component:training:1"] is Fit.NEEDS_HANDS
    [first] = [item for item in found.candidates if str(item.ref) == "component:training:1"]
    assert "model" in " ".join(misfit.message for misfit in first.misfits)
    assert not first.is_usual


def test_a_retyped_output_needs_hands(team: Team) -> None:
    stocked(team, component("2", outputs="model: {type: uri_file}"))
    assert fits(upgrade(team))["component:training:1"] is Fit.NEEDS_HANDS


def test_an_older_version_that_nobody_runs_is_left_alone(team: Team) -> None:
    stocked(team, component("2"))
    text = pipeline_without_train()
    assert applied(team, [("training.yml", text)]).state == State.APPLIED
    found = {str(item.ref): item for item in upgrade(team).candidates}
    assert found["component:training:1"].newer == "2"
    assert not found["component:training:1"].is_usual


def pipeline_without_train() -> str:
    return """
name: training
version: "2"
type: pipeline
description: Without a step called train
inputs: {data: {type: uri_folder}}
outputs: {model: {type: uri_folder}}
jobs:
  fit:
    type: command
    component: azureml:model_training:1
    inputs: {training_data: "${{parent.inputs.data}}"}
    outputs: {model_output: "${{parent.outputs.model}}"}
"""


def test_choosing_nobody_opens_nothing(team: Team) -> None:
    stocked(team, component("2"))
    address = page(team, **{"from": "component:train:1", "to": "component:train:2"})
    before = ChangeRequest.objects.count()
    answer = author(team).post(address, {"take": ["component:none:1", "nonsense"], "do": "submit"})
    assert (answer.status_code, ChangeRequest.objects.count()) == (422, before)


def test_who_may_not_open_changes_is_refused_and_strangers_see_nothing(team: Team) -> None:
    address = page(team, **{"from": "component:model_training:1"})
    for user, status in ((team["viewer"], 403), (make_user("stranger", make_workspace(slug="other")), 404)):
        client = Client()
        client.force_login(user)
        assert client.get(address).status_code == status


_SELF = "component:model_training:1"


@pytest.mark.parametrize(
    "query",
    ["", "?from=x", "?from=component:none:1", f"?from={_SELF}&to={_SELF}", "?from=%00", f"?from={_SELF}&to=%00"],
)
def test_what_names_no_version_is_a_plain_refusal(team: Team, query: str) -> None:
    assert author(team).get(reverse("upgrade", args=[team.workspace.slug]) + query).status_code in (400, 404)
