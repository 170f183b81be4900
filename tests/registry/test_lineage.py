"""What led to a thing and what came of it, over the mirrored demo."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mlopsportal.specs.ref import Ref
from registry.lineage import (
    KINDS,
    MOST_COUNTED,
    MOST_NODES,
    NEWEST_RUNS,
    Fact,
    Lineage,
    Wish,
    lineage_of,
    without_kinds,
)
from registry.models import Edge, EdgeRole, Run, Use, Version, Workspace
from tests.registry.building import make_user, whole_tables_read
from tests.registry.test_impact import many_runs

pytestmark = pytest.mark.django_db


def model_of(workspace: Workspace) -> Ref:
    return Version.objects.filter(workspace=workspace, kind="model").exclude(job_name="").order_by("-created_at")[0].ref


def kinds(found: Lineage) -> set[str]:
    return {node.type for node in found.graph.nodes}


def test_a_model_is_led_to_by_its_run_its_pipeline_and_its_data(mirrored: Workspace) -> None:
    found = lineage_of(mirrored, model_of(mirrored), wish=Wish(down=False))
    assert {"model", "run", "component", "data"} <= kinds(found)
    assert not [edge for edge in found.graph.edges if edge.source == str(model_of(mirrored))]


def test_the_components_of_the_steps_led_to_a_model_whether_steps_stand_by_themselves_or_not(
    mirrored: Workspace,
) -> None:
    model = model_of(mirrored)
    for steps in (False, True):
        found = lineage_of(mirrored, model, wish=Wish(down=False, depth=1, steps=steps))
        [run] = [
            Ref.parse(edge.source.partition("#")[0]).name for edge in found.graph.edges if edge.target == str(model)
        ]
        executed = Edge.objects.filter(run__job_name=run, role=EdgeRole.EXECUTES)
        refs = set(executed.values_list("ref", flat=True))
        assert len(refs) > 2
        assert refs <= {node.id for node in found.graph.nodes}, steps


def test_a_model_that_only_its_version_ties_to_a_job_is_found_both_ways(mirrored: Workspace) -> None:
    model = model_of(mirrored)
    Edge.objects.filter(ref=str(model)).delete()
    up = lineage_of(mirrored, model, wish=Wish(down=False))
    [run] = [edge.source for edge in up.graph.edges if edge.target == str(model)]
    down = lineage_of(mirrored, Ref.parse(run), wish=Wish(up=False))
    assert str(model) in {node.id for node in down.graph.nodes}


def test_steps_stand_by_themselves_when_asked_for(mirrored: Workspace) -> None:
    found = lineage_of(mirrored, model_of(mirrored), wish=Wish(steps=True))
    steps = [node for node in found.graph.nodes if node.type == "step"]
    assert steps
    assert all(found.statuses[node.id] for node in steps)


def test_a_kind_is_left_out_and_what_stood_around_it_is_joined(mirrored: Workspace) -> None:
    model = model_of(mirrored)
    found = lineage_of(mirrored, model, wish=Wish(down=False, kinds=frozenset({"model", "data"})))
    assert kinds(found) == {"model", "data"}
    assert [edge for edge in found.graph.edges if edge.target == str(model)]


def test_what_is_asked_about_is_shown_whatever_its_kind() -> None:
    facts = [Fact("data:a:1", "run:r", "x", "read"), Fact("run:r", "model:m:1", "y", "wrote")]
    assert without_kinds(facts, frozenset({"run"}), keep="data:a:1") == [Fact("data:a:1", "model:m:1", "y", "wrote")]
    assert without_kinds(facts, frozenset(KINDS), keep="run:r") == []


def test_the_number_of_questions_is_bounded_and_each_uses_an_index(mirrored: Workspace) -> None:
    ref = Ref("component", "churn_training", "6")
    many_runs(mirrored, 400, str(ref))
    with CaptureQueriesContext(connection) as asked:
        found = lineage_of(mirrored, ref)
    assert found.is_cut or len(found.graph.nodes) <= 60
    assert len(asked) <= 120
    assert not whole_tables_read(asked)


def test_each_of_at_most_sixty_nodes_is_looked_up_once_for_a_role(mirrored: Workspace) -> None:
    run = Run.objects.filter(workspace=mirrored)[0]
    read = [
        Edge(workspace=mirrored, run=run, role=EdgeRole.INPUT, port=f"p{n}", ref=f"data:wide{n}:1", at=run.started_at)
        for n in range(150)
    ]
    Edge.objects.bulk_create(read, batch_size=200)
    with CaptureQueriesContext(connection) as asked:
        found = lineage_of(mirrored, run.ref, depth=5)
    limit = f"LIMIT {NEWEST_RUNS + MOST_COUNTED}"
    newest = [query for query in asked.captured_queries if query["sql"].endswith(limit)]
    assert found.is_cut
    assert MOST_NODES / 2 < len(newest) <= 2 * MOST_NODES + 2


def flow(workspace: Workspace, run: str, *, reads: str, writes: str) -> None:
    """Have a run read one thing and write another."""
    at = timezone.now()
    row = Run.objects.create(workspace=workspace, job_name=run, status="Completed", started_at=at, seen_at=at)
    Edge.objects.create(workspace=workspace, run=row, role=EdgeRole.INPUT, port="in", ref=reads, at=at)
    Edge.objects.create(workspace=workspace, run=row, role=EdgeRole.OUTPUT, port="out", ref=writes, at=at)


def test_things_that_came_of_one_another_in_a_circle_end_and_are_drawn(mirrored: Workspace) -> None:
    flow(mirrored, "there", reads="data:egg:1", writes="data:hen:1")
    flow(mirrored, "back", reads="data:hen:1", writes="data:egg:1")
    found = lineage_of(mirrored, Ref("data", "egg", "1"), depth=5)
    assert {node.id for node in found.graph.nodes} == {"data:egg:1", "run:there", "data:hen:1", "run:back"}
    assert not found.is_cut
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    assert client.get("/w/demo/lineage/?ref=data:egg:1&depth=5&steps=1").status_code == 200


def test_a_thing_says_how_many_of_its_runs_are_not_shown(mirrored: Workspace) -> None:
    ref = Ref("component", "churn_training", "6")
    before = Edge.objects.filter(ref=str(ref), role=EdgeRole.EXECUTES).values("run").distinct().count()
    many_runs(mirrored, 30, str(ref))
    found = lineage_of(mirrored, ref)
    assert found.is_cut
    assert found.more[str(ref)] == before + 30 - NEWEST_RUNS
    many_runs(mirrored, MOST_COUNTED + 5, str(ref), prefix="even-more")
    found = lineage_of(mirrored, ref)
    assert found.more_words(str(ref)) == f"{MOST_COUNTED}+ more runs"
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    assert f"{MOST_COUNTED}+ more runs" in client.get(f"/w/demo/lineage/?ref={ref}").content.decode()
    nodes = client.get(f"/api/v1/workspaces/demo/lineage/?ref={ref}").json()["nodes"]
    assert [node["more"] for node in nodes if node["ref"] == str(ref)] == [MOST_COUNTED]


def test_runs_are_counted_not_how_often_each_read_a_thing(mirrored: Workspace) -> None:
    at = timezone.now()
    for number in range(NEWEST_RUNS + 2):
        run = Run.objects.create(
            workspace=mirrored, job_name=f"reader{number}", status="Completed", started_at=at, seen_at=at
        )
        for step in ("", "one", "two"):
            Edge.objects.create(
                workspace=mirrored, run=run, role=EdgeRole.INPUT, port="in", step=step, ref="data:often:1", at=at
            )
    found = lineage_of(mirrored, Ref("data", "often", "1"), wish=Wish(up=False, depth=1))
    assert len([node for node in found.graph.nodes if node.type == "run"]) == NEWEST_RUNS
    assert found.more_words("data:often:1") == "2 more runs"


def test_a_version_that_no_run_touched_says_so(mirrored: Workspace) -> None:
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    answer = client.get("/w/demo/lineage/?ref=model:device-graph-baseline:1")
    assert answer.status_code == 200
    assert "Nothing is known to have led to it or come of it" in answer.content.decode()


@pytest.mark.parametrize("ref", ["component:x:9", "run:never-started", "schedule:x", "component:churn_training:99"])
def test_what_the_mirror_does_not_know_is_a_404_that_says_so(mirrored: Workspace, ref: str) -> None:
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    answer = client.get(f"/w/demo/lineage/?ref={ref}")
    assert answer.status_code == 404
    assert f"The mirror knows nothing called {ref}." in answer.content.decode()
    assert client.get(f"/api/v1/workspaces/demo/lineage/?ref={ref}").status_code == 404


def test_what_was_deleted_since_keeps_its_lineage(mirrored: Workspace) -> None:
    flow(mirrored, "there", reads="data:deleted-since:1", writes="data:hen:1")
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    answer = client.get("/w/demo/lineage/?ref=data:deleted-since:1")
    assert answer.status_code == 200
    assert "was read by" in answer.content.decode()


def test_an_environment_leads_to_what_runs_in_it_its_runs_and_their_models(mirrored: Workspace) -> None:
    found = lineage_of(mirrored, Ref("environment", "lightgbm-train", "2"))
    assert kinds(found) == {"environment", "component", "run", "model"}
    hosted = {edge.target for edge in found.graph.edges if edge.source == "environment:lightgbm-train:2"}
    assert "component:train_churn_model:6" in hosted
    assert any(edge.target.startswith("model:churn-classifier:") for edge in found.graph.edges)
    alone = lineage_of(mirrored, Ref("environment", "lightgbm-train", "2"), wish=Wish(down=False))
    assert alone.facts == []


def test_a_component_that_names_the_newest_environment_runs_in_the_newest_alone(mirrored: Workspace) -> None:
    Use.objects.filter(consumer__name="train_churn_model", consumer__version="6", kind="environment").update(version="")
    newest, older = (
        {fact.target for fact in lineage_of(mirrored, Ref("environment", "lightgbm-train", number)).facts}
        for number in ("2", "1")
    )
    assert "component:train_churn_model:6" in newest
    assert "component:train_churn_model:6" not in older


def test_the_table_says_who_did_what_with_ports(mirrored: Workspace) -> None:
    flow(mirrored, "there", reads="data:egg:1", writes="data:hen:1")
    facts = lineage_of(mirrored, Ref("run", "there")).rows
    assert [(str(source.ref), fact.words, str(target.ref), fact.port) for source, fact, target in facts] == [
        ("data:egg:1", "was read by", "run:there", "in"),
        ("run:there", "wrote", "data:hen:1", "out"),
    ]


@pytest.mark.parametrize("query", ["kind=none", "direction=sideways", "depth=0", "depth=99", "kind=data,nothing"])
def test_a_filter_that_cannot_be_read_is_a_400(mirrored: Workspace, query: str) -> None:
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    assert client.get(f"/w/demo/lineage/?ref=run:x&{query}").status_code == 400
    assert client.get(f"/api/v1/workspaces/demo/lineage/?ref=run:x&{query}").status_code == 400


def test_page_and_rest_take_the_same_filters(mirrored: Workspace) -> None:
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    query = f"ref={model_of(mirrored)}&direction=up&kind=model&kind=data&kind=run&steps=1"
    assert "As a table" in client.get(f"/w/demo/lineage/?{query}").content.decode()
    body = client.get(f"/api/v1/workspaces/demo/lineage/?{query}").json()
    assert {node["kind"] for node in body["nodes"]} <= {"model", "data", "run", "step"}


def test_the_tick_for_steps_by_themselves_sends_what_the_page_reads(mirrored: Workspace) -> None:
    client = Client()
    client.force_login(make_user("ticker", mirrored))
    address = f"/w/demo/lineage/?ref={model_of(mirrored)}"
    [tick] = re.findall(r'<input[^>]*name="steps"[^>]*>', client.get(address).content.decode())
    stated = re.search(r'value="([^"]*)"', tick)
    for sent in {stated[1] if stated else "on", "on"}:
        response = client.get(f"{address}&steps={sent}")
        assert response.status_code == 200, sent
        assert response.context["page"].form.wish.steps
        [kept] = re.findall(r'<input[^>]*name="steps"[^>]*>', response.content.decode())
        assert "checked" in kept
        assert kept.count("value=") == 1
