"""Every check code with its help; the site shows them at `/help/checks/<code>/`."""

from __future__ import annotations

from mlopsportal.specs.codes import pipeline, practices, schedule, shape, steps, yaml
from mlopsportal.specs.codes.entry import CheckCode

__all__ = ["CODES", "CheckCode"]

CODES: dict[str, CheckCode] = {
    entry.code: entry
    for entries in (yaml.ENTRIES, shape.ENTRIES, pipeline.ENTRIES, steps.ENTRIES, schedule.ENTRIES, practices.ENTRIES)
    for entry in entries
}
"""The help of every code, by code, in the order of the help's table of contents."""
