"""Who is listed as a user of a version that could be moved, and who is left alone; real sandbox, real page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from mlopsportal.changes.states import State
from mlopsportal.upgrading import upgrade_of
from registry.fitting import Fit
from registry.models import Use
from scheduling.models import Schedule
from tests.changes.building import Team, applied
from tests.registry.building import make_user, make_workspace
from tests.upgrading.asking import author, fits, page, upgrade
from tests.upgrading.building import component, pipeline, stocked, version_of

pytestmark = pytest.mark.django_db


def test_users_through_nesting_and_their_schedules_are_listed(team: Team) -> None:
    stocked(team, component("2"))
    assert fits(upgrade(team)) == {
        "component:training:1": Fit.DROP_IN,
        "component:retraining:1": Fit.DROP_IN,
        "schedule:weekly": Fit.DROP_IN,
    }


def test_old_versions_that_were_followed_by_the_same_one_are_told_once(team: Team) -> None:
    stocked(team, component("2"))
    assert applied(team, upgrade(team).pairs({"component:training:1"}, {})).state == State.APPLIED
    row = version_of(team, "training", "1")
    uses = list(Use.objects.filter(consumer=row))
    row.pk, row.version = None, "1.1"
    row.save()
    Use.objects.bulk_create(
        Use(workspace=use.workspace, consumer=row, node=use.node, kind=use.kind, name=use.name, version=use.version)
        for use in uses
    )
    found = upgrade(team)
    assert len(found.settled) == 2
    assert [str(version.ref) for version in found.arrived] == ["component:training:2"]


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


def test_older_versions_are_listed_when_asked_for_and_never_chosen_by_themselves(team: Team) -> None:
    stocked(team, component("2"))
    assert applied(team, [("training.yml", pipeline_without_train())]).state == State.APPLIED
    Schedule.objects.all().delete()
    retraining = pipeline("retraining", "training", "inner")[1].replace("training:1", "training:2")
    assert applied(team, [("r.yml", retraining.replace('version: "1"', 'version: "2"'))]).state == State.APPLIED
    few, old, new = upgrade(team), version_of(team, "train", "1"), version_of(team, "train", "2")
    every = upgrade_of(team.workspace, old, new, now=timezone.now(), older=True)
    assert (fits(few), few.left) == ({}, 2)
    assert set(fits(every)) == {"component:training:1", "component:retraining:1"}
    assert not every.usual
    client, query = author(team), {"from": "component:train:1", "to": "component:train:2"}
    assert "2 older versions" in client.get(page(team, **query)).content.decode()
    shown = client.get(page(team, **query, older="1")).content.decode()
    assert "version 2 is newer and does not use it" in shown


def test_who_moved_already_is_followed_and_not_published_again(team: Team) -> None:
    """First the pipeline alone is moved; then those around it come after, to the version that is there."""
    stocked(team, component("2"))
    first = upgrade(team).pairs({"component:training:1"}, {})
    assert applied(team, first).state == State.APPLIED
    rest = upgrade(team)
    assert fits(rest) == {"component:retraining:1": Fit.DROP_IN, "schedule:weekly": Fit.DROP_IN}
    assert {str(old): str(new) for old, new in rest.settled.items()} == {"component:training:1": "component:training:2"}
    address = page(team, **{"from": "component:train:1", "to": "component:train:2"})
    note = author(team).get(address).content.decode().partition("Moved already: ")[2].partition("</p>")[0]
    assert strip_tags(note) == "pipeline training 2."
    assert applied(team, rest.pairs(rest.usual, {})).state == State.APPLIED
    assert Use.objects.filter(consumer__name="retraining", consumer__version="2", name="training", version="2").exists()
    assert Schedule.objects.get(name="weekly").pipeline_ref == "component:retraining:2"
    assert fits(upgrade(team)) == {}


def test_who_follows_the_newest_needs_nothing_and_is_said_so(team: Team) -> None:
    stocked(team, component("2"))
    Use.objects.filter(consumer__name="training", name="train").update(version="", label="latest")
    shown = author(team).get(page(team, **{"from": "component:train:1", "to": "component:train:2"})).content.decode()
    assert "Need nothing" in shown
    assert "Nobody to move" in shown


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
