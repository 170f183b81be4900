"""Best practice: what a sound document could do better, each point on its own, and the score they add up to.

Practices never make a document wrong. A workspace sets each of them to off, advisory, soft or hard; `PRACTICES`
holds them with their defaults.
"""

from __future__ import annotations

from mlopsportal.specs.practices.advice import told, with_advice
from mlopsportal.specs.practices.practice import LEVELS, POINTS, Level, Practice
from mlopsportal.specs.practices.score import Missing, Score, score
from mlopsportal.specs.practices.table import CONSEQUENCES, DEFAULTS, PRACTICES, follow

__all__ = [
    "CONSEQUENCES",
    "DEFAULTS",
    "LEVELS",
    "POINTS",
    "PRACTICES",
    "Level",
    "Missing",
    "Practice",
    "Score",
    "follow",
    "score",
    "told",
    "with_advice",
]
