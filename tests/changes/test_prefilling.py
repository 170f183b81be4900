"""A run that is proposed by a link: what the address fills in, what it cannot, and the link of a run that has been."""

from __future__ import annotations

import zlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from mlopsportal.accounts.permissions import Role
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.views.prefilling import prefilled
from mlopsportal.specs.interface import Interface, Port
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.addresses import run_form_address
from registry.models import Run, Workspace
from registry.pipelines import Again, run_again
from registry.raw import plain_json, raw_of
from tests.registry.building import make_user

pytestmark = pytest.mark.django_db
FORM = "/changes/new/?action=run&ws=demo&ref=component:fraud_training:5"


@pytest.fixture
def author(mirrored: Workspace) -> Client:
    client = Client()
    client.force_login(make_user("writer", mirrored, role=Role.AUTHOR))
    return client


def test_an_address_fills_in_inputs_experiment_display_name_and_compute(author: Client) -> None:
    given = "&input.learning_rate=0.07&experiment=tuning&display_name=Slower&compute=cpu-cluster"
    response = author.get(FORM + given)
    assert response.status_code == 200
    form = response.context["page"].form
    fields = ("input_learning_rate", "experiment", "display_name", "compute", "title")
    assert [form[name].value() for name in fields] == [
        "0.07",
        "tuning",
        "Slower",
        "cpu-cluster",
        "Run fraud_training 5",
    ]
    assert form["input_transactions"].value() == author.get(FORM).context["page"].form["input_transactions"].value()
    assert not form.errors
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ("input.learning_rate=fast", "input_learning_rate", "fast"),
        ("input.transactions=nowhere", "input_transactions", "nowhere"),
        (f"compute={'c' * 65}", "compute", "c" * 65),
        ("experiment=%00", "experiment", "\x00"),
    ],
)
def test_a_value_that_will_not_do_stays_with_what_is_wrong_beside_it(
    author: Client, given: str, field: str, value: str
) -> None:
    response = author.get(f"{FORM}&{given}")
    form = response.context["page"].form
    assert response.status_code == 400
    assert [*form.errors] == [field]
    assert form[field].value() == value
    assert f'id="id_{field}_error"' in response.content.decode()


def test_what_fills_nothing_in_is_told(author: Client) -> None:
    page = author.get(f"{FORM}&input.no_such_input=1&experimen=x").content.decode()
    assert "<code>experimen</code>, <code>input.no_such_input</code> in the address fill nothing in" in page


def test_the_value_of_a_switch_is_understood_as_python_writes_it() -> None:
    found = prefilled(QueryDict("input.deep=True"), Interface({"deep": Port("deep", "boolean")}, {}))
    assert found.given == {"input_deep": "true"}


def test_the_page_of_a_run_leads_to_the_form_with_its_values(author: Client) -> None:
    run = Run.objects.filter(pipeline__name="fraud_training", status="Completed").order_by("-started_at")[0]
    page = author.get(reverse("run-detail", args=["demo", run.job_name]))
    assert "Run again with these values" in page.content.decode()
    address = page.context["page"].again.address
    assert "input.learning_rate=" in urlsplit(address).query
    response = author.get(address)
    assert response.status_code == 200
    shown = response.context["page"]
    assert not shown.strangers
    ports = page.context["page"].inputs
    for port in ports:
        expected = f"azureml:{port.ref.partition(':')[2]}" if port.ref else port.value
        assert shown.form[f"input_{port.name}"].value() == expected
    assert shown.form["experiment"].value() == run.experiment
    assert ports


def test_values_that_no_address_can_hold_are_left_out() -> None:
    ref = Ref("component", "train", "1")
    assert "input.a=1" in run_form_address(ref, "demo", {"input.a": "1"})
    assert run_form_address(ref, "demo", {"input.a": "x" * 4000}) == run_form_address(ref, "demo", {})


def again_with(**inputs: Any) -> tuple[Run, Again]:
    """A run that was given these inputs besides its own, as the mirror holds it, and its link."""
    run = Run.objects.select_related("workspace", "pipeline").filter(pipeline__name="fraud_training")[0]
    raw = raw_of(run)
    raw["properties"]["inputs"] = inputs
    run.part, run.remainder = None, zlib.compress(plain_json(raw))
    run.save()
    again = run_again(run)
    assert again is not None
    return run, again


def asked_by(again: Again) -> dict[str, str]:
    query = parse_qs(urlsplit(again.address).query, keep_blank_values=True)
    return {name: values[0] for name, values in query.items()}


def test_a_run_is_repeated_with_what_is_empty_and_what_is_another_workspaces(mirrored: Workspace) -> None:
    elsewhere = f"{mirrored.base}-other/data/raw/versions/1"
    _, again = again_with(
        learning_rate={"value": ""},
        nothing={"value": None},
        theirs={"uri": elsewhere},
        ours={"uri": f"{mirrored.base.lower()}/data/raw/versions/1"},
    )
    asked = asked_by(again)
    assert (asked["input.learning_rate"], asked["input.nothing"]) == ("", "")
    assert (asked["input.theirs"], asked["input.ours"]) == (elsewhere, "azureml:raw:1")
    assert again.words == "with these values"


def test_the_form_shows_an_input_empty_that_the_run_was_given_empty(author: Client) -> None:
    _, again = again_with(learning_rate={"value": ""})
    assert author.get(again.address).context["page"].form["input_learning_rate"].value() == ""


def test_what_looks_secret_is_in_no_link_and_the_link_says_so(author: Client) -> None:
    run, again = again_with(
        learning_rate={"value": "0.3"},
        api_key={"value": "not-for-links"},
        store={"value": "AccountKey=abcdefghij0123456789"},
    )
    page = author.get(reverse("run-detail", args=["demo", run.job_name])).content.decode()
    assert "Run again with these values, without 2 values that look secret<" in page
    asked = asked_by(again)
    assert asked["input.learning_rate"] == "0.3"
    assert not {"input.api_key", "input.store"} & {*asked}


def test_a_link_that_cannot_hold_the_values_says_so(author: Client) -> None:
    run, again = again_with(learning_rate={"value": "0.3"}, notes={"value": "x" * 4000})
    page = author.get(reverse("run-detail", args=["demo", run.job_name])).content.decode()
    assert "Run again and type its values in: they are too long for a link<" in page
    assert "Run again with these values" not in page
    assert asked_by(again).keys() == {"action", "ref", "ws"}
