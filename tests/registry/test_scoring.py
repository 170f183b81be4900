"""The score of a version: judged on what Azure ML keeps of it, at the levels of its workspace."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from mlopsportal import azureml
from mlopsportal.azureml import Json
from mlopsportal.specs.practices import Score
from mlopsportal.specs.ref import Ref
from registry.models import PracticeLevel, Version, Workspace
from registry.raw import raw_of
from registry.rendering import document_of, yaml_of
from registry.scoring import Yardstick
from tests.registry.building import make_user
from tests.specs.building import document

pytestmark = pytest.mark.django_db

COMPONENT = """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: train_model
version: 3
description: Trains the churn model.
is_deterministic: true
tags: {owner: churn-team, commit: 4f1c2aa}
command: python train.py --data ${{inputs.data}}
environment: azureml:data-prep-env:1
inputs: {data: {type: uri_folder, description: Sales of one month}}
"""
PIPELINE = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
type: pipeline
name: training
version: 1.2.0
description: Trains the churn model every week.
is_deterministic: true
tags: {team: churn, repository: churn}
inputs: {raw: {type: uri_folder, description: Sales of one month}}
outputs: {ready: {type: uri_folder, description: The same without gaps}}
jobs:
  prepare:
    type: command
    component: azureml:data_preparation:1
    limits: {timeout: 3600}
    inputs: {raw_data: "${{parent.inputs.raw}}"}
    outputs: {prepared_data: "${{parent.outputs.ready}}"}
"""


def sent(workspace: Workspace, text: str) -> tuple[Ref, Json]:
    """What the SDK makes of a YAML, which is what the mirror reads back."""
    written = document(text)
    assert written.ref
    kind = "pipeline" if written.kind.is_pipeline else "component"
    connection = azureml.connect(workspace.target())
    try:
        *_, last = connection.compile([azureml.CompileInput(written.ref, kind, written.value)])
    finally:
        connection.close()
    return written.ref, dict(last.body or {})


def scored(workspace: Workspace, text: str) -> Score:
    found = Yardstick(workspace).score(*sent(workspace, text))
    assert found
    return found


def codes(score: Score | None) -> list[str]:
    assert score
    return [item.code for item in score.missing]


def raw(spec: Mapping[str, Any], **beside: Any) -> Json:
    return {"name": "1", "properties": {"componentSpec": {"type": "command", **spec}, **beside}}


def become(row: Version, body: Json) -> None:
    """Let a mirrored version be what `body` says."""
    Version.objects.filter(pk=row.pk).update(remainder=zlib.compress(json.dumps(body).encode()), part=None)


def signed_in(workspace: Workspace) -> Client:
    client = Client()
    client.force_login(make_user("vera", workspace))
    return client


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


@pytest.mark.parametrize("text", [COMPONENT, PIPELINE])
def test_what_follows_every_practice_still_does_once_azure_has_it(mirrored: Workspace, text: str) -> None:
    found = scored(mirrored, text)
    assert (found.missing, found.percent) == ((), 100)


@pytest.mark.parametrize(
    ("text", "before", "after", "code", "points"),
    [
        (COMPONENT, "--data", "--key AccountKey=abcdefghijklmnop== --data", "no-secrets", 3),
        (COMPONENT, "description: Trains", "display_name: Trains", "described", 1),
        (COMPONENT, ", description: Sales of one month", "", "described-ports", 1),
        (COMPONENT, "owner: churn-team, ", "", "owned", 1),
        (COMPONENT, ", commit: 4f1c2aa", "", "under-version-control", 1),
        (COMPONENT, "train_model", "train_model_v2", "name-convention", 1),
        (COMPONENT, "version: 3", "version: friday", "version-convention", 1),
        (
            PIPELINE,
            '"${{parent.inputs.raw}}"',
            "{type: uri_folder, path: 'azureml:raw-data:1'}",
            "parameterised",
            1,
        ),
        (PIPELINE, "    limits: {timeout: 3600}\n", "", "timeout-set", 1),
        (PIPELINE, "description: The same without gaps", "", "described-ports", 1),
        (PIPELINE, "team: churn", "area: churn", "owned", 1),
    ],
)
def test_each_thing_left_out_costs_its_points(
    mirrored: Workspace, text: str, before: str, after: str, code: str, points: int
) -> None:
    assert before in text
    found = scored(mirrored, text.replace(before, after))
    assert [(item.code, item.points) for item in found.missing] == [(code, points)]
    assert found.points == found.out_of - points


