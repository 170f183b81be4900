"""How well versions of components and pipelines follow the practices of their workspace; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mlopsportal.azureml import Json
from mlopsportal.specs import documents
from mlopsportal.specs.checks.context import Surroundings
from mlopsportal.specs.documents import Document
from mlopsportal.specs.practices import Level, Score, score
from mlopsportal.specs.ref import Ref, parse_azure_reference
from registry import anonymous, facts
from registry.mirror import WorkspaceMirror
from registry.models import AssetKind, Workspace
from registry.practices import levels_of
from registry.rendering import document_of

_PATH = "version.yml"


class Yardstick:
    """What the versions of one workspace are measured against. Make a new one for each page: it never forgets.

    Queries: one for the levels, and for pipelines one more where steps have components without a name, or are
    parallel (by name of their component).
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._mirror = WorkspaceMirror(workspace)

    @cached_property
    def _levels(self) -> Mapping[str, Level]:
        return levels_of(self._workspace)

    def score(self, ref: Ref, raw: Json, text: str = "") -> Score | None:
        """Score a version, mirrored or about to be sent; with its YAML each thing missing has its line there.

        None for what is not scored: other assets, components without a name, and what cannot be recognised.
        """
        if ref.kind != AssetKind.COMPONENT or ref.name in facts.ANONYMOUS:
            return None
        document = self._document(ref, raw, text)
        found = score(document, Surroundings({document.path: document}, self._mirror), self._levels)
        return found if found.out_of else None

    def _document(self, ref: Ref, raw: Json, text: str) -> Document:
        """Return the version as a document; a component without a name stands inline, as its author wrote it."""
        value = document_of(ref.kind, ref.name, ref.version or "", raw)
        inline = anonymous.in_mirror(self._workspace, [raw])
        if inline and isinstance(value.get("jobs"), Mapping):
            value["jobs"] = {name: _with_inline(node, inline) for name, node in value["jobs"].items()}
        return documents.read(_PATH, text).with_value(value)


def _with_inline(node: Any, inline: Mapping[str, Json]) -> Any:
    named = node.get("component") if isinstance(node, Mapping) else None
    reference = parse_azure_reference(named, "component") if isinstance(named, str) else None
    ref = reference.ref if reference else None
    raw = inline.get(str(ref))
    if ref is None or raw is None:
        return node
    return {**node, "component": document_of(ref.kind, ref.name, ref.version or "", raw)}
