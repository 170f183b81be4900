"""Moving everybody who uses a version, in a real sandbox, from the page to the applied change."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from mlopsportal.changes import bundling
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.upgrading import Upgrade, upgrade_of
from registry.fitting import Fit
from registry.models import Use, Version
from registry.raw import body_of
from scheduling.models import Schedule
from tests.changes.building import Team, applied, approved, fresh, queued
from tests.queue.draining import drain
from tests.registry.building import make_user, make_workspace, sync
from tests.sandbox.doors import Raw, data, environment
from tests.sandbox_server import RunningSandbox
from tests.upgrading.building import component, inline, pipeline, stocked, version_of

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


def test_one_change_moves_everybody_and_is_applied(team: Team, sandbox: RunningSandbox) -> None:
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
    assert scheduled(sandbox)["jobs"]["main"]["componentId"].endswith("/components/retraining/versions/2")


def scheduled(sandbox: RunningSandbox) -> dict[str, Any]:
    """The job of the schedule as the workspace itself has it."""
    job: dict[str, Any] = Raw(sandbox)("GET", "schedules/weekly").body["properties"]["action"]["jobDefinition"]
    return job


def test_a_new_required_input_needs_a_default_which_the_author_gives(team: Team) -> None:
    stocked(team, component("2", inputs=NEEDED))
    assert fits(upgrade(team))["component:training:1"] is Fit.NEEDS_DEFAULT
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    take = {"take": ["component:training:1"], "do": "submit"}
    refused = client.post(address, take | {"value|component:training:1|fit|epochs": "many"})
    assert refused.status_code == 422
    assert "fit.epochs needs a whole number" in refused.content.decode()
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


def beside(shown: str, ref: str) -> str:
    """Return what stands against a ticked row, beside it."""
    text = shown.partition(f'id="fault-{ref}"')[2].partition("<li>")[2].partition("</li>")[0]
    return unescape(text)


def told(answer: Any) -> list[str]:
    """Return what the alert says, each with a link to a place that is there."""
    shown = answer.content.decode()
    alert = shown.partition('role="alert"')[2].partition("</div>")[0]
    links = [part.partition("</a>")[0].partition('">') for part in alert.split('<a href="#')[1:]]
    assert all(f'id="{place}"' in shown for place, _, _ in links)
    return [unescape(text) for _, _, text in links]


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


def test_a_component_without_a_name_is_written_out_and_rewritten_inside(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, [component("1"), inline("mixed")]).state == State.APPLIED
    assert Raw(sandbox)("PUT", "environments/data-prep-env/versions/2", environment()).status == 201
    sync(team.workspace)
    found = environments_moved(team)
    assert fits(found)["component:mixed:1"] is Fit.DROP_IN
    assert applied(team, found.pairs({"component:mixed:1"}, {})).state == State.APPLIED
    uses = Use.objects.filter(consumer__name="mixed", consumer__version="2", kind="environment")
    assert [(use.node, use.version) for use in uses] == [("clean", "2")]


def environments_moved(team: Team) -> Upgrade:
    rows = Version.objects.select_related("definition", "part").filter(kind="environment", name="data-prep-env")
    return upgrade_of(team.workspace, rows.get(version="1"), rows.get(version="2"), now=timezone.now())


def test_a_pipeline_without_a_name_needs_hands_and_says_what_to_do(team: Team, sandbox: RunningSandbox) -> None:
    """No YAML can write a pipeline in the place of a step; programs can, and did."""
    stocked(team, component("2"))
    raw = Raw(sandbox)
    train = {"type": "command", "componentId": f"{sandbox.base}/components/train/versions/1"}
    inputs = {"data": {"type": "uri_folder"}}
    given = {"inputs": {"data": "${{parent.inputs.data}}"}}
    hidden = {"type": "pipeline", "inputs": inputs, "jobs": {"fit": train | given}}
    facts = {"componentSpec": hidden, "isAnonymous": True}
    assert raw("PUT", "components/azureml_anonymous/versions/77", {"properties": facts}).status == 201
    step = {"type": "pipeline", "componentId": f"{sandbox.base}/components/azureml_anonymous/versions/77"}
    spec = {"name": "outer", "version": "1", "type": "pipeline", "inputs": inputs, "jobs": {"inner": step | given}}
    outer = {"componentSpec": spec}
    assert raw("PUT", "components/outer/versions/1", {"properties": outer}).status == 201
    sync(team.workspace)
    [item] = [item for item in upgrade(team).candidates if item.ref.name == "outer"]
    assert item.fit is Fit.NEEDS_HANDS
    assert [place.node for place in item.consumer.places] == ["inner.fit"]
    assert "publish that pipeline under a name" in " ".join(misfit.message for misfit in item.misfits)


def test_all_steps_of_a_pipeline_are_judged_as_they_would_be_together(team: Team) -> None:
    """Both steps of a chain run it: moved one by one neither fits the other, moved together they do."""
    name, text = component("2", outputs="model: {type: uri_file}")
    files = (name, text.replace("data: {type: uri_folder}", "data: {type: uri_file}"))
    assert applied(team, [component("1"), ("chain.yml", CHAIN)]).state == State.APPLIED
    assert applied(team, [files]).state == State.APPLIED
    [item] = upgrade(team).candidates
    assert {misfit.node for misfit in item.misfits} == {"first"}, "only what comes from outside does not fit"


CHAIN = """
name: chain
version: "1"
type: pipeline
inputs: {data: {type: uri_folder}}
jobs:
  first:
    type: command
    component: azureml:train:1
    inputs: {data: "${{parent.inputs.data}}"}
  second:
    type: command
    component: azureml:train:1
    inputs: {data: "${{parent.jobs.first.outputs.model}}"}
