"""What the forms promise about the way to Azure is what then happens to the change, for each person and value."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import Policy, State
from tests.changes.building import Team, applied, component_text, guide_documents
from tests.queue.draining import drain

pytestmark = pytest.mark.django_db
RUN = "/changes/new/?action=run&ws=demo&ref=component:training_pipeline:1"
ASKED = {
    "ws": "demo",
    "title": "Run it",
    "input_raw_data": "azureml:raw-data:1",
    "input_test_data": "azureml:test-data:1",
    "compute": "serverless",
}
OTHER_DATA = {**ASKED, "input_raw_data": "azureml:test-data:1"}


def browser(team: Team, name: str) -> Client:
    client = Client()
    client.force_login(team[name])
    return client


def words(client: Client, values: dict[str, str]) -> str:
    return client.post(RUN, {**values, "do": "words"}).content.decode()


def outcome(client: Client, values: dict[str, str]) -> ChangeRequest:
    assert client.post(RUN, {**values, "do": "submit"}).status_code == 302
    drain()
    return ChangeRequest.objects.latest("pk")


def test_an_operator_is_told_that_defaults_need_nobody_and_other_values_a_review(team: Team) -> None:
    applied(team, guide_documents())
    operator = browser(team, "operator")
    form = operator.get(RUN).content.decode()
    assert "Nobody else is asked" in form
    assert "Nothing is sent before somebody else" not in form

    assert "Nobody else is asked" in words(operator, ASKED)
    free = outcome(operator, ASKED)
    assert (free.policy, free.state) == (Policy.STANDING, State.APPROVED)

    told = words(operator, OTHER_DATA)
    assert "A reviewer has to approve this run first: you set inputs" in told
    assert outcome(operator, OTHER_DATA).state == State.IN_REVIEW


def test_several_values_are_named(team: Team) -> None:
    applied(team, guide_documents())
    told = words(browser(team, "operator"), {**OTHER_DATA, "compute": "cpu-cluster", "force_rerun": "on"})
    assert "you set inputs, the compute and that every step runs anew" in told


def test_an_author_is_told_of_the_review_whatever_the_values(team: Team) -> None:
    applied(team, guide_documents())
    author = browser(team, "author")
    assert "A reviewer has to approve this first" in words(author, ASKED)
    assert outcome(author, ASKED).state == State.IN_REVIEW


def test_inputs_without_a_default_make_a_review_needed_from_the_start(team: Team) -> None:
    head = component_text("count").replace("type: command", "type: pipeline").partition("outputs:")[0]
    node = (
        "{type: command, component: 'azureml:model_training:1', inputs: {training_data: '${{parent.inputs.raw_data}}'}}"
    )
    applied(team, [("count.yml", f"{head}jobs:\n  one: {node}\n")])
    form = browser(team, "operator").get(RUN.replace("training_pipeline", "count")).content.decode()
    assert "A reviewer has to approve this run first: the version has no default for raw_data" in form


def test_values_are_judged_while_another_field_is_still_wrong(team: Team) -> None:
    applied(team, guide_documents())
    told = words(browser(team, "operator"), {**OTHER_DATA, "title": "", "input_test_data": ""})
    assert "you set inputs" in told


def test_asking_opens_nothing(team: Team) -> None:
    applied(team, guide_documents())
    before = ChangeRequest.objects.count()
    assert 'id="sending"' in words(browser(team, "operator"), {"ws": "demo", "title": ""})
    assert ChangeRequest.objects.count() == before


def test_the_plan_of_a_run_names_its_pipeline_and_what_was_given(team: Team) -> None:
    applied(team, guide_documents())
    change = outcome(browser(team, "operator"), OTHER_DATA)
    shown = browser(team, "viewer").get(reverse("change-detail", args=[change.pk])).content.decode()
    assert "Run pipeline training_pipeline 1" in shown
    assert "given raw_data = data:test-data:1" in shown
    assert "default test_data = data:test-data:1" in shown
