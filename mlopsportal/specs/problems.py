"""What is wrong with a document, and what was set right in it; knows nothing of how either is found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict


class Severity(StrEnum):
    """How much a problem weighs: an error stops a document, advice does not."""

    ERROR = "error"
    ADVICE = "advice"


class ProblemJSON(TypedDict):
    """A problem as `check_documents --json` and the REST check print it."""

    code: str
    path: str
    line: int | None
    column: int | None
    severity: str
    message: str
    fix: str


@dataclass(frozen=True)
class Problem:
    """One finding in one document.

    `path` is the key path ("jobs.train.inputs.x", "a[0].b", "" for the whole document); `line` and
    `column` count from 1, None when the place is not known.
    """

    code: str
    path: str
    line: int | None
    column: int | None
    severity: Severity
    message: str
    fix: str

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def as_json(self) -> ProblemJSON:
        return {
            "code": self.code,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "severity": str(self.severity),
            "message": self.message,
            "fix": self.fix,
        }


class RepairJSON(TypedDict):
    """A repair as a plan and the REST change show it."""

    code: str
    path: str
    line: int | None
    before: str
    after: str
    message: str


@dataclass(frozen=True)
class Repair:
    """One thing that was set right in a document's value; the text as sent in is never touched."""

    code: str
    path: str
    line: int | None
    before: str
    after: str
    message: str

    def as_json(self) -> RepairJSON:
        return {
            "code": self.code,
            "path": self.path,
            "line": self.line,
            "before": self.before,
            "after": self.after,
            "message": self.message,
        }
