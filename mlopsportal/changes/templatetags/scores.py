"""The template tags that show what the new versions of a plan score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template

from mlopsportal.changes.scoring import Scored, scores_of_steps
from registry.models import Workspace

register = template.Library()


@register.simple_tag
def plan_scores(steps: Iterable[Any], workspace: Workspace) -> dict[int, Scored]:  # Any: a shown step lies above
    """Return the scores of a plan's steps as the page shows them, by position, for `score_line`."""
    return scores_of_steps(workspace, [step.row for step in steps])


@register.inclusion_tag("changes/_score.html")
def score_line(scores: Mapping[int, Scored], position: int) -> dict[str, Any]:
    """Show in one line what a step's new version scores, and the one before it; nothing for any other step."""
    return {"scored": scores.get(position)}
