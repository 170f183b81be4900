"""The REST views of the registry over a mirrored demo."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry.models import Run, Step, Version, Workspace
from tests.registry.building import make_user

pytestmark = pytest.mark.django_db
BASE = "/api/v1/workspaces/demo/"


@pytest.fixture
def member(mirrored: Workspace) -> Client:
    client = Client()
    client.force_login(make_user("vera", mirrored))
    return client


def answer(client: Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, (address, response.content[:300])
    return response.json()


def test_it_works(member: Client) -> None:
    assert [row["slug"] for row in answer(member, "/api/v1/workspaces/")["results"]] == ["demo"]
    assert answer(member, BASE)["computes"] == ["cpu-cluster", "serverless"]


def test_a_list_is_walked_by_its_next(member: Client) -> None:
    names, address = list[str](), f"{BASE}components/?size=10"
    while address:
        page = answer(member, address)
        names += [row["name"] for row in page["results"]]
        address = page["next"]
    assert names == sorted(set(names))
    assert "model_training" in names
    assert (
        len(names)
        == Version.objects.filter(kind="component", asset__is_pipeline=False)
        .exclude(name="azureml_anonymous")
        .values("name")
        .distinct()
        .count()
    )


def test_a_version_says_everything_the_mirror_knows(member: Client) -> None:
    found = answer(member, f"{BASE}components/model_training/versions/1/")
    assert found["ref"] == "component:model_training:1"
    assert found["interface"]["inputs"][0]["type"] == "uri_folder"
    assert found["raw"]["properties"]["componentSpec"]["name"] == "model_training"
    assert "environment: azureml:data-prep-env:1" in found["yaml"]
    assert [row["version"] for row in answer(member, f"{BASE}components/model_training/versions/")["results"]] == ["1"]
    assert answer(member, f"{BASE}data/raw-data/")["latest_version"] == "1"


def test_runs_are_filtered_as_on_the_page(member: Client) -> None:
    failed = answer(member, f"{BASE}runs/?status=Failed&size=200")["results"]
    assert len(failed) == Run.objects.filter(status="Failed", is_archived=False).count() > 0
    name = failed[0]["job_name"]
    assert name in {row["job_name"] for row in answer(member, f"{BASE}runs/?q={name[:-3]}")["results"]}
    assert answer(member, f"{BASE}runs/{name}/")["raw"]["name"] == name


def test_a_run_whose_steps_are_read_shows_them(member: Client) -> None:
    run = Step.objects.filter(run__status="Completed")[0].run
    found = answer(member, f"{BASE}runs/{run.job_name}/")
    assert {step["path"] for step in found["steps"]} == set(run.steps.values_list("path", flat=True))
    assert "executes" in {edge["role"] for edge in found["edges"]}
    assert len(found["edges"]) == run.edges.count()


def test_the_lineage_of_a_model_reaches_its_run_and_its_data(member: Client) -> None:
    model = Version.objects.filter(kind="model").exclude(job_name="").order_by("-created_at")[0]
    nodes = {node["ref"].partition(":")[0] for node in answer(member, f"{BASE}lineage/?ref={model.ref}")["nodes"]}
    assert {"model", "run", "data", "component"} <= nodes


@pytest.mark.parametrize(
    "query", ["", "ref=", "ref=nothing", "ref=run:x&depth=99", "ref=other/run:x", "ref=run:a%2500"]
)
def test_a_lineage_question_that_cannot_be_read_is_a_400(member: Client, query: str) -> None:
    assert member.get(f"{BASE}lineage/?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["status=banana", "after=yesterday", "archived=perhaps", "cursor=xx", "size=0", "q=%00"]
)
def test_a_filter_that_cannot_be_read_is_a_400(member: Client, query: str) -> None:
    response = member.get(f"{BASE}runs/?{query}")
    assert response.status_code == 400, response.content[:200]


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        (f"{BASE}lineage/?ref=model:x:1&kinds=bogus", "kinds"),
        (f"{BASE}lineage/?ref=model:x:1&kind=bogus", "kind"),
        (f"{BASE}lineage/?ref=model:x:1&depth=9", "depth"),
        (f"{BASE}lineage/?ref=model:x:1&steps=perhaps", "steps"),
        (f"{BASE}lineage/", "ref"),
        (f"{BASE}impact/?ref=component:x:1&depth=2", "depth"),
        (f"{BASE}impact/?ref=nothing", "ref"),
        (f"{BASE}making/?ref=nothing", "ref"),
        (f"{BASE}runs/?state=Failed", "state"),
        (f"{BASE}runs/?status=banana", "status"),
        (f"{BASE}components/?sort=banana", "sort"),
        (f"{BASE}components/model_training/versions/?status=Failed", "status"),
        (f"{BASE}schedules/?enabled=banana", "enabled"),
        (f"{BASE}schedules/?status=on", "status"),
        ("/api/v1/compare/?left=a&right=b&fail_on=minor", "fail_on"),
        ("/api/v1/workspaces/?q=demo", "q"),
    ],
)
def test_a_parameter_that_cannot_be_read_or_is_not_known_is_named(member: Client, address: str, parameter: str) -> None:
    response = member.get(address)
    assert response.status_code == 400, response.content[:200]
    assert [problem["path"] for problem in response.json()["problems"]] == [parameter]
    assert response.json()["problems"][0]["message"]


def test_names_are_listed_by_when_their_newest_version_came(member: Client) -> None:
    found, address = list[str](), f"{BASE}components/?sort=changed&size=10"
    while address:
        page = answer(member, address)
        found += [row["newest_at"] for row in page["results"]]
        address = page["next"]
    assert found == sorted(found, reverse=True)
    assert len(found) > 10


def test_what_a_person_may_not_see_is_not_there(mirrored: Workspace) -> None:
    outsider = Client()
    outsider.force_login(make_user("otto"))
    assert answer(outsider, "/api/v1/workspaces/")["results"] == []
    for path in ("", "components/", "components/model_training/", "runs/", "lineage/?ref=run:x"):
        assert outsider.get(f"{BASE}{path}").status_code == 404, path
    assert Client().get(BASE).status_code in (401, 403)


@pytest.mark.parametrize("path", ["components/", "components/model_training/versions/", "runs/", "models/"])
def test_a_list_takes_as_many_queries_as_before_when_it_is_longer(member: Client, path: str) -> None:
    member.get(f"{BASE}{path}")
    counts = []
    for size in (1, 50):
        with CaptureQueriesContext(database) as queries:
            answer(member, f"{BASE}{path}?size={size}")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 7
