"""Components without a name, which nodes refer to by a hash: kept out of every list, put inline into definitions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from mlopsportal.azureml import Json
from mlopsportal.specs.ref import Ref, arm_id
from registry import facts
from registry.models import Asset, Version, Workspace
from registry.raw import raw_of
from registry.writing import Incoming, incoming, store

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection

_LEVELS = 5
"""How deep anonymous pipelines may nest before the mirror stops following; Azure ML itself shows three."""


def in_mirror(workspace: Workspace, raws: Iterable[Json]) -> dict[str, Json]:
    """Return the anonymous components these objects name, at any depth, as far as mirrored, by ref text."""
    found: dict[str, Json] = {}
    wanted = _named(raws)
    for _ in range(_LEVELS):
        rows = _rows(workspace, wanted - found.keys())
        if not rows:
            break
        found |= rows
        wanted |= _named(rows.values())
    return found


def fetch(workspace: Workspace, connection: Connection, raws: Iterable[Json], now: datetime) -> dict[str, Json]:
    """Return the same, reading those that are not mirrored yet from the workspace; one that is gone stays out."""
    everything = list(raws)
    for _ in range(_LEVELS):
        found = in_mirror(workspace, everything)
        missing = _named([*everything, *found.values()]) - found.keys()
        read = [
            raw for text in sorted(missing) if (raw := connection.reader.get(arm_id(connection.base, Ref.parse(text))))
        ]
        if not read:
            break
        write(workspace, read, now)
    return in_mirror(workspace, everything)


def write(workspace: Workspace, raws: Iterable[Json], now: datetime) -> None:
    """Keep anonymous component versions."""
    asset = container(workspace, "component", facts.ANONYMOUS[0], now)

    def make(item: Incoming) -> tuple[Version, None]:
        columns = facts.version_columns("component", asset.name, item.raw, now)
        return Version(asset=asset, **columns), None

    pairs = [(("component", asset.name, facts.name_of(raw, "an anonymous component")), raw) for raw in raws]
    store(Version, workspace, incoming("component", pairs), make, now=now, kind="component")


def container(workspace: Workspace, kind: str, name: str, now: datetime) -> Asset:
    """Return the asset of that name, made when a version arrived before its container was listed."""
    asset, _ = Asset.objects.get_or_create(
        workspace=workspace,
        kind=kind,
        name=name,
        defaults={
            "raw_digest": "",
            "seen_at": now,
            "created_at": now,
            "modified_at": now,
            "is_anonymous": name in facts.ANONYMOUS,
        },
    )
    return asset


def _named(raws: Iterable[Json]) -> set[str]:
    return {str(ref) for raw in raws for ref in facts.anonymous_references(raw)}


def _rows(workspace: Workspace, texts: Iterable[str]) -> dict[str, Json]:
    refs = [Ref.parse(text) for text in texts]
    if not refs:
        return {}
    rows = Version.objects.filter(
        workspace=workspace,
        kind="component",
        name__in={ref.name for ref in refs},
        version__in=[ref.version for ref in refs],
    ).select_related("part")
    return {str(row.ref): raw_of(row) for row in rows}
