"""Where in a YAML text a line stands: the keys it is below, by indentation; knows lines, not YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlopsportal.specs.textdiff import Hunk, Row

_KEY = re.compile(r"(\s*)(?:- )?([^\s#:'\"][^:#]*|'[^']*'|\"[^\"]*\"):(?:\s|$)")
DEEPEST = 3


def places_of(hunks: Sequence[Hunk], left: str, right: str) -> list[str]:
    """Return for each hunk the keys above its first changed line, "jobs / train / inputs"; "" at the top level."""
    texts = left.splitlines(), right.splitlines()
    return [_place(hunk, *texts) for hunk in hunks]


def _place(hunk: Hunk, left: Sequence[str], right: Sequence[str]) -> str:
    first = next((row for row in hunk.rows if row.kind != "same"), None)
    if first is None:
        return ""
    lines, number = _side(first, left, right)
    return " / ".join(keys_above(lines, number)[:DEEPEST])


def _side(row: Row, left: Sequence[str], right: Sequence[str]) -> tuple[Sequence[str], int]:
    return (right, row.right_number) if row.right_number else (left, row.left_number or 1)


def keys_above(lines: Sequence[str], number: int) -> list[str]:
    """Return the keys that line `number` (from 1) is below, the outermost first."""
    indent = _indent(lines[number - 1])
    found: list[str] = []
    for line in reversed(lines[: number - 1]):
        match = _KEY.match(line)
        if match and len(match[1]) < indent:
            found.append(match[2].strip("'\""))
            indent = len(match[1])
        if not indent:
            break
    return found[::-1]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
