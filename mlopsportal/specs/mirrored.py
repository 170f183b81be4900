"""What the checker may ask of the mirror of a workspace; knows nothing of how the mirror is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mlopsportal.specs.interface import Interface
from mlopsportal.specs.ref import Ref


@dataclass(frozen=True)
class MirroredVersion:
    """A version as the mirror knows it. `type` is Azure's ("command", "pipeline", "uri_folder", "mlflow_model").

    `deprecated` is what its tag of that name says ("use train:7"), "" for a version that has no such tag.
    """

    ref: Ref
    type: str
    interface: Interface | None = None
    archived: bool = False
    deprecated: str = ""


class Mirror(Protocol):
    """The questions; every answer is about one workspace. Names are without a workspace."""

    def version(self, ref: Ref) -> MirroredVersion | None:
        """Return the version a reference with a version names; None when the mirror does not know it."""

    def versions(self, kind: str, name: str) -> list[str]:
        """Return the versions of a name, newest first; empty when there is no such name."""

    def schedule(self, name: str) -> bool:
        """Is there a schedule of this name?"""

    def computes(self) -> set[str]:
        """Return the names of the computes."""

    def default_compute(self) -> str | None:
        """Return the name of the workspace's default compute; None when none is set."""

    def datastores(self) -> set[str]:
        """Return the names of the datastores."""
