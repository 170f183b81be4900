"""The values a person gives for inputs that need one: taken, kept, or refused beside their field."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.upgrading import upgrade_of
from registry.fitting import Fit
from registry.raw import body_of
from scheduling.models import Schedule
from tests.changes.building import Team, applied
from tests.registry.building import sync
from tests.sandbox.doors import Raw, data
from tests.sandbox_server import RunningSandbox
from tests.upgrading.asking import NEEDED, author, fits, page, scheduled, taken_to_applied, told, upgrade
from tests.upgrading.building import component, pipeline, stocked, version_of

pytestmark = pytest.mark.django_db


def test_giving_a_value_is_enough_to_be_moved_and_those_around_come_along(team: Team) -> None:
    stocked(team, component("2", inputs=NEEDED))
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    assert "moves along with training 1" in client.get(address).content.decode()
    usual = sorted(upgrade(team).usual)
    assert usual == ["component:retraining:1", "schedule:weekly"]
    client.post(address, {"take": usual, "do": "submit", "value|component:training:1|fit|epochs": "5"})
    taken_to_applied(team, ChangeRequest.objects.order_by("-pk")[0])
    assert Schedule.objects.get(name="weekly").pipeline_ref == "component:retraining:2"


def test_what_was_typed_stays_when_the_change_is_not_opened(team: Team) -> None:
    stocked(team, component("2", inputs="  epochs: {type: integer}\n  seed: {type: integer}"))
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    answer = client.post(address, {"value|component:training:1|fit|epochs": "17", "do": "submit"})
    assert answer.status_code == 422
    assert 'value="17"' in answer.content.decode()
    assert told(answer) == ["pipeline training 1: fit.seed needs a value."]


@pytest.mark.parametrize(
    ("port", "typed", "words"),
    [
        ("{type: integer}", "abc", "needs a whole number, such as 12"),
        ("{type: number, min: 0, max: 1}", "2", "needs a number, at least 0 and at most 1"),
        ("{type: boolean}", "perhaps", "needs true or false"),
        ("{type: string, enum: [fast, slow]}", "quick", "needs one of fast, slow"),
    ],
)
def test_a_value_of_another_type_is_refused_in_words_beside_its_field(
    team: Team, port: str, typed: str, words: str
) -> None:
    stocked(team, component("2", inputs=f"  knob: {port}"))
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    answer = client.post(address, {"value|component:training:1|fit|knob": typed, "do": "submit"})
    shown = answer.content.decode()
    assert told(answer) == [f"pipeline training 1: fit.knob {words}."]
    field = shown.partition('<input id="value-component:training:1-fit-knob"')[2].partition("</ul>")[0]
    assert f'value="{typed}"' in field
    assert f"<li>{words[0].upper()}{words[1:]}.</li>" in field


NO_ADDRESS = "needs azureml:name:version, or an address such as azureml://datastores/name/paths/folder"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("raw-data:1", NO_ADDRESS),
        ("azureml:raw-data", NO_ADDRESS),
        ("azureml:raw data:1", NO_ADDRESS),
        ("azureml:nope:1", "needs another value: There is no data called nope in this workspace."),
        ("azureml:raw-data:9", "needs another value: The data raw-data has no version 9."),
        ("azureml:rows:1", "needs another value: rows 1 is of type uri_file, not uri_folder"),
        ("azureml://datastores/nope/paths/a", "needs another value: There is no datastore called nope in this"),
        ("./local", "needs another value: The file or folder `./local` is not uploaded by the portal yet."),
        ("${{parent.inputs.nope}}", "needs another value: `${{parent.inputs.nope}}`: the pipeline has no input"),
    ],
)
def test_data_that_is_not_there_is_refused_beside_its_field_and_kept(
    team: Team, sandbox: RunningSandbox, typed: str, words: str
) -> None:
    raw = Raw(sandbox)
    raw("PUT", "data/rows/versions/1", data(kind="uri_file"))
    raw.close()
    stocked(team, component("2", inputs="  test: {type: uri_folder}"))
    sync(team.workspace)
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    before = ChangeRequest.objects.count()
    answer = client.post(address, {"value|component:training:1|fit|test": typed, "do": "submit"})
    assert (answer.status_code, ChangeRequest.objects.count()) == (422, before)
    assert [line.startswith(f"pipeline training 1: fit.test {words}") for line in told(answer)] == [True]
    field = (
        answer.content.decode().partition('<input id="value-component:training:1-fit-test"')[2].partition("</ul>")[0]
    )
    assert f'value="{typed}"' in field
    assert words[1:20] in field


def test_data_that_is_there_is_taken_by_name_and_by_address(team: Team) -> None:
    stocked(team, component("2", inputs="  test: {type: uri_folder}"))
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    for typed in ("azureml:raw-data:1", "azureml:raw-data@latest", "azureml://datastores/workspaceblobstore/paths/x"):
        answer = client.post(address, {"value|component:training:1|fit|test": typed, "do": "draft"})
        assert answer.status_code == 302
        assert typed in ChangeRequest.objects.order_by("-pk")[0].revision.documents.get(path="training.yml").content


def test_an_input_may_be_bound_instead_of_given(team: Team) -> None:
    stocked(team, component("2", inputs="  test: {type: uri_folder}"))
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    client.post(address, {"value|component:training:1|fit|test": "${{parent.inputs.data}}", "do": "submit"})
    taken_to_applied(team, ChangeRequest.objects.order_by("-pk")[0])
    definition = version_of(team, "training", "2").definition
    assert definition is not None
    assert "${{parent.inputs.data}}" in str(body_of(definition)["jobs"]["fit"]["inputs"]["test"])


def test_a_schedule_that_lacks_an_input_takes_the_value_that_is_given(team: Team, sandbox: RunningSandbox) -> None:
    stocked(team)
    text = pipeline("retraining", "training", "inner")[1].replace('"1"', '"2"')
    asking = text.replace("inputs:\n  data:", "inputs:\n  epochs: {type: integer}\n  data:", 1)
    assert applied(team, [("retraining.yml", asking)]).state == State.APPLIED
    old, new = version_of(team, "retraining", "1"), version_of(team, "retraining", "2")
    assert fits(upgrade_of(team.workspace, old, new, now=timezone.now())) == {"schedule:weekly": Fit.NEEDS_DEFAULT}
    client, address = author(team), page(team, **{"from": "component:retraining:1", "to": "component:retraining:2"})
    assert "value|schedule:weekly||epochs" in client.get(address).content.decode()
    refused = client.post(address, {"value|schedule:weekly||epochs": "x", "do": "submit"})
    assert told(refused) == ["schedule weekly: epochs needs a whole number, such as 12."]
    client.post(address, {"value|schedule:weekly||epochs": "12", "do": "submit"})
    taken_to_applied(team, ChangeRequest.objects.order_by("-pk")[0])
    assert Schedule.objects.get(name="weekly").pipeline_ref == "component:retraining:2"
    assert str(scheduled(sandbox)["inputs"]["epochs"]["value"]) == "12"


def test_a_schedule_that_gives_what_is_no_longer_taken_needs_hands(team: Team) -> None:
    stocked(team)
    text = pipeline("retraining", "training", "inner")[1].replace('"1"', '"2"')
    other = text.replace("inputs:\n  data:", "inputs:\n  rows:", 1).replace("parent.inputs.data", "parent.inputs.rows")
    assert applied(team, [("retraining.yml", other)]).state == State.APPLIED
    old, new = version_of(team, "retraining", "1"), version_of(team, "retraining", "2")
    [move] = upgrade_of(team.workspace, old, new, now=timezone.now()).schedules
    assert move.fit is Fit.NEEDS_HANDS
    assert "no input `data`" in " ".join(misfit.message for misfit in move.misfits)
