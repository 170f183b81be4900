"""What the workspace itself says, read once per plan; answers the checker's questions in place of the mirror."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlopsportal import azureml
from mlopsportal.specs import digest, normalize
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.mirrored import MirroredVersion
from mlopsportal.specs.ref import Ref

Json = dict[str, Any]


class LiveWorkspace:
    """Reads one workspace and keeps each answer; implements `specs.mirrored.Mirror`.

    Every method may raise the family of `azureml.AzureError`. `go_on` is called before every request: it says that
    the work is still going on, and may raise to end it.
    """

    def __init__(self, connection: azureml.Connection, default_compute: str, *, go_on: Callable[[], None]) -> None:
        self.connection = connection
        self.go_on = go_on
        self.base = connection.base
        self._default_compute = default_compute
        self._objects: dict[Ref, Json | None] = {}
        self._listings: dict[tuple[str, str | None], list[Json]] = {}

    def require_workspace(self) -> None:
        """Raise NotFound when there is no workspace: in one that is gone, every object would seem to be absent."""
        self.connection.reader.workspace()

    def read(self, ref: Ref) -> Json | None:
        """Return the raw object, None when there is none."""
        if ref not in self._objects:
            self.go_on()
            self._objects[ref] = self.connection.reader.fingerprint_source(ref)
        return self._objects[ref]

    def fingerprint(self, ref: Ref) -> str:
        return digest.fingerprint(ref.kind, self.read(ref))

    def normalized(self, ref: Ref) -> Json | None:
        raw = self.read(ref)
        return None if raw is None else normalize.normalized(ref.kind, raw)

    def version(self, ref: Ref) -> MirroredVersion | None:
        raw = self.read(ref)
        if raw is None:
            return None
        properties = properties_of(raw)
        return MirroredVersion(
            ref=ref,
            type=_type_of(properties),
            interface=interface_of_raw(raw),
            archived=properties.get("isArchived") is True,
            deprecated=_deprecated(properties),
        )

    def versions(self, kind: str, name: str) -> list[str]:
        """Return the versions of a name, newest first."""
        items = sorted(self._listing(kind, name), key=_created_at, reverse=True)
        return [str(item.get("name")) for item in items]

    def schedule(self, name: str) -> bool:
        return self.read(Ref("schedule", name)) is not None

    def computes(self) -> set[str]:
        return self._names("compute") | {"serverless"}

    def default_compute(self) -> str | None:
        return self._default_compute or None

    def datastores(self) -> set[str]:
        return self._names("datastore")

    def _names(self, kind: str) -> set[str]:
        return {str(item.get("name")) for item in self._listing(kind, None)}

    def _listing(self, kind: str, name: str | None) -> list[Json]:
        key = (kind, name)
        if key not in self._listings:
            try:
                self._listings[key] = list(self._items(kind, name))
            except azureml.NotFound:
                self._listings[key] = []
        return self._listings[key]

    def _items(self, kind: str, name: str | None) -> Iterator[Json]:
        self.go_on()
        for page in self.connection.reader.pages(kind, name=name):
            yield from page.items
            self.go_on()


def properties_of(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = raw.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def interface_of_raw(raw: Mapping[str, Any]) -> Interface | None:
    """Return the interface of a component version; None for anything else."""
    spec = properties_of(raw).get("componentSpec")
    return interface_of(spec) if isinstance(spec, Mapping) else None


def _type_of(properties: Mapping[str, Any]) -> str:
    spec = properties.get("componentSpec")
    if isinstance(spec, Mapping):
        return str(spec.get("type") or "command")
    return str(properties.get("dataType") or properties.get("modelType") or "")


def _deprecated(properties: Mapping[str, Any]) -> str:
    """What the tag `deprecated` says; Azure keeps a component's tags in one of two places."""
    spec = properties.get("componentSpec")
    for place in (properties, spec if isinstance(spec, Mapping) else {}):
        tags = place.get("tags")
        if isinstance(tags, Mapping) and tags.get("deprecated"):
            return str(tags["deprecated"])
    return ""


def _created_at(item: Mapping[str, Any]) -> tuple[str, int, str]:
    system = item.get("systemData")
    created = str(system.get("createdAt") or "") if isinstance(system, Mapping) else ""
    name = str(item.get("name") or "")
    return created, int(name) if name.isascii() and name.isdigit() else -1, name
