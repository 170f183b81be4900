"""A sync of a real sandbox over HTTP: the mirror equals the workspace."""

from __future__ import annotations

import pytest

from registry.models import Asset, Run, SyncState, Version
from tests.registry.building import make_workspace, sync
from tests.sandbox_server import running_sandbox

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    with running_sandbox("demo") as sandbox:
        workspace = make_workspace(sandbox)
        found = sync(workspace)
    assert found.state == SyncState.DONE, found.error
    assert workspace.synced_at == found.started_at
    print(found.progress)
    assert Version.objects.filter(kind="component", name="model_training", version="1").exists()
    assert Asset.objects.exists()
    assert Run.objects.count() >= 0
