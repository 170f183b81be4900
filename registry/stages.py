"""What a sync is made of: stages that each read a bounded piece, and where other rooms hang theirs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from registry.models import Workspace

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection

Cursor = dict[str, Any]


@dataclass(frozen=True)
class StageResult:
    """How far a stage came. `next_cursor` is JSON, or None when the stage is complete; `counts` add up on the page."""

    next_cursor: Cursor | None
    counts: Mapping[str, int] = field(default_factory=dict)


class Stage(Protocol):
    """Reads one bounded piece (a page, a few seconds) and writes its rows; the same piece again changes nothing more.

    `cursor` is None at the beginning, else what the stage gave back last. `now` is when the sync began: the
    `seen_at` of all it sees. Raises the AzureError family: then nothing may be concluded from what was not read.
    """

    def __call__(
        self, workspace: Workspace, connection: Connection, cursor: Cursor | None, now: datetime
    ) -> StageResult: ...


REGISTERED: dict[str, Stage] = {}


def register(stage_name: str, stage: Stage) -> None:
    """Add a stage of a room above, to run after the registry's own. Called from that room's `AppConfig.ready`."""
    REGISTERED[stage_name] = stage
