"""The table of all practices with their default levels; a workspace may set each of them otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from mlopsportal.specs.checks.context import Surroundings
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.practices import references, steps, words
from mlopsportal.specs.practices.practice import (
    COMPONENTS,
    PIPELINES,
    SCHEDULES,
    VERSIONED,
    Level,
    Practice,
)
from mlopsportal.specs.problems import Problem

_JUDGED = VERSIONED | SCHEDULES
_RUNNING = SCHEDULES | {Kind.PIPELINE_JOB, Kind.ACTION}
_ACTED = _JUDGED | {Kind.ACTION, Kind.ENVIRONMENT, Kind.DATA, Kind.MODEL, Kind.OTHER_JOB, Kind.OTHER_SCHEDULE}

PRACTICES: dict[str, Practice] = {
    practice.code: practice
    for practice in (
        Practice("no-secrets", "hard", _ACTED, references.secrets),
        Practice("compute-set", "hard", _RUNNING, steps.without_compute),
        Practice("pinned-references", "soft", _JUDGED | {Kind.ACTION}, references.floating),
        Practice("pinned-environments", "soft", VERSIONED, references.floating_environments),
        Practice("modular", "advisory", PIPELINES, steps.inline_steps, steps.has_nodes),
        Practice("parameterised", "advisory", PIPELINES, steps.literal_data, steps.has_nodes),
        Practice("timeout-set", "advisory", PIPELINES, steps.untimed, steps.has_timed_nodes),
        Practice("retry-set", "advisory", PIPELINES, steps.unretried, steps.has_parallel_nodes),
        Practice("described", "advisory", VERSIONED, words.undescribed),
        Practice("described-ports", "advisory", COMPONENTS, words.undescribed_ports, words.has_ports),
        Practice("owned", "advisory", VERSIONED, words.unowned),
        Practice("under-version-control", "advisory", VERSIONED, words.without_source),
        Practice("deterministic-said", "advisory", COMPONENTS, words.undetermined),
        Practice("name-convention", "advisory", _JUDGED, words.odd_name),
        Practice("version-convention", "advisory", VERSIONED, words.odd_version, words.has_version),
        Practice("start-time-set", "advisory", SCHEDULES, words.no_start_time),
    )
}
"""Every practice by its code, the heaviest first; each code has its help page like any check's."""


CONSEQUENCES: dict[str, Level] = {"nothing-uses-it": "soft", "fires-later": "advisory"}
"""Checks on what a change would do rather than on its documents: set like practices, found when it is planned."""

DEFAULTS: dict[str, Level] = {**{code: practice.level for code, practice in PRACTICES.items()}, **CONSEQUENCES}
"""The default level of everything a workspace may set, by code."""


def level_in(levels: Mapping[str, Level] | None, code: str) -> Level:
    """Return the level of a code where `levels` hold; its default when they say nothing of it."""
    return DEFAULTS[code] if levels is None else levels.get(code, DEFAULTS[code])


def follow(
    document: Document, surroundings: Surroundings | None = None, levels: Mapping[str, Level] | None = None
) -> dict[str, list[Problem]]:
    """Return what each practice that applies finds, by its code; an empty list is a practice that is followed.

    `levels` are those of a workspace, by code; without them the defaults hold. A practice that is off is not
    looked at. A document of which nothing is known but its value can be made with `documents.of_value`.
    """
    around = surroundings or Surroundings({document.path: document})
    return {
        code: practice.findings(document, around)
        for code, practice in PRACTICES.items()
        if level_in(levels, code) != "off" and practice.applies(document)
    }
