"""What the plan of a change says of those who use its objects, before anybody approves it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from registry.models import Use
from registry.raw import raw_of
from scheduling.models import Schedule
from scheduling.sync import refresh
from tests.changes.building import Team, applied, opened
from tests.upgrading.building import component, pipeline, stocked

pytestmark = pytest.mark.django_db
BROKEN = component("2", outputs="other: {type: uri_folder}")


def shown(team: Team, change: ChangeRequest, **query: str) -> str:
    client = Client()
    client.force_login(team["reviewer"])
    return client.get(reverse("change-detail", args=[change.pk], query=query)).content.decode()


def float_on(name: str, consumer: str) -> None:
    """Have the mirror say that the versions of a pipeline name the newest of a component by its label."""
    assert Use.objects.filter(consumer__name=consumer, name=name).update(version="", label="latest")


def test_a_reviewer_reads_whom_a_new_version_breaks_through_nesting_too_and_when_the_next_fire_is(team: Team) -> None:
    stocked(team)
    float_on("train", "training")
    page = shown(team, opened(team, [BROKEN]))
    words = "Breaks 2 pipelines and 1 schedule that follow its newest version: training, retraining, weekly; next fire"
    assert f"{words} in " in page


def test_a_new_version_that_fits_is_said_to_go_on_working(team: Team) -> None:
    stocked(team)
    float_on("train", "training")
    page = shown(team, opened(team, [component("2", inputs="  seed: {type: integer, default: 1}")]))
    words = "2 pipelines and 1 schedule follow its newest version and go on working: training, retraining, weekly"
    assert words in page
    assert "Breaks" not in page


def test_only_those_whose_edges_do_not_fit_are_broken(team: Team) -> None:
    """Two pipelines follow the newest: one passes the output on that goes away, one does not."""
    name, text = pipeline("careless", "train", "fit")
    without = text.replace("outputs:\n  model: {type: uri_folder}\njobs", "jobs")
    without = without.replace("    outputs:\n      model: ${{parent.outputs.model}}\n", "")
    stocked(team)
    assert applied(team, [(name, without)]).state == State.APPLIED
    float_on("train", "training")
    float_on("train", "careless")
    page = shown(team, opened(team, [BROKEN]))
    assert "Breaks 2 pipelines and 1 schedule that follow its newest version: training, retraining, weekly" in page
    assert "1 pipeline follows its newest version and goes on working: careless" in page


def test_a_schedule_that_follows_the_newest_pipeline_breaks_when_it_does_not_give_a_new_input(team: Team) -> None:
    stocked(team)
    schedule = Schedule.objects.get(name="weekly")
    raw = raw_of(schedule)
    node = raw["properties"]["action"]["jobDefinition"]["jobs"]["main"]
    node["componentId"] = node["componentId"].replace("/versions/1", "/labels/latest")
    refresh(team.workspace, "weekly", raw, now=timezone.now())
    needs = pipeline("retraining", "training", "inner")[1].replace('"1"', '"2"')
    asked = needs.replace("inputs:\n  data:", "inputs:\n  epochs: {type: integer}\n  data:", 1)
    assert "Breaks 1 schedule that follows its newest version: weekly; next fire in " in shown(
        team, opened(team, [("retraining.yml", asked)])
    )
    fine = opened(team, [("retraining.yml", needs)])
    assert "1 schedule follows its newest version and goes on working: weekly; next fire in " in shown(team, fine)


def test_who_names_the_version_before_stays_with_it(team: Team) -> None:
    stocked(team)
    page = shown(team, opened(team, [BROKEN]))
    assert "1 pipeline and 1 schedule stay with train 1; 1 pipeline would break if moved; next fire in " in page


def test_archiving_says_who_still_uses_it(team: Team) -> None:
    stocked(team)
    change = opened(team, [("archive.yml", 'action: archive\ntarget: "component:train:1"\n')])
    assert "2 pipelines and 1 schedule still use it; next fire in " in shown(team, change)


def test_archiving_an_environment_says_who_reaches_it_through_components(team: Team) -> None:
    stocked(team)
    change = opened(team, [("archive.yml", 'action: archive\ntarget: "environment:data-prep-env:1"\n')])
    assert "2 pipelines, 1 component and 1 schedule still use it; next fire in " in shown(team, change)


def test_each_document_is_compared_with_the_version_it_follows(team: Team) -> None:
    stocked(team)
    change = opened(team, [BROKEN])
    page = shown(team, change, tab="documents")
    assert "Compare with train 1" in page
    body = {"left": "demo/component:train:1", "right": f"change:{change.pk}@1:train-2.yml"}
    client = Client()
    client.force_login(team["reviewer"])
    found = client.get("/api/v1/compare/", body).json()
    assert found["verdict"] == "breaking"
    assert {change["path"] for change in found["changes"]} == {"outputs.model", "outputs.other"}
