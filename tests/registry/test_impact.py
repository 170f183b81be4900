"""Who uses a version, as the mirror of the demo knows it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlopsportal.specs.ref import Ref
from registry.impact import RUNS_COUNTED, Impact, consumers_of, impact_of, reaching
from registry.models import Asset, Edge, EdgeRole, Run, Use, Version, Workspace
from tests.registry.building import make_user, whole_tables_read

pytestmark = pytest.mark.django_db


def impact(workspace: Workspace, text: str) -> Impact:
    visible = Workspace.objects.all()
    newest = Run.objects.filter(workspace=workspace).order_by("-started_at").values_list("started_at", flat=True)[0]
    return impact_of(workspace, Ref.parse(text), visible=visible, now=newest + timedelta(hours=1))


def float_on_newest(workspace: Workspace, consumer: str, name: str) -> None:
    """Have a mirrored pipeline version name the newest version of a component by its label."""
    owner, _, version = consumer.partition(":")
    row = Version.objects.get(workspace=workspace, kind="component", name=owner, version=version)
    uses = Use.objects.filter(consumer=row, kind="component", name=name)
    assert uses.update(version="", label="latest") > 0


def test_pipelines_that_name_a_component_are_found_with_node_and_ports(mirrored: Workspace) -> None:
    found = impact(mirrored, "component:train_churn_model:6")
    [direct] = [item for item in found.consumers if item.is_direct]
    assert str(direct.ref) == "component:churn_training:6"
    assert [place.node for place in direct.places] == ["train"]
    assert {"learning_rate", "train"} <= set(direct.places[0].ports)


def test_use_through_nesting_is_found_and_says_through_what(mirrored: Workspace) -> None:
    found = {str(item.ref): item for item in impact(mirrored, "component:clean_sales:3").consumers}
    nested = found["component:demand_forecast_training:4"]
    assert (nested.depth, str(nested.through)) == (2, "component:demand_features:3")
    assert found["component:demand_features:3"].depth == 1


def test_an_environment_reaches_pipelines_through_its_components(mirrored: Workspace) -> None:
    found = impact(mirrored, "environment:sklearn-train:3")
    assert {str(item.ref) for item in found.components} >= {"component:evaluate_classifier:4"}
    assert {str(item.ref) for item in found.pipelines} >= {"component:churn_training:6", "component:fraud_training:5"}


def test_a_label_leads_to_the_newest_version_and_to_no_other(mirrored: Workspace) -> None:
    float_on_newest(mirrored, "churn_training:5", "train_churn_model")
    newest = Asset.objects.get(workspace=mirrored, kind="component", name="train_churn_model").latest_version
    found, _ = consumers_of(mirrored, Ref("component", "train_churn_model", newest))
    assert [str(item.ref) for item in found if item.floats] == ["component:churn_training:5"]
    older, _ = consumers_of(mirrored, Ref("component", "train_churn_model", "5"))
    assert not [item for item in older if item.floats]


def test_a_version_that_is_not_published_yet_would_be_taken_by_labels(mirrored: Workspace) -> None:
    float_on_newest(mirrored, "churn_training:5", "train_churn_model")
    found, _ = consumers_of(mirrored, Ref("component", "train_churn_model", "99"), as_newest=True)
    assert [str(item.ref) for item in found] == ["component:churn_training:5"]


def test_recent_runs_are_those_of_its_pipelines_and_those_whose_steps_ran_it(mirrored: Workspace) -> None:
    found = impact(mirrored, "component:prepare_customers:4")
    assert found.runs.count > 0
    assert {run.pipeline_name for run in found.runs.newest} == {"churn_training"}


def test_runs_of_long_ago_do_not_count(mirrored: Workspace) -> None:
    ref = Ref("component", "prepare_customers", "4")
    found = impact_of(mirrored, ref, visible=Workspace.objects.all(), now=timezone.now() + timedelta(days=400))
    assert (found.runs.count, list(found.runs.newest)) == (0, [])


def test_models_are_those_that_its_runs_made(mirrored: Workspace) -> None:
    model = Version.objects.filter(workspace=mirrored, kind="model").exclude(job_name="").order_by("-created_at")[0]
    maker = Run.objects.filter(steps__run_id_azure=model.job_name).first() or Run.objects.get(job_name=model.job_name)
    assert maker.pipeline is not None
    assert str(model.ref) in {str(row.ref) for row in impact(mirrored, str(maker.pipeline.ref)).models}


def test_a_model_was_not_made_with_itself(mirrored: Workspace) -> None:
    """A later step of the run that made it reads it too."""
    model = Ref("model", "churn-classifier", "7")
    assert Edge.objects.filter(ref=str(model), role=EdgeRole.INPUT).exists()
    assert model not in {row.ref for row in impact(mirrored, str(model)).models}


def test_every_way_on_which_a_pipeline_reaches_an_environment_is_told(mirrored: Workspace) -> None:
    ref = Ref("environment", "spark-features", "3")
    found = {str(item.ref): item for item in impact(mirrored, str(ref)).consumers}
    pipeline = found["component:churn_training:6"]
    components = {f"component:{use.name}:{use.version}" for use in Use.objects.filter(consumer=pipeline.version)}
    hosted = {text for text, item in found.items() if item.is_direct} & components
    assert {str(way) for way in pipeline.ways} == hosted
    assert len(hosted) > 1
    assert found["component:churn_features:5"].ways == []


def test_more_than_three_ways_are_counted(mirrored: Workspace) -> None:
    pipeline = Version.objects.named(mirrored, Ref("component", "churn_training", "6")).get()
    environment = Use.objects.filter(consumer__name="train_churn_model", consumer__version="6", kind="environment")
    for name, version in (("split_train_test", "3"), ("churn_features", "5"), ("prepare_customers", "4")):
        Use.objects.filter(consumer__name=name, consumer__version=version, kind="environment").update(
            name=environment[0].name, version=environment[0].version
        )
    name, version = environment.values_list("name", "version")[0]
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    address = reverse("impact", args=["demo", "environments", name, version])
    ways = {str(item.ref): item.ways for item in impact(mirrored, f"environment:{name}:{version}").consumers}
    more = len(ways[str(pipeline.ref)]) - 3
    assert more > 0
    assert f"and {more} more" in client.get(address).content.decode()


def copied(row: Version, slug: str, **changes: Any) -> Version:
    """Put a version into a workspace of its own, changed or as it is."""
    other, _ = Workspace.objects.get_or_create(
        slug=slug, defaults={"subscription_id": "s", "resource_group": "r", "name": slug}
    )
    asset = Asset.objects.get(pk=row.asset_id)
    asset.pk, asset.workspace, asset.name = None, other, changes.get("name", asset.name)
    asset.save()
    copy = Version.objects.get(pk=row.pk)
    copy.pk, copy.workspace, copy.asset = None, other, asset
    for column, value in changes.items():
        setattr(copy, column, value)
    copy.save()
    return copy


def test_other_workspaces_hold_the_same_something_else_of_that_name_or_the_same_by_another_name(
    mirrored: Workspace,
) -> None:
    row = Version.objects.get(workspace=mirrored, kind="component", name="train_churn_model", version="6")
    older = Version.objects.filter(asset=row.asset).exclude(definition=row.definition)[0]
    copied(row, "alpha")
    copied(row, "beta", definition=older.definition)
    copied(row, "gamma", definition=None, fingerprint="")
    copied(row, "prod", name="train_for_prod", version="1")
    found = impact(mirrored, "component:train_churn_model:6").twins
    assert [(str(twin.version.ref.in_workspace(twin.version.workspace.slug)), twin.is_same) for twin in found] == [
        ("alpha/component:train_churn_model:6", True),
        ("beta/component:train_churn_model:6", False),
        ("gamma/component:train_churn_model:6", None),
        ("prod/component:train_for_prod:1", True),
    ]


def test_workspaces_that_the_reader_may_not_see_are_never_named(mirrored: Workspace) -> None:
    ref = Ref("component", "train_churn_model", "6")
    copied(Version.objects.named(mirrored, ref).get(), "secret")
    pipeline = copied(Version.objects.named(mirrored, Ref("component", "churn_training", "6")).get(), "secret")
    Use.objects.create(
        workspace=pipeline.workspace,
        consumer=pipeline,
        node="train",
        kind="component",
        name=ref.name,
        version="6",
        registry="shared",
    )
    only_own = Workspace.objects.filter(pk=mirrored.pk)
    found = impact_of(mirrored, ref, visible=only_own, now=timezone.now())
    assert (found.twins, found.shared) == ([], [])
    everything = impact_of(mirrored, ref, visible=Workspace.objects.all(), now=timezone.now())
    assert [twin.version.workspace.slug for twin in everything.twins] == ["secret"]
    assert [use.consumer.workspace.slug for use in everything.shared] == ["secret"]


def test_a_reference_through_a_registry_is_told_apart_from_use(mirrored: Workspace) -> None:
    uses = Use.objects.filter(consumer__name="churn_training", consumer__version="6", name="train_churn_model")
    uses.update(registry="shared")
    found = impact(mirrored, "component:train_churn_model:6")
    assert found.consumers == []
    assert [(use.registry, str(use.consumer.ref), use.node) for use in found.shared] == [
        ("shared", "component:churn_training:6", "train")
    ]


def test_what_names_no_version_at_all_follows_the_newest_as_a_label_does(mirrored: Workspace) -> None:
    float_on_newest(mirrored, "churn_training:5", "train_churn_model")
    Use.objects.filter(consumer__name="churn_training", consumer__version="5").update(label="")
    newest = Asset.objects.get(workspace=mirrored, kind="component", name="train_churn_model").latest_version
    found, _ = consumers_of(mirrored, Ref("component", "train_churn_model", newest))
    assert "component:churn_training:5" in [str(item.ref) for item in found if item.floats]


def test_everything_that_reaches_a_consumer_is_found_whatever_it_names_first(mirrored: Workspace) -> None:
    """The pipeline names the component itself and the nested one too: both ways are kept."""
    outer = Version.objects.named(mirrored, Ref("component", "demand_forecast_training", "4")).get()
    Use.objects.create(
        workspace=mirrored, consumer=outer, node="clean", kind="component", name="clean_sales", version="3"
    )
    found, _ = consumers_of(mirrored, Ref("component", "clean_sales", "3"))
    by_ref = {str(item.ref): item for item in found}
    twice = by_ref["component:demand_forecast_training:4"]
    assert {str(ref) for ref in twice.named} == {"component:clean_sales:3", "component:demand_features:3"}
    start = [by_ref["component:demand_features:3"]]
    assert {str(item.ref) for item in reaching(found, start)} >= {
        "component:demand_features:3",
        "component:demand_forecast_training:4",
    }


def many_followers(workspace: Workspace, count: int, name: str, *, version: str = "") -> None:
    """Write as many younger pipelines of one name that all name a component: its newest version, or the one given."""
    row = Version.objects.get(workspace=workspace, kind="component", name="churn_training", version="6")
    stamps = {"seen_at": row.seen_at, "modified_at": timezone.now()}
    asset = Asset.objects.create(
        workspace=workspace, kind="component", name="follower", is_pipeline=True, created_at=row.created_at, **stamps
    )
    common: dict[str, Any] = {"workspace": workspace, "asset": asset, "kind": "component", "name": "follower", **stamps}
    Version.objects.bulk_create(
        Version(**common, version=str(number), type="pipeline", created_at=timezone.now()) for number in range(count)
    )
    label = "" if version else "latest"
    Use.objects.bulk_create(
        Use(workspace=workspace, consumer=own, node="fit", kind="component", name=name, version=version, label=label)
        for own in asset.versions.all()
    )


def test_however_many_follow_the_newest_who_names_an_older_version_is_found(mirrored: Workspace) -> None:
    expected = [str(item.ref) for item in impact(mirrored, "component:train_churn_model:5").consumers]
    assert expected
    many_followers(mirrored, 405, "train_churn_model")
    found = impact(mirrored, "component:train_churn_model:5")
    assert ([str(item.ref) for item in found.consumers], found.is_cut) == (expected, False)


def test_of_more_users_than_are_listed_the_newest_are_and_it_says_that_there_are_more(mirrored: Workspace) -> None:
    many_followers(mirrored, 405, "train_churn_model", version="6")
    found = impact(mirrored, "component:train_churn_model:6")
    assert {item.ref.name for item in found.consumers} == {"follower"}
    assert found.is_cut


def test_versions_that_name_each_other_in_a_circle_end(mirrored: Workspace) -> None:
    inner = Version.objects.get(workspace=mirrored, kind="component", name="demand_features", version="3")
    Use.objects.create(
        workspace=mirrored, consumer=inner, node="loop", kind="component", name="demand_forecast_training", version="4"
    )
    assert impact(mirrored, "component:clean_sales:3").is_cut is False


def many_runs(workspace: Workspace, count: int, ref: str, *, prefix: str = "many") -> None:
    version = Version.objects.get(workspace=workspace, kind="component", name="churn_training", version="6")
    now = timezone.now()
    runs = [
        Run(
            workspace=workspace,
            job_name=f"{prefix}-{n}",
            status="Completed",
            started_at=now,
            seen_at=now,
            pipeline=version,
        )
        for n in range(count)
    ]
    Run.objects.bulk_create(runs, batch_size=500)
    Edge.objects.bulk_create(
        [Edge(workspace=workspace, run=run, role=EdgeRole.EXECUTES, ref=ref, at=now) for run in runs], batch_size=500
    )


def test_counting_stops_and_says_so(mirrored: Workspace) -> None:
    many_runs(mirrored, RUNS_COUNTED + 20, "component:churn_training:6")
    ref = Ref("component", "churn_training", "6")
    found = impact_of(mirrored, ref, visible=Workspace.objects.all(), now=timezone.now())
    assert (found.runs.count, found.runs.is_more) == (RUNS_COUNTED, True)


def test_it_asks_the_same_few_questions_of_many_runs(mirrored: Workspace) -> None:
    with CaptureQueriesContext(connection) as few:
        impact(mirrored, "component:prepare_customers:4")
    many_runs(mirrored, 150, "component:prepare_customers:4")
    with CaptureQueriesContext(connection) as many:
        impact(mirrored, "component:prepare_customers:4")
    assert len(many) == len(few) <= 24


def test_every_question_is_answered_from_an_index(mirrored: Workspace) -> None:
    with CaptureQueriesContext(connection) as asked:
        impact(mirrored, "component:prepare_customers:4")
    assert not whole_tables_read(asked)
