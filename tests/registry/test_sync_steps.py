"""Reading steps from a run history that refuses some of it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mlopsportal import azureml
from registry import sync_steps
from registry.models import Run, Workspace
from tests.sandbox_server import RunningSandbox

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 404}, {"body": "<html>"}], ids=str)
def test_a_run_whose_steps_are_refused_says_so_and_the_sync_goes_on(
    mirrored: Workspace, demo: RunningSandbox, fault: dict[str, object]
) -> None:
    read_steps(mirrored, demo, **fault)
    told = Run.objects.exclude(steps_error="").get()
    assert told.steps_synced_at
    assert not told.steps_final
    assert Run.objects.filter(steps_synced_at__gte=told.steps_synced_at, steps_error="").exists()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 401}, azureml.Unauthorized),
        ({"status": 429, "retry_after": 60}, azureml.Throttled),
        ({"drop_before": True, "count": 0}, azureml.Unreachable),
    ],
    ids=str,
)
def test_what_concerns_the_whole_workspace_ends_the_piece(
    mirrored: Workspace, demo: RunningSandbox, fault: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read_steps(mirrored, demo, **fault)
    assert not Run.objects.exclude(steps_error="").exists()


def read_steps(workspace: Workspace, sandbox: RunningSandbox, **fault: object) -> None:
    """Read the steps of five runs as if for the first time, while the sandbox misbehaves."""
    now = timezone.now()
    Run.objects.update(steps_final=False, steps_synced_at=None)
    sandbox.fault(method="GET", path="/children", **fault)
    connection = azureml.connect(workspace.target())
    try:
        sync_steps.steps(workspace, connection, None, now)
    finally:
        connection.close()
        sandbox.clear_faults()
