"""What the steps of a pipeline take and give, as its mirror knows it; one query a side, however many steps."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from mlopsportal.comparison.sides import Side
from mlopsportal.specs.graph import graph_of
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.addresses import as_ref
from registry.models import AssetKind, Version, Workspace
from registry.raw import body_of


def interfaces_of(side: Side) -> dict[str, Interface]:
    """Return the interface of what each step runs by its text, "component:train:3"; those that the mirror knows.

    "component:train@latest" is what is newest now.
    """
    texts = {node.component for node in graph_of(side.definition).nodes if node.component}
    refs = {text: ref for text in texts if (ref := as_ref(text.partition("@")[0])) and ref.kind == AssetKind.COMPONENT}
    rows = _rows(side.workspace, refs.values())
    found = {text: row for text, ref in refs.items() if (row := rows.get((ref.name, ref.version or "")))}
    return {text: interface_of(body_of(row.definition)) for text, row in found.items() if row.definition}


def _rows(workspace: Workspace, refs: Iterable[Ref]) -> dict[tuple[str, str], Version]:
    """Return versions by name and version; the newest of a name by its name and ""."""
    exact = {(ref.name, ref.version) for ref in refs if ref.version}
    floating = {ref.name for ref in refs if not ref.version}
    if not exact and not floating:
        return {}
    names, versions = {name for name, _ in exact}, {version for _, version in exact}
    wanted = Q(name__in=names, version__in=versions) | Q(name__in=floating)
    rows = Version.objects.filter(wanted, workspace=workspace, kind=AssetKind.COMPONENT, missing_since=None)
    found: dict[tuple[str, str], Version] = {}
    for row in rows.defer("remainder").select_related("definition").order_by("-created_at", "-id"):
        found[row.name, row.version] = row
        if row.name in floating:
            found.setdefault((row.name, ""), row)
    return found
