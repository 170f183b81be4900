"""Dates without quotes: azure-ai-ml reads them as dates, and refuses them nearly everywhere. Knows where it does."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlopsportal.specs.checks.context import Report
from mlopsportal.specs.documents import Kind

_OF_PIPELINE = re.compile(
    r"(name|display_name|description|experiment_name)|(tags|properties|inputs|outputs|resources)[.\[].*"
    r"|jobs\.[^.]*\.(comment|(inputs|outputs|properties)[.\[].*)",
    re.DOTALL,
)
_OF_COMPONENT = re.compile(_OF_PIPELINE.pattern.replace("|resources", ""), re.DOTALL)
_OF_SCHEDULE = re.compile(
    r"name|display_name|description|trigger\.(start_time|end_time)|properties\..*"
    r"|create_job\.(inputs|outputs|tags|properties)[.\[].*",
    re.DOTALL,
)
_REFUSED: Mapping[Kind, re.Pattern[str]] = {
    Kind.COMMAND_COMPONENT: _OF_COMPONENT,
    Kind.PIPELINE_COMPONENT: _OF_COMPONENT,
    Kind.PIPELINE_JOB: _OF_PIPELINE,
    Kind.SCHEDULE: _OF_SCHEDULE,
}
"""The paths at which azure-ai-ml 1.35.2 refuses a date; at others, as tags of a step, it makes a text of it."""


def check_dates(report: Report) -> None:
    """Report every date without quotes where azure-ai-ml refuses one."""
    refused = _REFUSED.get(report.document.kind)
    for path, text in report.document.parsed.dates.items():
        if refused is not None and refused.fullmatch(path):
            message = f"azure-ai-ml reads `{text[:80]}` as a date, and refuses a date here."
            report.add("yaml-date", path, message, f'Write `"{text[:80]}"`, in quotes.')
