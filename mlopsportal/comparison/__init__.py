"""Any two things of the mirror compared: versions, runs, schedule states, drafts, across workspaces too."""

from __future__ import annotations

from mlopsportal.comparison.choosing import Choice, choices_of, newest_in
from mlopsportal.comparison.headline import Headline, headline_of
from mlopsportal.comparison.result import Compared, compared
from mlopsportal.comparison.sides import NotComparable, Side, side_of
from mlopsportal.comparison.spelling import completed

__all__ = [
    "Choice",
    "Compared",
    "Headline",
    "NotComparable",
    "Side",
    "choices_of",
    "compared",
    "completed",
    "headline_of",
    "newest_in",
    "side_of",
]
