"""The mirror of Azure ML: workspaces, assets, versions, runs, lineage. Written by `registry.sync` and nothing else.

Rows keep what lists and filters need. What would execute is kept once in `Definition`, addressed by its
digest; the rest of an object's raw JSON is kept compressed beside the row (`remainder`), so that the raw
document can be rebuilt exactly and lists never read it.
"""

from __future__ import annotations

from registry.models.assets import Asset, AssetKind, AssetQuerySet, Use, Version, VersionQuerySet
from registry.models.mirrored import Definition, Mirrored
from registry.models.practices import PracticeLevel
from registry.models.runs import (
    ACTIVE_STATUSES,
    TERMINAL_STATUSES,
    DefinitionMatch,
    Edge,
    EdgeRole,
    LogState,
    Run,
    RunQuerySet,
    RunStatus,
    Step,
    StepLog,
    StepQuerySet,
)
from registry.models.syncs import Answer, Finding, FindingKind, SearchEntry, SyncRun, SyncState
from registry.models.workspaces import LONGEST_TEST, Cloud, ConnectionState, Tier, Workspace, WorkspaceQuerySet

__all__ = [
    "ACTIVE_STATUSES",
    "LONGEST_TEST",
    "TERMINAL_STATUSES",
    "Answer",
    "Asset",
    "AssetKind",
    "AssetQuerySet",
    "Cloud",
    "ConnectionState",
    "Definition",
    "DefinitionMatch",
    "Edge",
    "EdgeRole",
    "Finding",
    "FindingKind",
    "LogState",
    "Mirrored",
    "PracticeLevel",
    "Run",
    "RunQuerySet",
    "RunStatus",
    "SearchEntry",
    "Step",
    "StepLog",
    "StepQuerySet",
    "SyncRun",
    "SyncState",
    "Tier",
    "Use",
    "Version",
    "VersionQuerySet",
    "Workspace",
    "WorkspaceQuerySet",
]
