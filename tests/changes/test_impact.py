"""What the plan of a change says of those who use its objects, before anybody approves it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.changes.wording import Line, Piece, named
from mlopsportal.upgrading import upgrade_of
from registry.models import Asset, Use, Version
from registry.raw import raw_of
from scheduling.models import Schedule
from scheduling.sync import refresh
from tests.changes.building import Team, applied, approved, drained, opened, queued
from tests.upgrading.building import SCHEDULE, component, pipeline, stocked, version_of

pytestmark = pytest.mark.django_db
BROKEN = component("2", outputs="other: {type: uri_folder}")


def page_of(team: Team, address: str) -> str:
    client = Client()
    client.force_login(team["reviewer"])
    return client.get(address).content.decode()


def words_of(page: str) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def shown(team: Team, change: ChangeRequest, **query: str) -> str:
    return words_of(page_of(team, reverse("change-detail", args=[change.pk], query=query)))


def moving(team: Team) -> ChangeRequest:
    """A change that moves everybody from `train` 1 to 2, as the upgrade writes it."""
    old, new = version_of(team, "train", "1"), version_of(team, "train", "2")
    found = upgrade_of(team.workspace, old, new, now=timezone.now())
    return opened(team, found.pairs(found.usual, {}))


def float_on(name: str, consumer: str) -> None:
    """Have the mirror say that the versions of a pipeline name the newest of a component by its label."""
    assert Use.objects.filter(consumer__name=consumer, name=name).update(version="", label="latest")


def test_a_reviewer_reads_whom_a_new_version_breaks_through_nesting_too_and_when_the_next_fire_is(team: Team) -> None:
    stocked(team)
    float_on("train", "training")
    page = shown(team, opened(team, [BROKEN]))
    words = "Breaks 2 pipelines and 1 schedule that follow its newest version: training, retraining, weekly; next fire"
    assert f"{words} 20" in page


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
    assert "Breaks 1 schedule that follows its newest version: weekly; next fire 20" in shown(
        team, opened(team, [("retraining.yml", asked)])
    )
    fine = opened(team, [("retraining.yml", needs)])
    assert "1 schedule follows its newest version and goes on working: weekly; next fire 20" in shown(team, fine)


def test_who_names_the_version_before_stays_with_it(team: Team) -> None:
    stocked(team)
    page = shown(team, opened(team, [BROKEN]))
    stay = "1 pipeline and 1 schedule stay with train 1: training, weekly"
    assert f"{stay}; 1 pipeline would break if moved: training; next fire 20" in page


def test_everybody_who_is_named_has_a_link_and_the_whole_list_has_the_numbers_of_its_page(team: Team) -> None:
    stocked(team)
    page = page_of(team, reverse("change-detail", args=[opened(team, [BROKEN]).pk]))
    assert '<a href="/w/demo/pipelines/training/versions/1/">training</a>' in page
    assert '<a href="/w/demo/schedules/weekly/">weekly</a>' in page
    everybody = "/w/demo/components/train/versions/1/impact/"
    assert f'<a href="{everybody}">2 pipeline versions and 1 schedule</a>' in page
    assert "Everybody who uses train 1, in older versions and through others too: 2 pipeline versions" in words_of(page)
    assert "2 pipeline versions1 schedule, next fire" in words_of(page_of(team, everybody))


def test_of_many_names_the_first_five_are_told() -> None:
    line = Line.joined("7 pipelines: ", named([Piece(str(number), f"component:p:{number}") for number in range(7)]))
    assert line.words == "7 pipelines: 0, 1, 2, 3, 4 and 2 more"


def test_a_change_that_moves_a_schedule_says_so_before_and_after_and_not_that_it_stays(team: Team) -> None:
    stocked(team, component("2"))
    assert applied(team, [("nightly.yml", SCHEDULE[1].replace("name: weekly", "name: nightly"))]).state == State.APPLIED
    change = moving(team)
    page = shown(team, change)
    both = [f"schedule {name} to retraining 2 (next fire 2030-01-07 02:00:00 UTC)" for name in ("nightly", "weekly")]
    told = f"Moves {', '.join(both)}."
    assert told in page
    assert "stay with" not in page
    assert "runs retraining 1 → 2" in page
    done = drained(queued(team, approved(team, change)))
    assert done.state == State.APPLIED
    after = shown(team, done)
    assert told in after
    assert "runs retraining 1 → 2" in after
    assert "stay with" not in after


def test_only_the_schedules_that_a_change_leaves_where_they_are_are_said_to_stay(team: Team) -> None:
    stocked(team, component("2"))
    other = SCHEDULE[1].replace("name: weekly", "name: nightly")
    assert applied(team, [("nightly.yml", other)]).state == State.APPLIED
    old, new = version_of(team, "train", "1"), version_of(team, "train", "2")
    found = upgrade_of(team.workspace, old, new, now=timezone.now())
    page = shown(team, opened(team, found.pairs(found.usual - {"schedule:nightly"}, {})))
    assert "These schedules run an earlier version of retraining and stay with it: nightly." in page
    assert "Moves schedule weekly to retraining 2 (next fire" in page
    assert "1 schedule stays with retraining 1: nightly; next fire 20" in page


def test_a_schedule_that_is_only_changed_otherwise_stays_with_its_version(team: Team) -> None:
    stocked(team)
    later = SCHEDULE[1].replace("hours: [2]", "hours: [3]")
    retraining = pipeline("retraining", "training", "inner")[1].replace('version: "1"', 'version: "2"')
    page = shown(team, opened(team, [("retraining.yml", retraining), ("weekly.yml", later)]))
    assert "stay with it: weekly." in page
    assert "runs retraining 1, as before" in page
    assert "Moves schedule" not in page


def test_archiving_says_who_still_uses_it(team: Team) -> None:
    stocked(team)
    change = opened(team, [("archive.yml", 'action: archive\ntarget: "component:train:1"\n')])
    assert "2 pipelines and 1 schedule still use it: training, retraining, weekly; next fire 20" in shown(team, change)


def test_archiving_an_environment_says_who_reaches_it_through_components(team: Team) -> None:
    stocked(team)
    change = opened(team, [("archive.yml", 'action: archive\ntarget: "environment:data-prep-env:1"\n')])
    assert (
        "2 pipelines, 1 component and 1 schedule still use it: train, training, retraining, weekly; next fire 20"
        in shown(team, change)
    )


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


def many_pipelines(team: Team, count: int, *, newest: str = "1") -> None:
    """Have the mirror know as many pipelines that name train 1, each in its version 1."""
    now, workspace = timezone.now(), team.workspace
    stamps: dict[str, Any] = {"workspace": workspace, "kind": "component", "seen_at": now, "modified_at": now}
    assets = Asset.objects.bulk_create(
        Asset(**stamps, name=f"user{number}", is_pipeline=True, latest_version=newest, created_at=now)
        for number in range(count)
    )
    versions = Version.objects.bulk_create(
        Version(**stamps, asset=own, name=own.name, version="1", type="pipeline", created_at=now) for own in assets
    )
    Use.objects.bulk_create(
        Use(workspace=workspace, consumer=own, node="fit", kind="component", name="train", version="1")
        for own in versions
    )


def test_of_more_users_than_are_looked_at_each_sentence_says_at_least(team: Team) -> None:
    stocked(team)
    many_pipelines(team, 250)
    archived = shown(team, opened(team, [("archive.yml", 'action: archive\ntarget: "component:train:1"\n')]))
    assert "At least 200 pipelines" in archived
    assert "At least 200 pipelines" in shown(team, opened(team, [component("2")]))
    Use.objects.filter(consumer__name__startswith="user").update(version="", label="latest")
    assert "at least 200 pipelines that follow its newest version" in shown(team, opened(team, [component("3")]))


def test_where_nobody_looked_at_counts_but_there_are_more_that_is_said(team: Team) -> None:
    stocked(team)
    many_pipelines(team, 250, newest="2")
    Schedule.objects.all().delete()
    page = shown(team, opened(team, [("archive.yml", 'action: archive\ntarget: "component:train:1"\n')]))
    assert "More use train 1 than are looked at: of the newest 200 none is in use now" in page
