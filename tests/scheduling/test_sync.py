"""Mirrored schedules: what a sync writes, what it leaves alone, and when it calls one missing."""

from __future__ import annotations

import json
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
from tests.registry.building import make_workspace
from tests.sandbox_server import RunningSandbox, running_sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A workspace of its own for a test that changes one."""
    with running_sandbox(seed="demo") as running:
        yield running


@pytest.fixture
def listed(db: None, sandbox: RunningSandbox) -> Workspace:
    """The schedules of that workspace mirrored, and nothing else."""
    workspace = make_workspace(sandbox)
    listing(workspace)
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


def test_every_schedule_is_mirrored_disabled_ones_too(mirrored: Workspace, demo: RunningSandbox) -> None:
    there = live(demo)
    rows = {row.name: row for row in Schedule.objects.filter(workspace=mirrored).select_related("part")}
    assert {name: raw_of(row) for name, row in rows.items()} == there
    assert {row.is_enabled for row in rows.values()} == {True, False}
    assert {row.trigger_type for row in rows.values()} == {TriggerType.CRON, TriggerType.RECURRENCE}


def test_a_mirrored_schedule_knows_its_pipeline_and_its_fires(mirrored: Workspace) -> None:
    rows = Schedule.objects.filter(workspace=mirrored, is_enabled=True)
    assert all(row.pipeline is not None and str(row.pipeline.ref) == row.pipeline_ref for row in rows)
    assert all(row.next_fire_at and row.next_fire_at > timezone.now() for row in rows)
    assert any(row.last_fire_at for row in rows)


def test_a_disabled_schedule_has_no_next_fire(mirrored: Workspace) -> None:
    assert not Schedule.objects.filter(workspace=mirrored, is_enabled=False).exclude(next_fire_at=None).exists()


def test_a_second_sync_writes_no_schedule_and_no_state(listed: Workspace) -> None:
    states = ScheduleState.objects.count()
    assert listing(listed)["schedules_written"] == 0
    assert ScheduleState.objects.count() == states


def test_an_edit_outside_is_a_new_state_and_the_old_one_stays(listed: Workspace, sandbox: RunningSandbox) -> None:
    name = Schedule.objects.filter(workspace=listed).order_by("name").values_list("name", flat=True)[0]
    sandbox.edit("schedules", name, properties={"displayName": "Edited outside"})
    listing(listed)
    assert Schedule.objects.get(workspace=listed, name=name).display_name == "Edited outside"
    assert ScheduleState.objects.filter(workspace=listed, name=name).count() == 2


def test_a_schedule_is_missing_after_two_listings_without_it(listed: Workspace, sandbox: RunningSandbox) -> None:
    name = Schedule.objects.filter(workspace=listed).order_by("-name").values_list("name", flat=True)[0]
    sandbox.edit("schedules", name, delete=True)
    listing(listed)
    assert Schedule.objects.get(workspace=listed, name=name).missing_since is None
    listing(listed)
    assert Schedule.objects.get(workspace=listed, name=name).missing_since is not None
    assert Finding.objects.filter(workspace=listed, kind=FindingKind.MISSING, ref=f"schedule:{name}").exists()


@pytest.mark.parametrize("odd", [{"name": None}, {"properties": {"action": {"jobDefinition": {"jobs": {"a": 7}}}}}])
def test_one_odd_schedule_ends_no_listing_and_makes_none_missing(
    listed: Workspace, sandbox: RunningSandbox, odd: dict[str, object]
) -> None:
    there = sorted(live(sandbox).values(), key=lambda raw: str(raw["name"]))
    body = json.dumps({"value": [there[0] | odd, *there[1:]]})
    sandbox.fault(method="GET", path="/schedules\\?", count=0, body=body)
    for _ in range(3):
        listing(listed)
    assert Schedule.objects.filter(workspace=listed, missing_since=None).count() == len(there)


def test_a_failed_listing_marks_nothing_missing(listed: Workspace, sandbox: RunningSandbox) -> None:
    sandbox.fault(method="GET", path="/schedules", status=403, count=20)
    try:
        connection = azureml.connect(target_of(sandbox))
        with pytest.raises(azureml.AzureError):
            schedules.stage(listed, connection, None, timezone.now() + timedelta(hours=1))
    finally:
        sandbox.clear_faults()
    assert not Schedule.objects.filter(workspace=listed).exclude(missing_since=None).exists()


def test_refresh_writes_what_was_read_back_and_marks_what_is_gone(listed: Workspace, sandbox: RunningSandbox) -> None:
    name, raw = sorted(live(sandbox).items())[0]
    changed = raw | {"properties": raw["properties"] | {"isEnabled": False}}
    schedules.refresh(listed, name, changed, timezone.now())
    assert Schedule.objects.get(workspace=listed, name=name).state == "disabled"
    schedules.refresh(listed, name, None, timezone.now())
    row = Schedule.objects.get(workspace=listed, name=name)
    assert (row.state, row.next_fire_at) == ("missing", None)
    schedules.refresh(listed, name, raw, timezone.now())
    assert Schedule.objects.get(workspace=listed, name=name).missing_since is None


def test_what_the_form_can_say_is_written_as_yaml_again(mirrored: Workspace) -> None:
    raws = {row.name: raw_of(row) for row in Schedule.objects.filter(workspace=mirrored).select_related("part")}
    editable = [name for name, raw in raws.items() if is_form_editable(raw)]
    assert editable, "the demo has schedules in the one-node form"
    for name in editable:
        document = yaml_document(name, raws[name])
        assert document is not None
        assert document["create_job"]["job"].startswith("azureml:")
