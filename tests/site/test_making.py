"""Who approved what a model was made of: a whole story through the ring, and what came about beside it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mlopsportal.changes.states import State
from mlopsportal.making import Making, making_of
from mlopsportal.specs.ref import Ref
from registry.models import Step, Version, Workspace
from tests.changes.building import FOLDER, Team, applied
from tests.changes.conftest import sandbox, team
from tests.queue.draining import drain
from tests.registry.building import make_user, sync
from tests.sandbox.doors import Raw, component
from tests.sandbox_server import RunningSandbox

__all__ = ["sandbox", "team"]
pytestmark = pytest.mark.django_db

TRAIN = (
    "train.yml",
    """
name: train
version: "1"
type: command
inputs: {data: {type: uri_folder}}
outputs: {model: {type: custom_model}}
command: python train.py ${{inputs.data}} ${{outputs.model}}
environment: azureml:data-prep-env:1
""",
)
PIPELINE = (
    "training.yml",
    """
type: pipeline
name: training
inputs:
  data: {type: uri_folder, path: azureml:raw-data:1}
outputs:
  model: {type: custom_model, name: story-model}
jobs:
  fit:
    type: command
    component: azureml:train:1
    inputs: {data: "${{parent.inputs.data}}"}
    outputs: {model: "${{parent.outputs.model}}"}
""",
)
RUN = ("run.yml", 'action: run\ntarget: "component:training:1"\nname: story-run\n')


def made(team: Team, sandbox: RunningSandbox) -> Making:
    """Let the run end, mirror what it left behind, and tell how its model was made."""
    sandbox.advance(3600)
    sync(team.workspace)
    drain()
    model = Version.objects.select_related("workspace").get(kind="model", name="story-model")
    return making_of(model)


def shown(team: Team, name: str = "auditor") -> str:
    client = Client()
    client.force_login(team[name])
    address = reverse("making", args=[team.workspace.slug], query={"ref": "model:story-model:1"})
    return client.get(address).content.decode()


def told_by_rest(team: Team) -> Any:
    client = Client()
    client.force_login(team["auditor"])
    address = reverse("api-making", args=[team.workspace.slug], query={"ref": "model:story-model:1"})
    return client.get(address).json()


def test_the_page_names_who_approved_component_and_pipeline_in_which_change_and_plan(
    team: Team, sandbox: RunningSandbox
) -> None:
    published = applied(team, [TRAIN, PIPELINE])
    assert published.state == State.APPLIED, published.reason
    run = applied(team, [RUN])
    assert run.state == State.APPLIED, run.reason
    found = made(team, sandbox)
    assert found.run is not None
    assert found.run.job_name == "story-run"
    parts = [found.run_part, found.pipeline, *(step.component for step in found.steps)]
    assert [
        [(item.change.pk, item.approvers, item.plan_digest) for item in part.approvals] for part in parts if part
    ] == [
        [(run.pk, ("reviewer",), run.plan_digest)],
        [(published.pk, ("reviewer",), published.plan_digest)],
        [(published.pk, ("reviewer",), published.plan_digest)],
    ]
    assert [step.wrote_it for step in found.steps] == [True]
    page = shown(team)
    for words in (f"/changes/{published.pk}/", "approved by reviewer", published.plan_digest, run.plan_digest):
        assert words in page, words
    assert [str(part.ref) for part in found.unapproved] == ["data:raw-data:1"]
    assert "Not everything was approved here." in page
    told = told_by_rest(team)
    assert [told[part]["approvals"][0]["change"] for part in ("run", "pipeline")] == [run.pk, published.pk]
    [step] = told["steps"]
    assert (step["wrote_it"], step["component"]["approvals"][0]["approvers"]) == (True, ["reviewer"])
    assert (told["unapproved"], told["wholly_approved"]) == (["data:raw-data:1"], False)


def test_the_page_says_what_it_takes_to_make_it_again(team: Team, sandbox: RunningSandbox) -> None:
    """The values and data that were given, the environment and compute of each step, and what was measured."""
    train = TRAIN[1].replace(
        "inputs: {data: {type: uri_folder}}", "inputs: {data: {type: uri_folder}, rate: {type: number, default: 0.25}}"
    )
    assert applied(team, [(TRAIN[0], train), PIPELINE]).state == State.APPLIED
    assert applied(team, [RUN]).state == State.APPLIED
    found = made(team, sandbox)
    assert dict(found.parameters)["data"] == "data:raw-data:1"
    [step] = found.steps
    assert step.environment == "environment:data-prep-env:1"
    assert step.compute
    assert ("rate", "0.25") in step.values
    assert found.metrics
    page = shown(team)
    for words in (
        step.compute,
        "<code>rate</code> = 0.25",
        found.metrics[0][0],
        "Run this pipeline version again with these values",
    ):
        assert words in page, words


def test_what_was_published_beside_the_portal_is_said_plainly(team: Team, sandbox: RunningSandbox) -> None:
    """The pipeline is the portal's; its component was put into the workspace by somebody else's tool."""
    body = component(sandbox.base, inputs={"data": FOLDER}, outputs={"model": {"type": "custom_model"}})
    assert Raw(sandbox)("PUT", "components/train/versions/1", body).status == 201
    sync(team.workspace)
    assert applied(team, [PIPELINE]).state == State.APPLIED
    assert applied(team, [RUN]).state == State.APPLIED
    found = made(team, sandbox)
    assert {str(part.ref) for part in found.unapproved} == {"component:train:1", "data:raw-data:1"}
    page = shown(team)
    assert "2 parts came about outside the portal, so nobody approved them" in page
    assert page.count("not through the portal") == 2


def test_archiving_is_no_approval_of_what_is_archived(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, [TRAIN, PIPELINE]).state == State.APPLIED
    assert applied(team, [RUN]).state == State.APPLIED
    archive = applied(team, [("archive.yml", 'action: archive\ntarget: "component:training:1"\n')])
    assert archive.state == State.APPLIED, archive.reason
    found = made(team, sandbox)
    assert found.pipeline is not None
    assert archive.pk not in [item.change.pk for item in found.pipeline.approvals]


def test_a_run_of_a_schedule_names_who_let_the_schedule_in(team: Team, sandbox: RunningSandbox) -> None:
    assert applied(team, [TRAIN, PIPELINE]).state == State.APPLIED
    text = """
