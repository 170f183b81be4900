"""What a reviewer is told beside the steps of a plan, kept with it as JSON: users, scores, and what versions follow.

It lies outside the plan's digest: the digest is what an approval agrees to and what is sent, while this is what
the mirror and the levels of the workspace said at that time, which nobody approves and which changes no request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlopsportal.changes.impact import impact_of_steps
from mlopsportal.changes.models import Plan, Step
from mlopsportal.changes.scores import followed_by_steps, scores_of_steps
from mlopsportal.changes.wording import Line
from mlopsportal.specs.ref import Ref
from registry.models import Workspace


@dataclass(frozen=True)
class Told:
    """What was told, by the position of the step; `scores` in the form of `Scored.as_json`."""

    lines: Mapping[int, list[Line]]
    scores: Mapping[int, Mapping[str, Any]]
    follows: Mapping[int, Ref]


def tell(workspace: Workspace, steps: Sequence[Step], *, now: datetime) -> dict[str, Any]:
    """Return what is to be kept: `{"lines", "scores", "follows"}`, each by position as text; the steps need no key."""
    lines = impact_of_steps(workspace, steps, now=now)
    scores = scores_of_steps(workspace, steps)
    return {
        "lines": {str(position): [line.as_json() for line in found] for position, found in lines.items()},
        "scores": {str(position): scored.as_json() for position, scored in scores.items()},
        "follows": {str(position): str(ref) for position, ref in followed_by_steps(workspace, steps).items()},
    }


def told_of(plan: Plan) -> Told | None:
    """Return what was kept; None for a plan that was made before any of it was."""
    kept = plan.told
    if not kept:
        return None
    return Told(
        lines={int(position): [Line.of(line) for line in found] for position, found in kept["lines"].items()},
        scores={int(position): scored for position, scored in kept["scores"].items()},
        follows={int(position): Ref.parse(text) for position, text in kept["follows"].items()},
    )
