"""Answers what the checker of documents may ask of the mirror, in a few queries; knows no documents."""

from __future__ import annotations

from django.apps import apps

from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.mirrored import MirroredVersion
from mlopsportal.specs.ref import InvalidRef, Ref
from registry.models import AssetKind, Version, Workspace
from registry.raw import body_of


class WorkspaceMirror:
    """`specs.validate.Mirror` over the rows of one workspace. Make a new one for each check: it never forgets.

    The first question about a name reads all versions of that name at once.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._names: dict[tuple[str, str], dict[str, Version]] = {}
        self._answers: dict[Ref, MirroredVersion | None] = {}
        self._schedules: set[str] | None = None

    def version(self, ref: Ref) -> MirroredVersion | None:
        """Return the version a reference with a version names; None when the mirror does not know it."""
        plain = ref.without_workspace()
        if plain not in self._answers:
            row = self._rows(ref.kind, ref.name).get(ref.version or "")
            self._answers[plain] = None if row is None else self._mirrored(row)
        return self._answers[plain]

    def versions(self, kind: str, name: str) -> list[str]:
        """Return the versions of a name, newest first; empty when there is no such name."""
        return list(self._rows(kind, name))

    def interface_named(self, text: str) -> Interface | None:
        """Return the interface of what a text like "component:train:3" or "component:train@latest" names."""
        plain = text.partition("@")[0]
        try:
            ref = Ref.parse(plain)
        except InvalidRef:
            return None
        version = ref.version or next(iter(self.versions(ref.kind, ref.name)), None)
        found = self.version(ref.at(version)) if version else None
        return found.interface if found else None

    def schedule(self, name: str) -> bool:
        """Is there a schedule of this name?"""
        if self._schedules is None:
            rows = apps.get_model("scheduling", "Schedule")._default_manager  # by name: scheduling lies above
            found = rows.filter(workspace=self._workspace, missing_since=None)
            self._schedules = set(found.values_list("name", flat=True))
        return name in self._schedules

    def computes(self) -> set[str]:
        return set(self._workspace.computes)

    def default_compute(self) -> str | None:
        return self._workspace.default_compute or None

    def datastores(self) -> set[str]:
        return set(self._workspace.datastores)

    def _rows(self, kind: str, name: str) -> dict[str, Version]:
        if kind not in AssetKind.values:
            return {}
        if (kind, name) not in self._names:
            rows = Version.objects.filter(workspace=self._workspace, kind=kind, name=name, missing_since=None)
            rows = rows.defer("remainder").select_related("definition").order_by("-created_at", "-id")
            self._names[kind, name] = {row.version: row for row in rows}
        return self._names[kind, name]

    def _mirrored(self, row: Version) -> MirroredVersion:
        deprecated = str((row.tags or {}).get("deprecated") or "")
        return MirroredVersion(row.ref, row.type, self._interface(row), row.is_archived, deprecated)

    def _interface(self, row: Version) -> Interface | None:
        if row.kind != AssetKind.COMPONENT or row.definition is None:
            return None
        return interface_of(body_of(row.definition))
