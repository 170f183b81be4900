"""Every page of the registry over a mirrored demo: it answers, shows what it should, and hides other workspaces."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mlopsportal.accounts.permissions import Role
from registry.models import Asset, Run, Step, Version, Workspace
from tests.registry.building import make_user, make_workspace

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
    for section, kind in (("components", "component"), ("data", "data"), ("models", "model"), ("environments", "environment")):
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


def test_print_counts(mirrored: Workspace) -> None:
    member = signed_in(mirrored)
    import time
    for address in all_addresses(mirrored):
        member.get(address)
        with CaptureQueriesContext(database) as queries:
            t = time.perf_counter()
            response = member.get(address)
        print(len(queries), round((time.perf_counter() - t) * 1000), len(response.content), address)
