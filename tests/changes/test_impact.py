"""What the plan of a change says of those who use its objects, before anybody approves it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mlopsportal.changes.models import ChangeRequest
from registry.models import Use
from tests.changes.building import Team, opened
from tests.upgrading.building import component, stocked

pytestmark = pytest.mark.django_db
BROKEN = component("2", outputs="other: {type: uri_folder}")


def shown(team: Team, change: ChangeRequest, **query: str) -> str:
    client = Client()
    client.force_login(team["reviewer"])
    return client.get(reverse("change-detail", args=[change.pk], query=query)).content.decode()


def test_a_reviewer_reads_whom_a_new_version_breaks_and_when_the_next_fire_is(team: Team) -> None:
    stocked(team)
    Use.objects.filter(consumer__name="training", name="train").update(version="", label="latest")
    page = shown(team, opened(team, [BROKEN]))
    assert "Breaks 1 pipeline, which follows its newest version; next fire in " in page


def test_who_names_the_version_before_stays_with_it(team: Team) -> None:
    stocked(team)
    page = shown(team, opened(team, [BROKEN]))
    assert "1 pipeline and 1 schedule stay with train 1; 1 pipeline would break if moved; next fire in " in page


def test_archiving_says_who_still_uses_it(team: Team) -> None:
    stocked(team)
    change = opened(team, [("archive.yml", 'action: archive\ntarget: "component:train:1"\n')])
    assert "2 pipelines and 1 schedule still use it; next fire in " in shown(team, change)


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
