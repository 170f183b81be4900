"""Any two things of the mirror compared: versions, runs, schedule states, drafts, across workspaces too."""

from __future__ import annotations

from mlopsportal.comparison.result import Compared, compared
from mlopsportal.comparison.sides import NotComparable, Side

__all__ = ["Compared", "NotComparable", "Side", "compared"]
