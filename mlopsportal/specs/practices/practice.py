"""What one practice is: its words, its weight, and the pure function that finds where it is not followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mlopsportal.specs.checks.context import Report, Surroundings
from mlopsportal.specs.codes import CODES
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.problems import Problem

Level = Literal["off", "advisory", "soft", "hard"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""Not looked at; shown; stops until somebody who may overrides it; stops."""

POINTS: dict[Level, int] = {"off": 0, "advisory": 1, "soft": 2, "hard": 3}
"""What following a practice of that level adds to a score."""

COMPONENTS = frozenset({Kind.COMMAND_COMPONENT, Kind.PIPELINE_COMPONENT, Kind.OTHER_COMPONENT})
PIPELINES = frozenset({Kind.PIPELINE_COMPONENT, Kind.PIPELINE_JOB})
VERSIONED = COMPONENTS | PIPELINES
SCHEDULES = frozenset({Kind.SCHEDULE})

_ABOUT = (
    ("components", frozenset({Kind.COMMAND_COMPONENT, Kind.OTHER_COMPONENT})),
    ("pipelines", PIPELINES),
    ("schedules", SCHEDULES),
    ("runs", frozenset({Kind.ACTION})),
)

Find = Callable[[Mapping[str, Any], Report], None]


def always(value: Mapping[str, Any]) -> bool:
    """The practice concerns every document of its kinds."""
    return True


@dataclass(frozen=True)
class Practice:
    """One practice. `level` is the default; `concerns` tells whether a document has anything it is about."""

    code: str
    level: Level
    kinds: frozenset[Kind]
    find: Find
    concerns: Callable[[Mapping[str, Any]], bool] = always

    @property
    def title(self) -> str:
        return CODES[self.code].title

    @property
    def about(self) -> str:
        """What it concerns, in words: "components, pipelines"."""
        if Kind.MODEL in self.kinds:
            return "every document"
        return ", ".join(word for word, kinds in _ABOUT if kinds & self.kinds)

    def applies(self, document: Document) -> bool:
        value = document.value
        return document.kind in self.kinds and isinstance(value, Mapping) and self.concerns(value)

    def findings(self, document: Document, surroundings: Surroundings) -> list[Problem]:
        """Return every place where the document does not follow the practice; empty when it does not apply."""
        if not self.applies(document):
            return []
        report = Report(document, surroundings)
        self.find(document.value, report)
        return report.problems
