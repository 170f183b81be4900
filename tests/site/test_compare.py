"""The comparison page: runs side by side, folding, the two layouts of the text, what is ticked in a list."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from registry.models import Run, Workspace
from tests.registry.building import make_user

pytestmark = pytest.mark.django_db
PIPELINES = {"left": "demo/component:churn_training:1", "right": "demo/component:churn_training:6"}


@pytest.fixture
def client(mirrored: Workspace) -> Client:
    found = Client()
    found.force_login(make_user("viewer", mirrored))
    return found


def two_runs() -> list[str]:
    runs = Run.objects.filter(pipeline_name="churn_training", steps_final=True).order_by("-started_at", "-id")[:2]
    return [f"demo/{run.ref}" for run in runs]


def test_two_runs_ticked_in_the_list_are_compared_the_older_one_left(client: Client) -> None:
    newer, older = two_runs()
    assert f'value="{newer}"' in client.get(reverse("run-list", args=["demo"])).content.decode()
    page = client.get(reverse("compare"), {"ref": [newer, older], "view": "runs"})
    assert (page.context["page"].left, page.context["page"].right) == (older, newer)
    for words in ("Parameters", "What differed in the definition", "Right − left", "evaluate"):
        assert words in page.content.decode(), words


def test_runs_have_their_own_part_in_the_rest_twin(client: Client) -> None:
    newer, older = two_runs()
    runs = client.get("/api/v1/compare/", {"left": older, "right": newer}).json()["runs"]
    assert {"parameters", "metrics", "duration_seconds", "steps"} == runs.keys()
    assert runs["steps"][0]["left"]["reused"] in (True, False)


def test_what_did_not_change_is_folded_on_demand(client: Client) -> None:
    shown = client.get(reverse("compare"), PIPELINES | {"view": "graph", "unchanged": "shown"}).content.decode()
    folded = client.get(reverse("compare"), PIPELINES | {"view": "graph", "unchanged": "folded"}).content.decode()
    assert "Fold what did not change" in shown
    assert "Show all steps" in folded


@pytest.mark.parametrize("layout", ["", "unified", "sideways"])
def test_the_text_is_shown_in_each_layout(client: Client, layout: str) -> None:
    page = client.get(reverse("compare"), PIPELINES | {"view": "text", "layout": layout}).content.decode()
    assert ("Side by side" in page) == (layout == "unified")


@pytest.mark.parametrize("view", ["runs", "none", "\x00", "<b>"])
def test_a_view_that_this_comparison_does_not_have_is_the_summary(client: Client, view: str) -> None:
    assert "What changed" in client.get(reverse("compare"), PIPELINES | {"view": view}).content.decode()
