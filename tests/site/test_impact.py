"""The impact of a version, the move of its users, how a model was made: pages and REST over the mirrored demo."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlopsportal.accounts.permissions import Role
from mlopsportal.making import making_of
from registry.impact import MOST_MODELS
from registry.models import Edge, EdgeRole, Run, Use, Version, Workspace
from scheduling.impact import affected_by
from scheduling.models import Schedule, ScheduleUse
from tests.registry.building import make_user
from tests.registry.test_impact import copied

pytestmark = pytest.mark.django_db


def signed_in(workspace: Workspace, role: Role = Role.VIEWER) -> Client:
    client = Client()
    client.force_login(make_user(role.value, workspace, role=role))
    return client


def address(section: str, name: str, version: str) -> str:
    return reverse("impact", args=["demo", section, name, version])


def newest_model(workspace: Workspace) -> Version:
    return Version.objects.filter(workspace=workspace, kind="model").exclude(job_name="").order_by("-created_at")[0]


def test_the_page_names_pipelines_schedules_runs_and_models(mirrored: Workspace) -> None:
    shown = signed_in(mirrored).get(address("components", "prepare_customers", "4")).content.decode()
    for words in ("churn_training", "churn-training-weekly", "next fire", "Runs of the last 30 days", "snapshots"):
        assert words in shown, words


def test_the_tab_of_a_version_page_leads_there(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    page = reverse("version-detail", args=["demo", "components", "prepare_customers", "4"])
    assert address("components", "prepare_customers", "4") in client.get(page).content.decode()
    assert client.get(f"{page}?tab=impact").headers["Location"] == address("components", "prepare_customers", "4")


@pytest.mark.parametrize("section", ["components", "pipelines", "data", "models", "environments"])
def test_every_kind_of_version_has_an_impact(mirrored: Workspace, section: str) -> None:
    kind = {"components": "component", "pipelines": "component"}.get(section, section.removesuffix("s"))
    pipelines = section == "pipelines"
    rows = Version.objects.filter(workspace=mirrored, kind=kind, asset__is_pipeline=pipelines)
    row = rows.order_by("-created_at")[0]
    assert signed_in(mirrored).get(address(section, row.name, row.version)).status_code == 200


def test_a_pipeline_among_components_is_sent_to_its_own_page(mirrored: Workspace) -> None:
    answer = signed_in(mirrored).get(address("components", "churn_training", "6"))
    assert answer.headers["Location"] == address("pipelines", "churn_training", "6")


def test_a_schedule_is_found_by_the_data_it_feeds_in(mirrored: Workspace) -> None:
    use = ScheduleUse.objects.filter(workspace=mirrored, kind="data").exclude(version="").first()
    assert use is not None
    row = Version.objects.get(workspace=mirrored, kind="data", name=use.name, version=use.version)
    found = affected_by(mirrored, row.ref, visible=Workspace.objects.all(), now=timezone.now())
    assert use.schedule in [item.schedule for item in found.schedules]


def test_schedules_are_listed_the_next_to_fire_first_and_paused_ones_last(mirrored: Workspace) -> None:
    row = Schedule.objects.filter(workspace=mirrored, is_enabled=True, pipeline__isnull=False).first()
    assert row is not None
    assert row.pipeline is not None
    found = affected_by(mirrored, row.pipeline.ref, visible=Workspace.objects.all(), now=timezone.now())
    fires = [item.next_fire_at for item in found.schedules if item.next_fire_at]
    assert fires == sorted(fires)
    assert found.next_fire_at == fires[0]
    Schedule.objects.update(is_enabled=False)
    paused = affected_by(mirrored, row.pipeline.ref, visible=Workspace.objects.all(), now=timezone.now())
    assert paused.schedules
    assert paused.next_fire_at is None


def test_the_rest_twin_says_the_same(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    body = client.get("/api/v1/workspaces/demo/impact/", {"ref": "component:prepare_customers:4"}).json()
    newest = body["versions"][0]
    assert newest["places"][0]["node"] == "prepare"
    assert "snapshots" in newest["places"][0]["ports"]
    assert "schedule:churn-training-weekly" in [item["ref"] for item in body["schedules"]]
    assert body["runs"]["count"] > 0
    assert body["next_fire_at"]


def test_page_and_rest_name_other_workspaces_only_to_those_who_see_them(mirrored: Workspace) -> None:
    row = Version.objects.get(workspace=mirrored, kind="component", name="train_churn_model", version="6")
    copied(row, "prod")
    copied(row, "unseen")
    pipeline = copied(
        Version.objects.get(workspace=mirrored, kind="component", name="churn_training", version="6"), "unseen"
    )
    facts = {"kind": "component", "name": row.name, "version": "6", "registry": "shared"}
    Use.objects.create(workspace=pipeline.workspace, consumer=pipeline, node="train", **facts)
    client = Client()
    client.force_login(make_user("both", mirrored, Workspace.objects.get(slug="prod")))
    shown = client.get(address("components", row.name, "6")).content.decode()
    body = client.get("/api/v1/workspaces/demo/impact/", {"ref": str(row.ref)}).json()
    assert "In other workspaces" in shown
    assert body["workspaces"] == [{"ref": "prod/component:train_churn_model:6", "same": True}]
    assert body["elsewhere"] == ["prod/component:train_churn_model:6"]
    assert body["registries"] == []
    assert "unseen" not in shown
    client.force_login(make_user("all", mirrored, *Workspace.objects.filter(slug__in=["prod", "unseen"])))
    shown = client.get(address("components", row.name, "6")).content.decode()
    body = client.get("/api/v1/workspaces/demo/impact/", {"ref": str(row.ref)}).json()
    assert "Named in a shared registry" in shown
    assert [(item["ref"], item["registry"]) for item in body["registries"]] == [
        ("unseen/component:churn_training:6", "shared")
    ]


def many_models(workspace: Workspace, count: int) -> None:
    """Write as many models, older than the others, each made by some run."""
    row = newest_model(workspace)
    rows = [Version.objects.get(pk=row.pk) for _ in range(count)]
    for number, own in enumerate(rows):
        own.pk, own.version, own.created_at = None, f"old{number}", row.created_at - timedelta(days=4000)
    Version.objects.bulk_create(rows)


def test_where_only_the_newest_models_are_asked_page_and_rest_say_so(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    page, twin = address("components", "prepare_customers", "4"), "/api/v1/workspaces/demo/impact/"
    words = f"of the newest {MOST_MODELS}"
    query = {"ref": "component:prepare_customers:4"}
    assert words not in client.get(page).content.decode()
    assert client.get(twin, query).json()["models_of_newest"] is None
    many_models(mirrored, MOST_MODELS)
    assert words in client.get(page).content.decode()
    assert client.get(twin, query).json()["models_of_newest"] == MOST_MODELS


@pytest.mark.parametrize("ref", ["", "x", "component:none:1", "\x00", "other/component:a:1", "run:x", "%00:%00:1"])
def test_what_names_no_version_is_a_4xx(mirrored: Workspace, ref: str) -> None:
    client = signed_in(mirrored)
    assert client.get("/api/v1/workspaces/demo/impact/", {"ref": ref}).status_code in (400, 404)
    assert client.get(reverse("making", args=["demo"]), {"ref": ref}).status_code in (400, 404)


def test_strangers_see_nothing_of_it(mirrored: Workspace) -> None:
    other = Workspace.objects.create(slug="other", subscription_id="s", resource_group="r", name="other")
    client = Client()
    client.force_login(make_user("stranger", other))
    assert client.get(address("components", "prepare_customers", "4")).status_code == 404
    assert client.get("/api/v1/workspaces/demo/impact/", {"ref": "component:prepare_customers:4"}).status_code == 404
    assert client.get(reverse("making", args=["demo"]), {"ref": "model:x:1"}).status_code == 404
    assert client.get(reverse("upgrade", args=["demo"]), {"from": "component:prepare_customers:4"}).status_code == 404


def test_hostile_names_are_shown_as_text(mirrored: Workspace) -> None:
    name = "<script>alert(1)</script>\u202e"
    row = Version.objects.get(workspace=mirrored, kind="component", name="churn_training", version="6")
    Use.objects.filter(consumer=row, name="prepare_customers").update(node=name)
    shown = signed_in(mirrored).get(address("components", "prepare_customers", "4")).content.decode()
    assert "<script>alert" not in shown
    assert "\u202e" not in shown


def test_the_page_asks_the_same_few_questions_whoever_uses_it(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    used, unused = address("components", "prepare_customers", "4"), address("components", "prepare_customers", "1")
    client.get(used)
    with CaptureQueriesContext(connection) as many:
        client.get(used)
    with CaptureQueriesContext(connection) as few:
        client.get(unused)
    assert len(few) <= len(many) <= 45


def test_how_a_model_was_made_is_told_from_run_to_data(mirrored: Workspace) -> None:
    model = newest_model(mirrored)
    shown = signed_in(mirrored).get(reverse("making", args=["demo"]), {"ref": str(model.ref)}).content.decode()
    run = Run.objects.filter(steps__run_id_azure=model.job_name).first() or Run.objects.get(job_name=model.job_name)
    assert run.pipeline is not None
    step = run.steps.exclude(component_name="").first()
    assert step is not None
    for words in (run.job_name, run.pipeline.name, step.component_name, "made it", "not through the portal"):
        assert words in shown, words


def test_what_a_run_wrote_and_read_again_is_not_what_its_model_was_made_from(mirrored: Workspace) -> None:
    model = newest_model(mirrored)
    before = making_of(model)
    assert before.run is not None
    facts = {"role": EdgeRole.INPUT, "step": "evaluate", "port": "model again", "ref": str(model.ref)}
    Edge.objects.create(workspace=mirrored, run=before.run, at=before.run.started_at, **facts)
    assert [part.ref for part in making_of(model).data] == [part.ref for part in before.data]
    assert model.ref not in [part.ref for part in before.data]


def test_a_model_of_unknown_making_says_so(mirrored: Workspace) -> None:
    model = newest_model(mirrored)
    Version.objects.filter(pk=model.pk).update(job_name="")
    Run.objects.all().delete()
    shown = signed_in(mirrored).get(reverse("making", args=["demo"]), {"ref": str(model.ref)}).content.decode()
    assert "No run is known to have made it" in shown