name: hourly
trigger: {type: recurrence, frequency: hour, interval: 1, start_time: "2020-01-01T00:00:00", time_zone: UTC}
create_job: azureml:training:1
"""
    schedule = applied(team, [("hourly.yml", text)])
    assert schedule.state == State.APPLIED, schedule.reason
    sandbox.advance(3 * 3600)
    found = made(team, sandbox)
    assert found.schedule is not None
    assert found.schedule.ref == Ref("schedule", "hourly")
    assert [item.change.pk for item in found.schedule.approvals] == [schedule.pk]
    assert found.run_part not in found.unapproved


def test_what_rest_tells_takes_as_many_queries_however_many_steps_there_were(mirrored: Workspace) -> None:
    client = Client()
    client.force_login(make_user("vera", mirrored))
    model = Version.objects.filter(workspace=mirrored, kind="model").exclude(job_name="").order_by("-created_at")[0]
    run = making_of(model).run
    assert run is not None
    address = reverse("api-making", args=["demo"], query={"ref": str(model.ref)})
    client.get(address)
    counts, steps = [], []
    for copies in (0, 40):
        some = Step.objects.filter(run=run).exclude(component_name="")[0]
        for number in range(copies):
            some.pk, some.path, some.run_id_azure = None, f"again{number}", f"again{number}"
            some.save()
        with CaptureQueriesContext(connection) as queries:
            steps.append(len(client.get(address).json()["steps"]))
        counts.append(len(queries))
    assert steps[1] == steps[0] + 40
    assert counts[0] == counts[1] <= 20


@pytest.mark.parametrize(
    ("ref", "status"), [("model:none:1", 404), ("component:churn_training:6", 404), ("nothing", 400), ("", 400)]
)
def test_what_nothing_can_have_made_is_refused_by_rest(mirrored: Workspace, ref: str, status: int) -> None:
    client = Client()
    client.force_login(make_user("vera", mirrored))
    assert client.get(reverse("api-making", args=["demo"], query={"ref": ref})).status_code == status
