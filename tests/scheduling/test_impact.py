"""Which schedules use a version, whatever else follows or names the same thing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mlopsportal.specs.ref import Ref
from registry.models import Workspace
from scheduling.impact import MOST_SCHEDULES, Affected, affected_by
from scheduling.models import Schedule, ScheduleUse
from tests.registry.building import whole_tables_read

pytestmark = pytest.mark.django_db


def affected(workspace: Workspace, text: str) -> Affected:
    return affected_by(workspace, Ref.parse(text), visible=Workspace.objects.all(), now=timezone.now())


def names(found: Affected) -> list[str]:
    return [item.schedule.name for item in found.schedules]


def many_schedules(workspace: Workspace, count: int, name: str, *, version: str = "", named: str = "a") -> None:
    """Write as many schedules that run a pipeline, its newest version or the one given, one firing after the other."""
    own = Schedule.objects.get(workspace=workspace, name="churn-training-weekly")
    rows = [Schedule.objects.get(pk=own.pk) for _ in range(count)]
    now = timezone.now()
    for number, row in enumerate(rows):
        row.pk, row.name, row.is_enabled = None, f"{named}{number:03d}", True
        row.next_fire_at = now + timedelta(days=count - number)
    uses = [
        ScheduleUse(workspace=workspace, schedule=row, kind="component", name=name, version=version)
        for row in Schedule.objects.bulk_create(rows)
    ]
    ScheduleUse.objects.bulk_create(uses)


def test_however_many_run_another_version_of_a_consumer_the_schedule_of_this_one_is_found(mirrored: Workspace) -> None:
    """One consumer is demand_features 3, another one has a version 4: demand_features 4 is nobody's consumer."""
    many_schedules(mirrored, 500, "demand_features", version="4")
    many_schedules(mirrored, 1, "demand_features", version="3", named="own")
    found = affected(mirrored, "component:clean_sales:3")
    assert "component:demand_forecast_training:4" in [str(item.ref) for item in found.within.consumers]
    assert "own000" in names(found)
    assert not [name for name in names(found) if name.startswith("a")]


def test_of_more_schedules_than_are_listed_the_next_to_fire_are_and_it_says_that_there_are_more(
    mirrored: Workspace,
) -> None:
    many_schedules(mirrored, 1000, "churn_training", version="6")
    found = affected(mirrored, "component:churn_training:6")
    assert (len(found.schedules), found.is_cut) == (MOST_SCHEDULES, True)
    assert "a999" in names(found)
    assert "a000" not in names(found)


def test_a_schedule_that_follows_the_newest_of_a_consumer_is_found_with_its_next_fire(mirrored: Workspace) -> None:
    before = affected(mirrored, "component:train_churn_model:6")
    assert "churn-training-weekly" in names(before)
    uses = ScheduleUse.objects.filter(schedule__name="churn-training-weekly", kind="component", name="churn_training")
    assert uses.update(version="", label="latest") == 1
    found = affected(mirrored, "component:train_churn_model:6")
    [item] = [item for item in found.schedules if item.schedule.name == "churn-training-weekly"]
    assert (str(item.through), item.floats) == ("component:churn_training:6", True)
    assert found.next_fire_at == before.next_fire_at
    assert "churn-training-weekly" not in names(affected(mirrored, "component:train_churn_model:5"))


def test_the_schedules_are_found_from_an_index(mirrored: Workspace) -> None:
    with CaptureQueriesContext(connection) as asked:
        affected(mirrored, "component:prepare_customers:4")
    assert not whole_tables_read(asked)
