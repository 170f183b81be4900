"""A pipeline together with the files that it takes in by relative path; opens none of them itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import dirname, relpath
from typing import Any

from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.edges import steps_of
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.lift import job_interface
from mlopsportal.specs.paths import local_path

_DEEPEST = 32  # pipelines in pipelines: each is entered once, so this only keeps the recursion short


@dataclass(frozen=True)
class Followed:
    """A pipeline whose files were followed: `value` has pipelines in files written out, `interfaces` has the rest.

    What is in files is named by its path seen from the pipeline. A pipeline that is taken in more than once is
    written out once; the other steps run it by its interface.
    """

    value: dict[str, Any]
    interfaces: dict[str, Interface] = field(default_factory=dict)


def followed(document: Document, beside: Mapping[str, Document]) -> Followed:
    """Return a pipeline with what it takes in from the documents `beside` (by path); files that are not there stay."""
    following = _Following(dirname(document.path), beside)
    return Followed(following.written_out(document), following.interfaces)


def interface_beside(document: Document) -> Interface | None:
    """Return what a document gives and takes when a step runs it; None when it is nothing that a step can run."""
    if not isinstance(document.value, Mapping):
        return None
    if document.kind is Kind.PIPELINE_JOB:
        return job_interface(document)
    return interface_of(document.value) if document.kind.is_component else None


class _Following:
    def __init__(self, folder: str, beside: Mapping[str, Document]) -> None:
        self.folder, self.beside = folder, beside
        self.interfaces: dict[str, Interface] = {}
        self._entered: set[str] = set()

    def written_out(self, document: Document, depth: int = 0) -> dict[str, Any]:
        self._entered.add(document.path)
        value = dict(document.value)
        steps = {name: self._step(node, document.path, depth) for name, node in steps_of(value)}
        if steps:
            value["jobs"] = {**value["jobs"], **steps}
        return value

    def _step(self, node: Mapping[str, Any], path: str, depth: int) -> Mapping[str, Any]:
        component = node.get("component")
        if isinstance(component, Mapping):
            inner = {name: self._step(item, path, depth) for name, item in steps_of(component)}
            return {**node, "component": {**component, "jobs": {**component["jobs"], **inner}}} if inner else node
        meant = local_path(path, component) if isinstance(component, str) else None
        return node if meant is None else {**node, "component": self._component(meant, depth)}

    def _component(self, path: str, depth: int) -> str | dict[str, Any]:
        seen = relpath(path, self.folder or ".")
        name = seen if seen.startswith("../") else f"./{seen}"
        beside = self.beside.get(path)
        found = interface_beside(beside) if beside is not None else None
        if beside is None or found is None:
            return name
        self.interfaces[name] = found
        is_new = beside.kind is Kind.PIPELINE_COMPONENT and path not in self._entered
        return self.written_out(beside, depth + 1) if is_new and depth < _DEEPEST else name
