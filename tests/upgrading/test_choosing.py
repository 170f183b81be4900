"""What is ticked and would not move is said beside it, and nothing typed or ticked is lost."""

from __future__ import annotations

import pytest

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from registry.fitting import Fit
from tests.changes.building import Team, applied
from tests.upgrading.asking import NEEDED, author, beside, page, told, upgrade
from tests.upgrading.building import component, pipeline, stocked

pytestmark = pytest.mark.django_db


def test_what_is_ticked_but_would_not_move_opens_nothing_and_is_said_beside_it(team: Team) -> None:
    stocked(team, component("2", inputs=NEEDED))
    assert applied(team, [pipeline("alone", "train", "fit")]).state == State.APPLIED
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    before = ChangeRequest.objects.count()
    taken = ["component:retraining:1", "schedule:weekly"]
    body = {"take": taken, "do": "submit", "value|component:alone:1|fit|epochs": "5"}
    answer = client.post(address, body)
    shown = answer.content.decode()
    assert (answer.status_code, ChangeRequest.objects.count()) == (422, before)
    assert beside(shown, "component:retraining:1") == (
        "It names training 1, which lacks a value for fit.epochs. Give one, or untick this."
    )
    assert beside(shown, "schedule:weekly") == (
        "It runs retraining 1, which would be left as it is too. See to that first, or untick this."
    )
    assert told(answer) == [
        f"pipeline retraining 1: {beside(shown, 'component:retraining:1')}",
        f"schedule weekly: {beside(shown, 'schedule:weekly')}",
    ]
    assert 'value="5"' in shown
    client.post(address, body | {"take": []})
    change = ChangeRequest.objects.order_by("-pk")[0]
    assert [document.path for document in change.revision.documents.all()] == ["alone.yml"]


def test_the_usual_choice_without_the_value_it_waits_for_says_which_value(team: Team) -> None:
    stocked(team, component("2", inputs=NEEDED))
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    answer = client.post(address, {"take": sorted(upgrade(team).usual), "do": "submit"})
    assert len(told(answer)) == 2
    assert "training 1, which lacks a value for fit.epochs" in told(answer)[0]


def test_a_schedule_whose_pipeline_is_not_chosen_says_so(team: Team) -> None:
    stocked(team, component("2"))
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    before = ChangeRequest.objects.count()
    answer = client.post(address, {"take": ["component:training:1", "schedule:weekly"], "do": "submit"})
    assert told(answer) == [
        "schedule weekly: It runs retraining 1, which is not chosen. Choose that too, or untick this."
    ]
    again = answer.content.decode()
    assert 'id="take-component:training:1" checked' in again
    assert 'id="take-component:retraining:1" checked' not in again
    assert ChangeRequest.objects.count() == before


def test_schedules_stand_below_their_pipeline_and_count_with_it(team: Team) -> None:
    stocked(team, component("2", inputs=NEEDED))
    address = page(team, **{"from": "component:train:1", "to": "component:train:2"})
    answer = author(team).get(address)
    [group] = answer.context["page"].groups
    assert (group.fit, group.count) == (Fit.NEEDS_DEFAULT, 3)
    assert {row.words: [own.words for own in row.schedules] for row in group.rows} == {
        "pipeline training 1": [],
        "pipeline retraining 1": ["schedule weekly"],
    }
    assert '<b>3</b> need a default <span class="quiet">(2 pipelines, 1 schedule)</span>' in answer.content.decode()


def test_a_schedule_is_not_chosen_where_what_leads_to_its_pipeline_needs_hands(team: Team) -> None:
    stocked(team, component("2", outputs="other: {type: uri_folder}"))
    found = upgrade(team)
    assert found.usual == frozenset()
    assert found.fitting == 0
    assert [fit for fit, _ in found.groups] == [Fit.NEEDS_HANDS]


def test_choosing_nobody_opens_nothing(team: Team) -> None:
    stocked(team, component("2"))
    address = page(team, **{"from": "component:train:1", "to": "component:train:2"})
    before = ChangeRequest.objects.count()
    answer = author(team).post(address, {"do": "submit"})
    assert (answer.status_code, ChangeRequest.objects.count()) == (422, before)
    assert "Nothing is chosen" in answer.content.decode()


def test_what_was_ticked_and_is_not_to_be_moved_any_more_is_said(team: Team) -> None:
    stocked(team, component("2"))
    address = page(team, **{"from": "component:train:1", "to": "component:train:2"})
    before = ChangeRequest.objects.count()
    answer = author(team).post(address, {"take": ["component:training:1", "component:none:1"], "do": "submit"})
    assert (answer.status_code, ChangeRequest.objects.count()) == (422, before)
    assert "component:none:1 was ticked and is not to be moved any more" in answer.content.decode()