def test_a_label_counts_where_it_is_kept_and_not_where_the_sdk_has_resolved_it(mirrored: Workspace) -> None:
    for text, pinned, label in (
        (COMPONENT, "data-prep-env:1", "data-prep-env@latest"),
        (PIPELINE, "data_preparation:1", "model_training@latest"),
    ):
        assert codes(scored(mirrored, text.replace(pinned, label))) == []
    kept = raw({"environment": "azureml:data-prep-env@latest"})
    found = Yardstick(mirrored).score(Ref("component", "train", "1"), kept)
    assert found
    assert (found.missing[0].code, found.missing[0].points) == ("pinned-environments", 2)
    steps = {"a": {"type": "command", "componentId": "azureml:train@latest"}}
    found = Yardstick(mirrored).score(Ref("component", "p", "1"), raw({"type": "pipeline", "jobs": steps}))
    assert found
    assert (found.missing[0].code, found.missing[0].points) == ("pinned-references", 2)


def test_texts_that_azure_keeps_beside_the_component_count(mirrored: Workspace) -> None:
    tags = {"owner": "churn-team", "commit": "4f1c2aa"}
    beside = raw({"command": "ls", "is_deterministic": True}, description="Lists.", tags=tags)
    assert codes(Yardstick(mirrored).score(Ref("component", "list_files", "1"), beside)) == []
    bare = raw({"command": "ls", "is_deterministic": True}, properties={"azureml.git.commit": "4f1c2aa"})
    assert codes(Yardstick(mirrored).score(Ref("component", "list_files", "1"), bare)) == ["described", "owned"]


def test_what_would_raise_a_mirrored_score_has_its_line_in_the_yaml_shown(mirrored: Workspace) -> None:
    row = Version.objects.get(name="churn_training", version="6")
    source = raw_of(row)
    text = yaml_of(document_of(row.kind, row.name, row.version, source))
    found = Yardstick(mirrored).score(row.ref, source, text)
    assert found
    places = {item.code: (item.line, item.places) for item in found.missing}
    assert places.keys() == {"timeout-set", "described-ports", "under-version-control"}
    lines = text.splitlines()
    assert [lines[(places[code][0] or 0) - 1].strip() for code in places] == ["prepare:", "labels:", "tags:"]
    assert places["timeout-set"][1] == 7
    assert found.missing == tuple(sorted(found.missing, key=lambda item: -item.points))


def test_a_step_whose_component_has_no_name_is_not_modular(mirrored: Workspace) -> None:
    unnamed = Version.objects.filter(name="azureml_anonymous").order_by("pk")[0]
    node = {"type": "command", "componentId": f"azureml:{unnamed.name}:{unnamed.version}"}
    source = raw({"type": "pipeline", "jobs": {"a": node}})
    found = Yardstick(mirrored).score(Ref("component", "training", "1"), source, "jobs:\n  a:\n    component: x\n")
    assert found
    assert [(item.path, item.line) for item in found.missing if item.code == "modular"] == [("jobs.a.component", 3)]


def test_retries_that_may_be_set_in_a_component_are_not_missed_in_its_step(mirrored: Workspace) -> None:
    def steps(node: Json) -> Json:
        return raw({"type": "pipeline", "jobs": {"score": {"type": "parallel", **node}}})

    measure, ref = Yardstick(mirrored), Ref("component", "scoring", "1")
    for name in ("model_training", "nobody_knows"):
        assert "retry-set" not in codes(measure.score(ref, steps({"componentId": f"azureml:{name}:1"})))
    assert "retry-set" in codes(measure.score(ref, steps({"task": {"code": "./src"}})))


def test_the_workspace_says_what_counts(mirrored: Workspace) -> None:
    text = COMPONENT.replace("tags: {owner: churn-team, commit: 4f1c2aa}\n", "")
    assert codes(scored(mirrored, text)) == ["owned", "under-version-control"]
    PracticeLevel.objects.create(workspace=mirrored, code="owned", level="off")
    PracticeLevel.objects.create(workspace=mirrored, code="under-version-control", level="hard")
    found = scored(mirrored, text)
    assert [(item.code, item.points) for item in found.missing] == [("under-version-control", 3)]


