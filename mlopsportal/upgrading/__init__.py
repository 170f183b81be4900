"""Moving everybody who uses a version to another one: who, how hard, and the documents that do it."""

from __future__ import annotations

from mlopsportal.upgrading.candidates import Candidate, ScheduleMove, Upgrade, upgrade_of
from mlopsportal.upgrading.rewriting import rewritten

__all__ = ["Candidate", "ScheduleMove", "Upgrade", "rewritten", "upgrade_of"]
