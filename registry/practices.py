"""How strictly a workspace takes each best practice: its own levels over the defaults; judges no document."""

from __future__ import annotations

from mlopsportal.specs.practices import DEFAULTS, LEVELS, Level
from registry.models import PracticeLevel, Workspace

_LEVEL: dict[str, Level] = {level: level for level in LEVELS}


def levels_of(workspace: Workspace) -> dict[str, Level]:
    """Return the level in force of everything that can be set, by code, in the order of the settings page.

    Codes that no longer exist are left out. One query.
    """
    rows = PracticeLevel.objects.filter(workspace=workspace, code__in=DEFAULTS)
    own = {code: _LEVEL[level] for code, level in rows.values_list("code", "level")}
    return {**DEFAULTS, **own}
