"""Documents, and a workspace's mirror, built with plain functions."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from mlopsportal.specs.documents import Document, read
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.mirrored import MirroredVersion
from mlopsportal.specs.problems import Problem
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.validate import check

GUIDE = Path(__file__).parent.parent / "guide"
GUIDE_FILES = (
    "data-prep-component.yml",
    "training-pipeline.yml",
    "pipeline-schedule.yml",
    "data-driven-schedule.yml",
)


def document(text: str, path: str = "a.yml") -> Document:
    return read(path, textwrap.dedent(text))


def guide() -> list[Document]:
    return [read(name, (GUIDE / name).read_bytes()) for name in GUIDE_FILES]


def problems(text: str, *beside: Document, mirror: Workspace | None = None) -> list[Problem]:
    return check([document(text), *beside], mirror=mirror)["a.yml"]


def errors(text: str, *beside: Document, mirror: Workspace | None = None) -> dict[str, Problem]:
    return {problem.code: problem for problem in problems(text, *beside, mirror=mirror) if problem.is_error}


def advice(text: str, *beside: Document, mirror: Workspace | None = None) -> dict[str, Problem]:
    return {problem.code: problem for problem in problems(text, *beside, mirror=mirror) if not problem.is_error}


def ports(**inputs: str) -> Interface:
    return interface_of({"inputs": {name: {"type": kind} for name, kind in inputs.items()}})


@dataclass
class Workspace:
    """A mirror whose content is given."""

    found: list[MirroredVersion] = field(default_factory=list)
    schedules: set[str] = field(default_factory=set)
    compute_names: set[str] = field(default_factory=lambda: {"serverless", "cpu-cluster"})
    default: str | None = "serverless"

    def version(self, ref: Ref) -> MirroredVersion | None:
        return next((item for item in self.found if item.ref == ref), None)

    def versions(self, kind: str, name: str) -> list[str]:
        named = [item.ref for item in self.found if (item.ref.kind, item.ref.name) == (kind, name)]
        return [ref.version for ref in reversed(named) if ref.version]

    def schedule(self, name: str) -> bool:
        return name in self.schedules

    def computes(self) -> set[str]:
        return self.compute_names

    def default_compute(self) -> str | None:
        return self.default

    def datastores(self) -> set[str]:
        return {"workspaceblobstore"}

    def add(
        self,
        ref: str,
        kind: str,
        spec: dict[str, object] | None = None,
        *,
        archived: bool = False,
        deprecated: str = "",
    ) -> None:
        interface = interface_of(spec) if spec is not None else None
        self.found.append(MirroredVersion(Ref.parse(ref), kind, interface, archived, deprecated))


def demo() -> Workspace:
    """The demo workspace of the guide: what its pipeline needs, and nothing the guide brings."""
    workspace = Workspace()
    workspace.add("environment:data-prep-env:1", "environment")
    workspace.add("data:raw-data:1", "uri_folder")
    workspace.add("data:test-data:1", "uri_folder")
    folder = {"type": "uri_folder"}
    workspace.add(
        "component:model_training:1",
        "command",
        {"inputs": {"training_data": folder}, "outputs": {"model_output": folder}},
    )
    workspace.add(
        "component:model_evaluation:1",
        "command",
        {"inputs": {"model": folder, "test_data": folder}, "outputs": {"evaluation_results": folder}},
    )
    return workspace
