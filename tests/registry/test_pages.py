"""Every page of the registry over a mirrored demo: it answers, shows what it should, and hides other workspaces."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.models import Event
from registry.models import Asset, Run, Step, Version, Workspace
from registry.workflow import settings_of
from tests.queue.draining import drain
from tests.registry.building import make_user
from tests.sandbox_server import RunningSandbox

pytestmark = pytest.mark.django_db


def signed_in(workspace: Workspace, role: Role = Role.VIEWER, name: str = "vera") -> Client:
    client = Client()
    client.force_login(make_user(name, workspace, role=role))
    return client


def all_addresses(workspace: Workspace) -> list[str]:
    run = Step.objects.filter(run__status="Completed").select_related("run")[0].run
    pipeline = Version.objects.filter(asset__is_pipeline=True).order_by("pk")[0]
    model = Version.objects.filter(kind="model").order_by("-pk")[0]
    base = "/w/demo/"
    addresses = ["/workspaces/", base, f"{base}syncs/", f"{base}findings/", f"{base}lineage/", f"{base}runs/"]
    addresses += [f"{base}lineage/?ref={model.ref}&depth=3", f"{base}lineage/?ref=run:{run.job_name}"]
    addresses += [f"{base}runs/{run.job_name}/", f"{base}runs/{run.job_name}/logs/{run.job_name}/"]
    for section in ("pipelines", "components", "data", "models", "environments"):
        addresses.append(f"{base}{section}/")
    for section, kind in (
        ("components", "component"),
        ("data", "data"),
        ("models", "model"),
        ("environments", "environment"),
    ):
        version = Version.objects.filter(kind=kind, asset__is_pipeline=False, asset__is_anonymous=False)[0]
        addresses += [f"{base}{section}/{version.name}/", f"{base}{section}/{version.name}/versions/{version.version}/"]
        tabs = ("uses", "raw", "runs")
        addresses += [f"{base}{section}/{version.name}/versions/{version.version}/?tab={tab}" for tab in tabs]
    for tab in ("overview", "graph", "uses", "runs", "raw"):
        addresses.append(f"{base}pipelines/{pipeline.name}/versions/{pipeline.version}/?tab={tab}")
    return addresses


def test_every_page_answers_a_member_and_no_one_else(mirrored: Workspace) -> None:
    member, outsider = signed_in(mirrored), Client()
    outsider.force_login(make_user("otto"))
    for address in all_addresses(mirrored):
        assert member.get(address).status_code == 200, address
        if address != "/workspaces/":
            assert outsider.get(address).status_code == 404, address
        assert Client().get(address).status_code == 302, address


LISTS = ("", "pipelines/", "components/", "models/", "runs/", "findings/", "syncs/", "components/model_training/")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_takes_as_many_queries_as_before_when_it_is_longer(mirrored: Workspace, path: str) -> None:
    member, counts = signed_in(mirrored), []
    member.get(f"/w/demo/{path}")
    for size in (2, 50):
        with CaptureQueriesContext(database) as queries:
            assert member.get(f"/w/demo/{path}?size={size}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 13


def test_a_pipeline_asked_for_as_a_component_leads_to_its_own_page(mirrored: Workspace) -> None:
    version = Version.objects.filter(asset__is_pipeline=True)[0]
    answer = signed_in(mirrored).get(f"/w/demo/components/{version.name}/versions/{version.version}/")
    assert answer.headers["Location"] == f"/w/demo/pipelines/{version.name}/versions/{version.version}/"


def test_hostile_names_and_texts_are_shown_as_text(mirrored: Workspace) -> None:
    hostile = "<script>alert(1)</script>\u202e\x07"
    Asset.objects.filter(name="model_training").update(description=hostile, tags={hostile: hostile})
    Version.objects.filter(name="model_training").update(description=hostile, created_by=hostile, display_name=hostile)
    Run.objects.update(display_name=hostile, experiment=hostile, created_by=hostile, schedule_name="")
    Step.objects.update(error=hostile, display_name=hostile)
    member = signed_in(mirrored)
    run = Step.objects.all()[0].run
    for path in ("components/", "components/model_training/", "components/model_training/versions/1/", "runs/"):
        assert_harmless(member.get(f"/w/demo/{path}").content.decode())
    assert_harmless(member.get(f"/w/demo/runs/{run.job_name}/").content.decode())


def assert_harmless(page: str) -> None:
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page


def test_looking_at_a_run_reads_nothing_from_azure_until_it_is_asked_to(
    mirrored: Workspace, demo: RunningSandbox
) -> None:
    run = Run.objects.filter(steps_synced_at=None)[0]
    seen = len(demo.journal())
    member = signed_in(mirrored)
    assert "A worker is reading" in member.get(f"/w/demo/runs/{run.job_name}/").content.decode()
    assert member.post(f"/w/demo/runs/{run.job_name}/refresh/", headers={"HX-Request": "true"}).status_code == 200
    assert len(demo.journal()) == seen
    assert drain("sync") == ["registry.tasks.fetch_steps"]
    assert run.steps.exists()
    assert "A worker is reading" not in member.get(f"/w/demo/runs/{run.job_name}/").content.decode()


def test_logs_are_read_by_a_worker_and_then_shown(mirrored: Workspace) -> None:
    step = Step.objects.filter(status="Completed", is_reused=False).exclude(started_at=None)[0]
    member, address = signed_in(mirrored), f"/w/demo/runs/{step.run.job_name}/logs/{step.run_id_azure}/"
    assert "A worker is reading" in member.post(f"{address}fetch/", headers={"HX-Request": "true"}).content.decode()
    assert drain("sync") == ["registry.tasks.fetch_logs"]
    assert "Finished with status Completed" in member.get(address).content.decode()
    assert member.get(f"/w/demo/runs/{step.run.job_name}/logs/nobody/").status_code == 404


def test_an_administrator_adds_a_workspace_and_sees_its_connection(db: None, demo: RunningSandbox) -> None:
    root = make_user("root")
    root.is_superuser = True
    root.save()
    client = Client()
    client.force_login(root)
    form = {
        "slug": "prod",
        "cloud": "sandbox",
        "endpoint": demo.url,
        "subscription_id": demo.subscription_id,
        "resource_group": demo.resource_group,
        "name": demo.workspace,
        "tier": "production",
        "default_compute": "serverless",
        "sync_every_seconds": 60,
        "runs_window_days": 30,
    }
    assert client.post("/workspaces/add/", form).status_code == 302
    assert client.post("/workspaces/add/", form).status_code == 200  # said so in the form
    assert "registry.tasks.check_connection" in drain("sync")
    page = client.get("/workspaces/").content.decode()
    assert "Connected" in page
    assert Event.objects.earliest("id").action == "workspace.added"
    assert Workspace.objects.get(slug="prod").synced_at


def test_only_an_administrator_changes_a_workspace(mirrored: Workspace) -> None:
    viewer, admin = signed_in(mirrored), signed_in(mirrored, Role.ADMIN, "anna")
    assert viewer.get("/w/demo/edit/").status_code == 403
    assert viewer.post("/w/demo/check/").status_code == 403
    assert viewer.get("/workspaces/add/").status_code == 403
    form = settings_of(mirrored) | {"slug": "demo", "display_name": "Our demo", "auto_apply": ""}
    assert admin.post("/w/demo/edit/", form).status_code == 302
    event = Event.objects.get(action="workspace.changed")
    assert event.detail.after == {"display_name": "Our demo"}


def test_the_mirror_says_when_it_is_old(mirrored: Workspace) -> None:
    member = signed_in(mirrored)
    assert "may be out of date" not in member.get("/w/demo/runs/").content.decode()
    Workspace.objects.update(synced_at=timezone.now() - timedelta(hours=2))
    assert "may be out of date" in member.get("/w/demo/runs/").content.decode()


def test_a_run_whose_steps_cannot_be_read_says_why(mirrored: Workspace) -> None:
    run = Run.objects.filter(steps_synced_at=None)[0]
    Workspace.objects.update(endpoint="http://127.0.0.1:9")
    member = signed_in(mirrored)
    member.post(f"/w/demo/runs/{run.job_name}/refresh/")
    drain("sync")
    page = member.get(f"/w/demo/runs/{run.job_name}/").content.decode()
    assert "Its steps could not be read: Azure could not be reached" in page


@pytest.mark.parametrize(
    "address",
    [
        "components/?archived=perhaps",
        "components/?sort=banana",
        "runs/?status=banana",
        "runs/?after=yesterday",
        "findings/?kind=banana",
        "schedules/?enabled=banana",
    ],
)
def test_a_filter_that_cannot_be_read_is_told_beside_it_and_shows_nothing(mirrored: Workspace, address: str) -> None:
    response = signed_in(mirrored).get(f"/w/demo/{address}")
    page = response.content.decode()
    assert response.status_code == 400
    assert 'class="errors"' in page
    assert "<tbody>" not in page.partition("Triggers of the portal")[0]
    assert "Nothing is shown" in page


def test_a_lineage_that_cannot_be_read_keeps_what_was_typed(mirrored: Workspace) -> None:
    response = signed_in(mirrored).get("/w/demo/lineage/?ref=data:raw-data:1&depth=99&kind=data")
    page = response.content.decode()
    assert response.status_code == 400
    assert 'value="data:raw-data:1"' in page
    assert 'value="99"' in page
    assert "less than or equal to 5" in page
    assert page.count(" checked") == 1


@pytest.mark.parametrize("address", ["lineage/?ref=data:raw-data:1&kinds=run", "runs/?kinds=x", "schedules/?kinds=x"])
def test_a_name_that_is_no_filter_is_told(mirrored: Workspace, address: str) -> None:
    response = signed_in(mirrored).get(f"/w/demo/{address}")
    assert response.status_code == 200
    assert "<code>kinds</code> in the address is no filter of this page" in response.content.decode()


def test_the_list_of_names_tells_when_the_newest_version_came_and_keeps_its_order(mirrored: Workspace) -> None:
    client = signed_in(mirrored)
    rows = client.get("/w/demo/pipelines/?sort=changed").context["page"].assets.rows
    assert [row.newest_at for row in rows] == sorted((row.newest_at for row in rows), reverse=True)
    assert '<option value="changed" selected>' in client.get("/w/demo/pipelines/?sort=changed").content.decode()
