"""One demo sandbox for the whole run of the tests, and its mirror: synced once, put back for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management.color import no_style
from django.db import connection
from django.db.models import Model

from registry.models import (
    Asset,
    Definition,
    Edge,
    Finding,
    Run,
    SearchEntry,
    Step,
    SyncRun,
    Use,
    Version,
    Workspace,
)
from scheduling.models import Schedule, ScheduleState, ScheduleUse
from tests.registry.building import make_workspace, sync
from tests.sandbox_server import RunningSandbox, running_sandbox

MODELS: tuple[type[Model], ...] = (
    *(Workspace, Definition, Asset, Version, Use, Run, Step, Edge, SyncRun, Finding, SearchEntry),
    *(Schedule, ScheduleState, ScheduleUse),
)
KEPT: dict[type[Model], list[Model]] = {}


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningSandbox]:
    """A demo workspace; tests that change or break it run one of their own."""
    with running_sandbox("demo") as sandbox:
        yield sandbox


@pytest.fixture
def mirrored(db: None, demo: RunningSandbox) -> Workspace:
    """The demo workspace, wholly mirrored: by a real sync for the first test, by its rows for the others."""
    if not KEPT:
        workspace = make_workspace(demo)
        sync(workspace)
        KEPT.update({model: list(model._default_manager.all()) for model in MODELS})
    else:
        for model in MODELS:
            model._default_manager.bulk_create(KEPT[model], batch_size=200)
        with connection.cursor() as cursor:  # the next keys come after those just put back
            for statement in connection.ops.sequence_reset_sql(no_style(), MODELS):
                cursor.execute(statement)
    connection.check_constraints()  # PostgreSQL puts foreign keys off, and makes no index until they are looked at
    return Workspace.objects.get(slug="demo")
