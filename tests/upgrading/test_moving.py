"""Moving everybody who uses a version, in a real sandbox, from the page to the applied change."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.upgrading import Upgrade, upgrade_of
from registry.fitting import Fit
from registry.models import Use, Version
from registry.raw import body_of
from scheduling.models import Schedule
from tests.changes.building import Team, applied
from tests.registry.building import sync
from tests.sandbox.doors import Raw, data, environment
from tests.sandbox_server import RunningSandbox
from tests.upgrading.asking import NEEDED, author, fits, page, scheduled, taken_to_applied, upgrade
from tests.upgrading.building import component, inline, stocked, version_of

pytestmark = pytest.mark.django_db


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
