"""The template tags that show what the new versions of a plan score, and whom its steps concern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from mlopsportal.changes.scores import Scored
from mlopsportal.changes.wording import Line
from registry.models import Workspace

register = template.Library()


@register.inclusion_tag("changes/_score.html")
def score_line(scored: Scored | Mapping[str, Any] | None) -> dict[str, Any]:
    """Show in one line what a step's new version scores, and the one before it; nothing for any other step."""
    return {"scored": scored}


@register.inclusion_tag("changes/_impact.html")
def impact_line(line: Line, workspace: Workspace) -> dict[str, Any]:
    """Show one line of whom a step concerns, each name a link to its page."""
    return {"line": line, "workspace": workspace}
