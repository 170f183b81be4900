"""The comparison page: what it says first, what it refuses, what it offers to compare, its views, what is ticked."""

from __future__ import annotations

import html
import json
import re
import zlib
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.permissions import Role
from mlopsportal.changes import workflow
from mlopsportal.comparison import completed
from registry.models import Run, Version, Workspace
from scheduling.models import ScheduleState
from tests.registry.building import make_user, make_workspace

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


# What cannot be compared, and what nearly can


@pytest.mark.parametrize(
    "ref", ["nonsense", "churn_training", "demo/component:churn_training", "demo/nothing:x:1", "demo/component:", "%00"]
)
def test_what_is_no_reference_is_refused_and_its_field_marked(client: Client, ref: str) -> None:
    sides = {"left": PIPELINES["left"], "right": ref}
    page = client.get(reverse("compare"), sides)
    assert page.status_code == 400
    assert "This cannot be compared" in page.content.decode()
    assert page.content.decode().count('aria-invalid="true"') == 1
    body = client.get("/api/v1/compare/", sides)
    assert body.status_code == 400
    assert body.json()["problems"][0]["path"] == "right"


def test_whoever_names_no_version_is_told_the_whole_form_at_once(client: Client) -> None:
    for ref in ("churn_training", "pipeline:churn_training"):
        shown = client.get(reverse("compare"), {"left": ref}).content.decode()
        assert "In full it is workspace/kind:name:version, such as demo/component:train:3" in shown


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("component:churn_training:5", "pipeline:churn_training:6"),
        ("demo/pipeline:churn_training:5", "component:churn_training:6"),
    ],
)
def test_the_workspace_may_be_left_out_and_a_pipeline_be_called_one(client: Client, left: str, right: str) -> None:
    page = client.get(reverse("compare"), {"left": left, "right": right})
    assert page.status_code == 200
    assert page.context["page"].left == "demo/component:churn_training:5"
    assert page.context["page"].right == "demo/component:churn_training:6"


def test_a_missing_workspace_is_that_of_the_other_side_first() -> None:
    assert completed("other/data:a:1", "data:a:2", "demo") == ("other/data:a:1", "other/data:a:2")
    assert completed("change:17@2:a.yml", "data:a:2", "demo") == ("change:17@2:a.yml", "demo/data:a:2")
    assert completed("what is this", "", "demo") == ("what is this", "")


def test_the_newest_things_can_be_chosen_without_typing(client: Client) -> None:
    page = client.get(reverse("compare"))
    newest = [choice.address for choice in page.context["page"].newest]
    shown = page.content.decode()
    assert any(address.startswith("demo/component:") for address in newest)
    assert any(address.startswith("demo/run:") for address in newest)
    assert all(f'<option value="{address}">' in shown for address in newest)
    assert shown.count("?left=demo%2F") == len(newest)
    assert client.get(reverse("compare"), {"left": newest[0]}).status_code == 200


def test_what_a_reader_may_not_see_is_as_unknown_as_what_is_not_there(mirrored: Workspace) -> None:
    outsider = Client()
    outsider.force_login(make_user("outsider"))
    seen, missing = (
        outsider.get(reverse("compare"), PIPELINES | {"right": ref})
        for ref in (PIPELINES["right"], "demo/component:x:1")
    )
    assert seen.status_code == missing.status_code == 404
    for page in (seen, missing):
        assert "names nothing that the mirror knows" in page.content.decode()
    assert outsider.get("/api/v1/compare/", PIPELINES).status_code == 404


def test_one_thing_on_both_sides_is_told(client: Client) -> None:
    page = client.get(reverse("compare"), {"left": PIPELINES["left"], "right": PIPELINES["left"]})
    assert page.status_code == 200
    assert "The same thing on both sides" in page.content.decode()


def test_two_kinds_of_things_have_fields_and_texts_but_no_sentences(client: Client) -> None:
    sides = {"left": PIPELINES["left"], "right": "demo/schedule:churn-training-weekly"}
    page = client.get(reverse("compare"), sides)
    assert "A component cannot become a schedule" in page.content.decode()
    assert [key for key, _, _ in page.context["page"].views] == ["summary", "fields", "text"]
    body = client.get("/api/v1/compare/", sides).json()
    assert (body["verdict"], body["summary"]) == ("unknown", [])
    assert body["reasons"][0]["rule"] == "kinds-differ"


def test_a_run_can_be_compared_with_a_version(client: Client) -> None:
    newer, _ = two_runs()
    page = client.get(reverse("compare"), {"left": PIPELINES["left"], "right": newer})
    assert page.status_code == 200
    assert "graph" in [key for key, _, _ in page.context["page"].views]


# The verdict, its reasons and what follows


def test_a_verdict_says_why_what_follows_and_who_is_concerned(client: Client) -> None:
    sides = {"left": "demo/component:train_churn_model:1", "right": "demo/component:train_churn_model:4"}
    shown = client.get(reverse("compare"), sides | {"view": "fields"}).content.decode()
    assert "Minor" in shown
    assert "Whoever uses version 1 can use version 4 as it is." in shown
    assert "The input max_depth is new: integer, with default 7." in shown
    assert "Nobody uses train_churn_model 1." in shown


