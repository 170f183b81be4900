"""Misbehaviour on demand: rules that match requests and say what goes wrong; knows nothing of the workspace."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

from mlopsportal.sandbox.arm import Json, user_error

_KEYS = {
    "method",
    "path",
    "nth",
    "count",
    "status",
    "retry_after",
    "drop_before",
    "drop_after",
    "delay",
    "body",
    "truncate",
    "hide_for",
    "edit_before",
    "edit_after",
}


class Dropped(Exception):
    """The connection is to be closed without an answer."""


@dataclass
class Rule:
    """What happens to the requests it matches: from the `nth` one on, `count` times (0: always).

    `status` answers without effect; `drop_before` closes the connection without effect, `drop_after` with it; `delay`
    waits that many seconds first; `body` replaces the answer's bytes, `truncate` cuts them to that many; `hide_for`
    keeps what is written invisible for that many seconds; `edit_before` and `edit_after` change another object
    (the body of `POST /sandbox/edit`) around the request.
    """

    method: str = ""
    path: str = ""
    nth: int = 1
    count: int = 1
    status: int = 0
    retry_after: float | None = None
    drop_before: bool = False
    drop_after: bool = False
    delay: float = 0.0
    body: str | None = None
    truncate: int | None = None
    hide_for: float = 0.0
    edit_before: Json | None = None
    edit_after: Json | None = None
    seen: int = field(default=0)

    def matches(self, method: str, path: str) -> bool:
        """Count the request if it is this rule's kind; True when it is one of those picked."""
        if self.method and self.method.upper() != method:
            return False
        if self.path and re.search(self.path, path) is None:
            return False
        self.seen += 1
        return self.seen >= self.nth and (not self.count or self.seen < self.nth + self.count)

    def name(self) -> str:
        """The word the journal has for it."""
        words = ("drop_before", "drop_after", "truncate", "body", "hide_for", "delay", "edit_before", "edit_after")
        if self.status:
            return f"status {self.status}"
        return next((word for word in words if getattr(self, word) not in (None, 0, False)), "none")


def rule_of(body: Json) -> Rule:
    """A rule from JSON; raises the service's refusal for a word it does not know."""
    if unknown := set(body) - _KEYS:
        raise user_error(f"A fault rule has no {', '.join(sorted(unknown))}.", "faults")
    try:
        re.compile(body.get("path", ""))
        return Rule(**body)
    except (re.error, TypeError) as error:
        raise user_error(f"The fault rule is not valid: {error}.", "faults") from error


class Faults:
    """The rules in force, first match wins."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def pick(self, method: str, path: str) -> Rule | None:
        """The rule for this request; every rule counts the requests of its kind."""
        with self._lock:
            found = [rule for rule in self._rules if rule.matches(method, path)]
            return found[0] if found else None

    def listed(self) -> list[Json]:
        with self._lock:
            rules = list(self._rules)
        return [{"method": rule.method, "path": rule.path, "does": rule.name(), "seen": rule.seen} for rule in rules]