def test_only_what_somebody_named_is_scored(mirrored: Workspace) -> None:
    measure = Yardstick(mirrored)
    assert measure.score(Ref("data", "raw-data", "1"), {"properties": {"dataUri": "x"}}) is None
    unnamed = Version.objects.filter(name="azureml_anonymous").select_related("part")[0]
    assert measure.score(unnamed.ref, raw_of(unnamed)) is None
    strange = {"properties": {"componentSpec": {"type": "unheard-of"}}}
    assert measure.score(Ref("component", "x", "1"), strange) is None
    assert measure.score(Ref("component", "x", "1"), {"properties": {"componentSpec": ["no", "mapping"]}}) is None


def test_the_pages_of_a_version_and_of_its_name_say_what_would_raise_it(mirrored: Workspace) -> None:
    member = signed_in(mirrored)
    version = text_of(member, "/w/demo/pipelines/churn_training/versions/6/")
    assert "Score 82 of 100" in version
    assert '<a href="/help/checks/timeout-set/">' in version
    assert "and 6 more places" in version
    name = text_of(member, "/w/demo/pipelines/churn_training/")
    assert "Score 82 of 100" in name
    assert '<a href="/w/demo/pipelines/churn_training/versions/6/#yaml-L' in name
    assert "Score" not in text_of(member, "/w/demo/data/raw-data/versions/1/")


def test_a_name_is_scored_by_its_newest_version_in_use(mirrored: Workspace) -> None:
    member = signed_in(mirrored)
    rows = Version.objects.filter(name="churn_training").order_by("-created_at", "-id")
    Version.objects.filter(pk=rows[0].pk).update(is_archived=True)
    assert f'versions/{rows[1].version}/">version {rows[1].version}</a>' in text_of(
        member, "/w/demo/pipelines/churn_training/"
    )
    rows.update(is_archived=True)
    assert f'versions/{rows[0].version}/">version {rows[0].version}</a>' in text_of(
        member, "/w/demo/pipelines/churn_training/"
    )


def test_a_wholly_good_version_is_told_so(mirrored: Workspace) -> None:
    row = Version.objects.get(name="model_training", version="1")
    _, body = sent(mirrored, COMPONENT)
    become(row, body)
    shown = text_of(signed_in(mirrored), "/w/demo/components/model_training/versions/1/")
    assert "Score 100 of 100" in shown
    assert "It follows every practice that concerns it." in shown


def test_a_hostile_description_stays_text(mirrored: Workspace) -> None:
    row = Version.objects.get(name="model_training", version="1")
    script = "<script>alert(1)</script>\u202e"
    ports = {script: {"type": "uri_folder"}, "b": {"type": "string", "description": script}}
    become(
        row,
        raw({"inputs": ports, "environment": f"azureml:{script}@latest"}, description=script, tags={script: script}),
    )
    member = signed_in(mirrored)
    for address in ("/w/demo/components/model_training/", "/w/demo/components/model_training/versions/1/"):
        shown = text_of(member, address)
        assert "Score" in shown
        assert "alert(1)" in shown
        assert "<script>alert" not in shown
        assert "\u202e" not in shown


def test_a_version_has_its_score_by_rest(mirrored: Workspace) -> None:
    member = signed_in(mirrored)
    score = member.get("/api/v1/workspaces/demo/pipelines/churn_training/versions/6/").json()["score"]
    assert (score["points"], score["out_of"], score["percent"]) == (14, 17, 82)
    first = score["missing"][0]
    assert first == {
        "code": "timeout-set",
        "title": first["title"],
        "level": "advisory",
        "points": 1,
        "path": "jobs.prepare.limits",
        "message": "The step may run, and cost, for as long as it likes.",
        "fix": "Add `limits: {timeout: 3600}` (seconds).",
        "places": 7,
    }
    assert member.get("/api/v1/workspaces/demo/data/raw-data/versions/1/").json()["score"] is None
    listed = member.get("/api/v1/workspaces/demo/pipelines/churn_training/versions/").json()["results"]
    assert "score" not in listed[0]


def test_a_score_takes_one_question_however_many_steps(mirrored: Workspace, django_assert_num_queries: Any) -> None:
    rows = Version.objects.filter(name__in=["fraud_training", "training_pipeline", "churn_training"], type="pipeline")
    for row in rows.select_related("part"):
        source = raw_of(row)
        with django_assert_num_queries(1):
            assert Yardstick(mirrored).score(row.ref, source)