def test_who_uses_the_older_side_is_counted_and_a_link_away(client: Client) -> None:
    sides = {"left": "demo/component:split_train_test:3", "right": "demo/component:split_train_test:1"}
    shown = client.get(reverse("compare"), sides).content.decode()
    assert "Breaking" in shown
    assert reverse("impact", args=["demo", "components", "split_train_test", "3"]) in shown
    assert "schedules (next fire" in re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", shown))


def test_two_runs_say_first_how_they_came_out(client: Client) -> None:
    newer, older = two_runs()
    found = client.get(reverse("compare"), {"left": older, "right": newer}).context["page"]
    assert found.headline.follows.startswith("Both completed. Same definition; ")
    assert re.search(r"the right took .* (longer|shorter)", found.headline.follows)
    assert "difference" in found.headline.word
    assert not any("interface" in line.words for line in found.result.lines)


def test_two_different_pipelines_are_called_so_and_their_lines_grouped(client: Client) -> None:
    sides = {"left": PIPELINES["right"], "right": "demo/component:fraud_training:5"}
    page = client.get(reverse("compare"), sides)
    groups = page.context["page"].result.groups
    assert groups[0][1][0].words.startswith("These are two different pipelines, churn_training and fraud_training")
    assert {"Inputs", "Steps"} <= {about for about, _ in groups}
    assert page.content.decode().count('<h3 class="about">') == len([about for about, _ in groups if about])
    few = client.get(reverse("compare"), PIPELINES | {"left": "demo/component:churn_training:5"})
    assert [about for about, _ in few.context["page"].result.groups] == [""]
    assert "two different pipelines" not in few.content.decode()


def test_where_azure_put_the_outputs_of_two_runs_is_no_difference(client: Client) -> None:
    newer, older = two_runs()
    changes = client.get("/api/v1/compare/", {"left": older, "right": newer}).json()["changes"]
    assert "run.outputs.model.uri" not in [change["path"] for change in changes]


# Choosing what to compare


def test_each_side_can_be_exchanged_for_another_version(client: Client) -> None:
    page = client.get(reverse("compare"), PIPELINES)
    found = page.context["page"]
    assert [choice.words for choice in found.left_choices] == [f"version {number}" for number in range(6, 0, -1)]
    assert [choice.is_chosen for choice in found.left_choices] == [False] * 5 + [True]
    assert [choice.is_chosen for choice in found.right_choices] == [True] + [False] * 5
    swapped = "?left=demo%2Fcomponent%3Achurn_training%3A6&amp;right=demo%2Fcomponent%3Achurn_training%3A1"
    assert swapped in page.content.decode()


@pytest.mark.parametrize("side", ["left", "right", "ref"])
def test_whoever_names_one_side_is_offered_the_other(client: Client, side: str) -> None:
    page = client.get(reverse("compare"), {side: PIPELINES["left"]})
    shown = page.content.decode()
    assert page.status_code == 200
    assert "version 6</a>" in shown
    assert "version 1</a>" not in shown


def test_a_run_is_offered_the_runs_of_its_pipeline(client: Client) -> None:
    newer, older = two_runs()
    found = client.get(reverse("compare"), {"left": older, "right": newer}).context["page"]
    assert {newer, older} <= {choice.address for choice in found.left_choices}


def test_a_schedule_is_offered_the_states_it_has_had(mirrored: Workspace, client: Client) -> None:
    now = ScheduleState.objects.get(name="churn-training-weekly")
    raw = json.loads(zlib.decompress(bytes(now.raw)))
    raw["properties"]["trigger"]["interval"] = 2
    before = ScheduleState.objects.create(
        workspace=mirrored,
        name=now.name,
        digest="0" * 64,
        raw=zlib.compress(json.dumps(raw).encode()),
        first_seen_at=now.first_seen_at - timedelta(days=3),
    )
    sides = [f"demo/schedule:{now.name}@{state.digest}" for state in (now, before)]
    schedule = client.get(reverse("schedule-detail", args=["demo", now.name])).content.decode()
    assert all(f'value="{side}"' in schedule for side in sides)
    found = client.get(reverse("compare"), {"ref": sides}).context["page"]
    assert (found.left, found.right) == (sides[1], sides[0])
    assert found.headline.follows.startswith("It fires")
    told = client.get(reverse("api-compare"), {"left": sides[1], "right": sides[0]}).json()
    assert (told["verdict"], [reason["rule"] for reason in told["reasons"]]) == ("minor", ["behaviour-changed"])
    assert {choice.address for choice in found.left_choices} == set(sides)


