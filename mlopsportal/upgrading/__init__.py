"""Moving everybody who uses a version to another one: who, how hard, and the documents that do it."""

from __future__ import annotations

from mlopsportal.upgrading.candidates import Candidate, Move, ScheduleMove, TooMany, Upgrade
from mlopsportal.upgrading.choosing import Choice
from mlopsportal.upgrading.finding import upgrade_of
from mlopsportal.upgrading.rewriting import rewritten

__all__ = ["Candidate", "Choice", "Move", "ScheduleMove", "TooMany", "Upgrade", "rewritten", "upgrade_of"]
