"""What is known of the steps of each side: at every level, and of what the same change makes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.permissions import Role
from mlopsportal.changes import workflow
from mlopsportal.changes.models import Plan, Revision, Step
from mlopsportal.changes.states import StepAction
from mlopsportal.comparison.interfaces import interfaces_of
from mlopsportal.comparison.sides import side_of
from registry.models import Workspace
from tests.comparison.test_result import HUNGRY, PIPELINE, TRAIN, put
from tests.registry.building import make_user, make_workspace

TRAINING = """$schema: x
type: pipeline
name: training
version: '2'
jobs:
  train: {{type: command, component: {component}, inputs: {{rate: 0.1}}}}
"""
NEWER = """$schema: x
type: command
name: train
version: '2'
command: python train.py
environment: azureml:env:1
inputs:
  rate: {type: number}
"""


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace(slug="one")


def reader(workspace: Workspace) -> Client:
    found = Client()
    found.force_login(make_user("reader", workspace))
    return found


def drafted(workspace: Workspace, *documents: tuple[str, str]) -> str:
    """Open a change and return the ref of its first document."""
    writer = make_user("writer", workspace, role=Role.AUTHOR)
    change = workflow.open_change(workspace, documents, actor=actor_of_user(writer), title="A draft")
    return f"change:{change.pk}@1:{documents[0][0]}"


def verdict(client: Client, left: str, right: str) -> tuple[str, list[str]]:
    body = client.get("/api/v1/compare/", {"left": left, "right": right}).json()
    assert client.get(reverse("compare"), {"left": left, "right": right}).status_code == 200
    return body["verdict"], [reason["rule"] for reason in body["reasons"]]


def test_a_step_of_an_inline_pipeline_is_judged_by_what_the_mirror_knows(workspace: Workspace) -> None:
    for version in ("1", "2"):
        put(workspace, "train", TRAIN, version)
        step = {"type": "command", "component": f"component:train:{version}", "inputs": {"rate": "0.1"}}
        inner = {"type": "pipeline", "jobs": {"train": step}}
        put(
            workspace,
            "outer",
            {"type": "pipeline", "jobs": {"inner": {"type": "pipeline", "component": inner}}},
            version,
        )
    assert verdict(reader(workspace), "one/component:outer:1", "one/component:outer:2")[0] != "unknown"


@pytest.mark.parametrize("component", ["azureml:train:2", "./train.yml", "file:./train.yml", "azureml:train@latest"])
def test_a_component_of_the_same_change_is_known(workspace: Workspace, component: str) -> None:
    put(workspace, "train", TRAIN)
    put(workspace, "training", PIPELINE)
    draft = drafted(workspace, ("a.yml", TRAINING.format(component=component)), ("train.yml", NEWER))
    assert verdict(reader(workspace), "one/component:training:1", draft)[0] == "patch"


def test_what_the_same_change_makes_is_what_is_judged(workspace: Workspace) -> None:
    put(workspace, "train", TRAIN)
    put(workspace, "training", PIPELINE)
    hungry = f"{NEWER}  epochs: {{type: integer}}\n"
    draft = drafted(workspace, ("a.yml", TRAINING.format(component="azureml:train:2")), ("train.yml", hungry))
    assert verdict(reader(workspace), "one/component:training:1", draft) == ("breaking", ["step-input-missing"])


def test_what_the_newest_plan_makes_of_a_document_comes_before_its_text(workspace: Workspace) -> None:
    put(workspace, "train", TRAIN)
    put(workspace, "training", PIPELINE)
    draft = drafted(workspace, ("a.yml", TRAINING.format(component="azureml:train:2")), ("train.yml", NEWER))
    revision = Revision.objects.get()
    for spec in (TRAIN, HUNGRY):
        plan = Plan.objects.create(revision=revision, requested_at=timezone.now())
        Step.objects.create(
            plan=plan, position=1, ref="component:train:2", action=StepAction.CREATE, after={"componentSpec": spec}
        )
    assert verdict(reader(workspace), "one/component:training:1", draft) == ("breaking", ["step-input-missing"])


def test_a_component_that_neither_the_mirror_nor_the_change_has_stays_unknown(workspace: Workspace) -> None:
    put(workspace, "train", TRAIN)
    put(workspace, "training", PIPELINE)
    draft = drafted(workspace, ("a.yml", TRAINING.format(component="azureml:train:3")), ("train.yml", NEWER))
    assert verdict(reader(workspace), "one/component:training:1", draft) == ("unknown", ["step-unknown"])


def test_many_documents_ask_no_more_than_two(workspace: Workspace) -> None:
    parts = [(f"p{number}.yml", NEWER.replace("name: train", f"name: p{number}")) for number in range(12)]
    draft = drafted(workspace, ("a.yml", TRAINING.format(component="azureml:p7:2")), *parts)
    side = side_of("left", draft, make_user("reader", workspace))
    with CaptureQueriesContext(connection) as queries:
        assert set(interfaces_of(side)) == {"component:p7:2"}
    assert len(queries) <= 3