"""


def test_data_of_another_type_needs_hands(team: Team, sandbox: RunningSandbox) -> None:
    stocked(team)
    body = data()
    body["properties"]["dataType"] = "uri_file"
    assert Raw(sandbox)("PUT", "data/raw-data/versions/2", body).status == 201
    sync(team.workspace)
    rows = Version.objects.select_related("definition", "part").filter(kind="data", name="raw-data")
    found = upgrade_of(team.workspace, rows.get(version="1"), rows.get(version="2"), now=timezone.now())
    assert fits(found) == {"schedule:weekly": Fit.NEEDS_HANDS}


def test_who_follows_the_newest_needs_nothing_and_is_said_so(team: Team) -> None:
    stocked(team, component("2"))
    Use.objects.filter(consumer__name="training", name="train").update(version="", label="latest")
    shown = author(team).get(page(team, **{"from": "component:train:1", "to": "component:train:2"})).content.decode()
    assert "Need nothing" in shown
    assert "Nobody to move" in shown


def many_users(team: Team, sandbox: RunningSandbox, count: int, *, steps: int = 1) -> None:
    """Publish as many pipelines of as many steps, one of which runs `train` 1, behind the portal's back."""
    raw = Raw(sandbox)
    step = {
        "type": "command",
        "componentId": f"{sandbox.base}/components/train/versions/1",
        "inputs": {"data": "${{parent.inputs.data}}"},
    }
    beside = {
        "type": "command",
        "componentId": f"{sandbox.base}/components/model_training/versions/1",
        "inputs": {"training_data": "${{parent.inputs.data}}"},
    }
    for number in range(count):
        spec = {
            "name": f"user_{number:03d}",
            "version": "1",
            "type": "pipeline",
            "inputs": {"data": {"type": "uri_folder"}},
            "jobs": {"fit": step, **{f"beside_{index}": beside for index in range(1, steps)}},
        }
        answer = raw("PUT", f"components/user_{number:03d}/versions/1", {"properties": {"componentSpec": spec}})
        assert answer.status in (200, 201), answer.body
    raw.close()
    sync(team.workspace)


def test_more_users_than_one_change_can_hold_are_moved_in_two(
    team: Team, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundling, "MOST_DOCUMENTS", 6)
    assert applied(team, [component("1")]).state == State.APPLIED
    assert applied(team, [component("2")]).state == State.APPLIED
    many_users(team, sandbox, 8)
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    shown = client.get(address).content.decode()
    assert "8 fit as they are, and one change holds at most 6 documents" in shown
    found = upgrade(team)
    everybody = [str(item.ref) for item in found.candidates]
    refused = client.post(address, {"take": everybody, "do": "submit"})
    assert refused.status_code == 422
    assert "8 are chosen: take 2 of them out, apply the change, then come back for the rest." in (
        refused.content.decode()
    )
    client.post(address, {"take": sorted(found.usual), "do": "submit"})
    taken_to_applied(team, ChangeRequest.objects.order_by("-pk")[0])
    rest = upgrade(team)
    assert len(rest.candidates) == len(rest.usual) == 2


def test_the_page_asks_the_same_few_questions_however_many_users_there_are(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, [component("1")]).state == State.APPLIED
    assert applied(team, [component("2")]).state == State.APPLIED
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    counts = []
    for count in (5, 50):
        many_users(team, sandbox, count)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_two_hundred_users_are_moved_in_one_change(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, [component("1")]).state == State.APPLIED
    assert applied(team, [component("2")]).state == State.APPLIED
    many_users(team, sandbox, 200)
    client, address = author(team), page(team, **{"from": "component:train:1", "to": "component:train:2"})
    assert client.post(address, {"take": sorted(upgrade(team).usual), "do": "draft"}).status_code == 302
    assert ChangeRequest.objects.order_by("-pk")[0].revision.documents.count() == 200


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