def test_a_draft_is_offered_its_revisions_and_what_is_live(mirrored: Workspace, client: Client) -> None:
    text = (
        "$schema: x\ntype: command\nname: prepare_customers\nversion: '9'\ncommand: echo\nenvironment: azureml:env:1\n"
    )
    writer = make_user("writer", mirrored, role=Role.AUTHOR)
    number = workflow.open_change(mirrored, [("prepare.yml", text)], actor=actor_of_user(writer), title="A draft").pk
    found = client.get(reverse("compare"), {"left": f"change:{number}@1:prepare.yml"}).context["page"]
    words = [choice.words for choice in found.only_choices]
    assert words == ["version 4", "version 3", "version 2", "version 1"]
    live = client.get(
        reverse("compare"), {"left": found.only_choices[0].address, "right": f"change:{number}@1:prepare.yml"}
    )
    assert live.context["page"].headline.word == "Breaking"


def test_versions_ticked_in_their_list_are_compared_the_older_one_left(client: Client) -> None:
    shown = client.get(reverse("asset-detail", args=["demo", "pipelines", "churn_training"])).content.decode()
    ticked = re.findall(r'name="ref" value="([^"]+)"', shown)
    assert ticked[0] == "demo/component:churn_training:6"
    found = client.get(reverse("compare"), {"ref": ticked[:2]})
    assert (found.context["page"].left, found.context["page"].right) == (ticked[1], ticked[0])
    assert "are ticked</h2>" not in found.content.decode()


def test_of_more_than_two_that_are_ticked_the_person_picks_two_and_keeps_the_rest(client: Client) -> None:
    ticked = [f"demo/component:churn_training:{version}" for version in (6, 4, 2, 1)]
    page = client.get(reverse("compare"), {"ref": ticked})
    assert page.context["page"].result is None
    assert "4 are ticked" in page.content.decode()

    page = follow(client, page, "as left: churn_training 1")
    assert (page.context["page"].left, page.context["page"].right) == (ticked[3], "")
    page = follow(client, page, "as right: churn_training 4")
    assert (page.context["page"].left, page.context["page"].right) == (ticked[3], ticked[1])
    assert page.context["page"].result is not None
    page = follow(client, page, "as right: churn_training 6")
    page = follow(client, page, "as left: churn_training 6")
    assert (page.context["page"].left, page.context["page"].right) == (ticked[0], ticked[3])
    assert [item.side for item in page.context["page"].ticked] == ["left", "", "", "right"]


def follow(client: Client, page: Any, words: str) -> Any:
    """Follow the one link that says so."""
    text = page.content.decode().replace('<span class="sr">', "").replace("</span>", "")
    [address] = re.findall(rf'<a href="([^"]+)">{re.escape(words)}</a>', text)
    return client.get(reverse("compare") + html.unescape(address))


def test_one_version_alone_has_nothing_to_tick(client: Client) -> None:
    shown = client.get(reverse("asset-detail", args=["demo", "data", "raw-data"])).content.decode()
    assert 'name="ref"' not in shown


def copied(workspace: Workspace, kind: str, name: str, version: str) -> None:
    """Let a workspace have a version of the demo too."""
    row = Version.objects.select_related("asset").get(kind=kind, name=name, version=version)
    asset = row.asset
    asset.pk, asset.workspace = None, workspace
    asset.save()
    row.pk, row.workspace, row.asset = None, workspace, asset
    row.save()


def test_versions_of_two_workspaces_are_compared_and_each_says_where_it_is(mirrored: Workspace) -> None:
    other = make_workspace(slug="other")
    for part in ("churn_training", "train_churn_model"):
        copied(other, "component", part, "6")
    reader = Client()
    reader.force_login(make_user("reader", mirrored, other))
    sides = {"left": "demo/component:churn_training:5", "right": "other/component:churn_training:6"}
    page = reader.get(reverse("compare"), sides)
    shown = page.content.decode()
    assert page.status_code == 200
    assert "in demo" in shown
    assert "in other" in shown
    assert "left=demo%2Fcomponent%3Atrain_churn_model%3A5&amp;right=other%2Fcomponent%3Atrain_churn_model%3A6" in shown


def test_rest_takes_a_reference_without_workspace_where_only_one_can_be_meant(mirrored: Workspace) -> None:
    client = Client()
    client.force_login(make_user("reads-one", mirrored))
    sides = {"left": "component:train_churn_model:5", "right": "component:train_churn_model:6"}
    assert client.get(reverse("api-compare"), sides).json()["verdict"] == "patch"
    assert client.get(reverse("api-compare"), {**sides, "left": f"demo/{sides['left']}"}).status_code == 200
    client.force_login(make_user("reads-none"))
    assert client.get(reverse("api-compare"), sides).status_code == 400


def test_what_is_chosen_beside_the_one_that_is_named_stands_left_when_it_is_older(client: Client) -> None:
    page = client.get(reverse("compare"), {"left": "demo/component:churn_training:4"}).context["page"]
    links = {choice.words: unquote(address).partition("?")[2] for address, choice in page.only_links}
    own = "demo/component:churn_training:4"
    assert links["version 6"] == f"left={own}&right=demo/component:churn_training:6"
    assert links["version 1"] == f"left=demo/component:churn_training:1&right={own}"
