"""What one running sandbox is made of, and one call upon it; knows neither routes nor rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlopsportal.sandbox.arm import Json, Place, Target
from mlopsportal.sandbox.clock import Clock, iso
from mlopsportal.sandbox.faults import Faults
from mlopsportal.sandbox.store import Resource, Store


@dataclass(frozen=True)
class Switches:
    """How this sandbox behaves; everything not said elsewhere.

    `time_scale` shortens run durations only. `operations` is the form in which schedule writes, deletes and cancels
    are answered: `immediate`, `creating` (schedules are polled at their own address) or `header` (an
    `Azure-AsyncOperation` or `Location` address is polled); the two slow forms take `operation_seconds`.
    """

    time_scale: float = 1.0
    page_size: int = 100
    accept_changed_versions: bool = False
    delete_enabled_schedules: bool = False
    operations: str = "immediate"
    operation_seconds: float = 0.2


@dataclass
class World:
    """The state all calls share."""

    store: Store
    clock: Clock
    place: Place
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)


@dataclass(frozen=True)
class Call:
    """One request: `now` is frozen for all of it, `url` is the absolute address without query."""

    world: World
    method: str
    url: str
    query: Mapping[str, str]
    body: Any
    raw: bytes
    headers: Mapping[str, str]
    actor: str
    now: float
    hide_for: float = 0.0

    @property
    def store(self) -> Store:
        return self.world.store

    @property
    def place(self) -> Place:
        return self.world.place

    @property
    def switches(self) -> Switches:
        return self.world.switches

    def find(self, target: Target) -> Resource | None:
        """The live thing a reference points at, label resolved to the newest version; None when it is not there."""
        version = target.version
        if target.label:
            versions = self.store.versions(target.kind, target.name)
            version = versions[0] if versions else ""
        return self.store.get(target.kind, target.name, version)


def system_data(created_at: float, created_by: str, modified_at: float, modified_by: str) -> Json:
    """ARM's `systemData`."""
    return {
        "createdAt": iso(created_at),
        "createdBy": created_by,
        "createdByType": "Application",
        "lastModifiedAt": iso(modified_at),
        "lastModifiedBy": modified_by,
        "lastModifiedByType": "Application",
    }


def render(place: Place, item: Resource, properties: Json | None = None) -> Json:
    """The ARM body of a resource; `properties` stands in for the stored ones when given."""
    type_name = f"Microsoft.MachineLearningServices/workspaces/{item.kind}" + ("/versions" if item.version else "")
    return {
        "id": place.id_of(item.kind, item.name, item.version),
        "name": item.version or item.name,
        "type": type_name,
        "properties": item.properties if properties is None else properties,
        "systemData": system_data(item.created_at, item.created_by, item.modified_at, item.modified_by),
    }


def internal_call(world: World, now: float, actor: str) -> Call:
    """A call that nobody made over HTTP, at a chosen time."""
    return Call(world, "", world.place.url, {}, None, b"", {}, actor, now)
