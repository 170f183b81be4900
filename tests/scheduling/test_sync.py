"""Mirrored schedules: what a sync writes, what it leaves alone, and when it calls one missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from django.utils import timezone

from mlopsportal import azureml
from registry.models import Finding, FindingKind, Workspace
from registry.raw import raw_of
from scheduling import sync as schedules
from scheduling.documents import is_form_editable, yaml_document
from scheduling.models import Schedule, ScheduleState, TriggerType
from tests.registry.building import make_workspace, sync
from tests.sandbox_server import RunningSandbox, running_sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningSandbox]:
    with running_sandbox(seed="demo") as sandbox:
        yield sandbox


@pytest.fixture
def synced(demo: RunningSandbox) -> Workspace:
    workspace = make_workspace(demo)
    sync(workspace)
    return workspace


def listing(workspace: Workspace) -> Mapping[str, int]:
    """Run the stage of the schedules alone, as one more complete sync of them; return its counts."""
    connection = azureml.connect(workspace.target())
    now = timezone.now()
    counts = schedules.stage(workspace, connection, None, now).counts
    workspace.synced_at = now
    workspace.save(update_fields=["synced_at"])
    return counts


def live(sandbox: RunningSandbox) -> dict[str, azureml.Json]:
    connection = azureml.connect(target_of(sandbox))
    return {raw["name"]: raw for page in connection.reader.pages("schedule") for raw in page.items}


def target_of(sandbox: RunningSandbox) -> azureml.Target:
    return azureml.Target(
        subscription_id=sandbox.subscription_id,
        resource_group=sandbox.resource_group,
        workspace=sandbox.workspace,
        cloud="sandbox",
        endpoint=sandbox.url,
    )


def test_every_schedule_of_the_workspace_is_mirrored_disabled_ones_too(synced: Workspace, demo: RunningSandbox) -> None:
    there = live(demo)
    rows = {row.name: row for row in Schedule.objects.filter(workspace=synced).select_related("part")}
    assert {name: raw_of(row) for name, row in rows.items()} == there
    assert {row.is_enabled for row in rows.values()} == {True, False}
    assert {row.trigger_type for row in rows.values()} == {TriggerType.CRON, TriggerType.RECURRENCE}


def test_a_mirrored_schedule_knows_its_pipeline_and_its_fires(synced: Workspace) -> None:
    rows = Schedule.objects.filter(workspace=synced, is_enabled=True)
    assert all(row.pipeline is not None and str(row.pipeline.ref) == row.pipeline_ref for row in rows)
    assert all(row.next_fire_at and row.next_fire_at > timezone.now() for row in rows)
    assert any(row.last_fire_at for row in rows)


def test_a_disabled_schedule_has_no_next_fire(synced: Workspace) -> None:
    assert not Schedule.objects.filter(workspace=synced, is_enabled=False).exclude(next_fire_at=None).exists()


def test_a_second_sync_writes_no_schedule_and_no_state(synced: Workspace) -> None:
    states = ScheduleState.objects.count()
    assert listing(synced)["schedules_written"] == 0
    assert ScheduleState.objects.count() == states


def test_an_edit_outside_is_a_new_state_and_the_old_one_stays(synced: Workspace, demo: RunningSandbox) -> None:
    name = Schedule.objects.filter(workspace=synced).order_by("name").values_list("name", flat=True)[0]
    demo.edit("schedules", name, properties={"displayName": "Edited outside"})
    listing(synced)
    assert Schedule.objects.get(workspace=synced, name=name).display_name == "Edited outside"
    assert ScheduleState.objects.filter(workspace=synced, name=name).count() == 2


def test_a_schedule_is_missing_after_two_complete_listings_without_it(synced: Workspace, demo: RunningSandbox) -> None:
    name = Schedule.objects.filter(workspace=synced).order_by("-name").values_list("name", flat=True)[0]
    demo.edit("schedules", name, delete=True)
    listing(synced)
    assert Schedule.objects.get(workspace=synced, name=name).missing_since is None
    listing(synced)
    assert Schedule.objects.get(workspace=synced, name=name).missing_since is not None
    assert Finding.objects.filter(workspace=synced, kind=FindingKind.MISSING, ref=f"schedule:{name}").exists()


def test_a_failed_listing_marks_nothing_missing(synced: Workspace, demo: RunningSandbox) -> None:
    demo.fault(method="GET", path="/schedules", status=403, count=20)
    try:
        connection = azureml.connect(target_of(demo))
        with pytest.raises(azureml.AzureError):
            schedules.stage(synced, connection, None, timezone.now() + timedelta(hours=1))
    finally:
        demo.clear_faults()
    assert not Schedule.objects.filter(workspace=synced).exclude(missing_since=None).exists()


def test_refresh_writes_what_was_read_back_and_marks_what_is_gone(synced: Workspace, demo: RunningSandbox) -> None:
    name, raw = sorted(live(demo).items())[0]
    changed = raw | {"properties": raw["properties"] | {"isEnabled": False}}
    schedules.refresh(synced, name, changed, timezone.now())
    assert Schedule.objects.get(workspace=synced, name=name).state == "disabled"
    schedules.refresh(synced, name, None, timezone.now())
    row = Schedule.objects.get(workspace=synced, name=name)
    assert (row.state, row.next_fire_at) == ("missing", None)
    schedules.refresh(synced, name, raw, timezone.now())
    assert Schedule.objects.get(workspace=synced, name=name).missing_since is None


def test_what_the_form_can_say_is_written_as_yaml_again(synced: Workspace) -> None:
    raws = {row.name: raw_of(row) for row in Schedule.objects.filter(workspace=synced).select_related("part")}
    editable = [name for name, raw in raws.items() if is_form_editable(raw)]
    assert editable, "the demo has schedules in the one-node form"
    for name in editable:
        document = yaml_document(name, raws[name])
        assert document is not None
        assert document["create_job"]["job"].startswith("azureml:")
