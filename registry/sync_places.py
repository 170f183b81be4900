"""Mirrors what a workspace offers to run on: computes, datastores, region; knows no assets and no runs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from registry import facts
from registry.models import Workspace
from registry.stages import Cursor, StageResult

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection


def places(workspace: Workspace, connection: Connection, cursor: Cursor | None, now: datetime) -> StageResult:
    """Stage: the workspace itself and its two short listings."""
    found = connection.reader.workspace()
    workspace.region = facts.text(found.get("location"), 64)
    workspace.computes = _names(connection, "compute")
    workspace.datastores = _names(connection, "datastore")
    workspace.save(update_fields=["region", "computes", "datastores"])
    return StageResult(None, {"computes seen": len(workspace.computes), "datastores seen": len(workspace.datastores)})


def _names(connection: Connection, kind: str) -> list[str]:
    names = {facts.text(raw.get("name")) for page in connection.reader.pages(kind) for raw in page.items}
    return sorted(names - {""})
