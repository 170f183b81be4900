"""What differs between two texts, line by line and word by word; knows no YAML.

Characters that cannot be seen, or turn the direction of the text, are shown as `⟨U+202E⟩`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

RowKind = Literal["same", "added", "removed", "changed"]

_CONTEXT = 3
_MAX_WORDS = 400  # of a line; beyond, the whole line is marked
_MANY_LINES = 4000  # beyond, the matcher may take short cuts
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_HIDDEN = re.compile("[^\t -~\u00a1-\u00ac\u00ae-\u02ff]")


@dataclass(frozen=True)
class Span:
    """A piece of a line; `marked` when it differs from the other side."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Row:
    """One row of a side-by-side diff. Numbers count from 1; None and no spans where a side has no line."""

    kind: RowKind
    left_number: int | None
    right_number: int | None
    left: tuple[Span, ...]
    right: tuple[Span, ...]


@dataclass(frozen=True)
class Hunk:
    """Rows that belong together, with a few unchanged lines around them."""

    rows: tuple[Row, ...]

    @property
    def left_start(self) -> int:
        return next((row.left_number for row in self.rows if row.left_number), 1)

    @property
    def right_start(self) -> int:
        return next((row.right_number for row in self.rows if row.right_number), 1)


def text_diff(a: str, b: str, *, context: int = _CONTEXT) -> list[Hunk]:
    """Return the hunks in which two texts differ; empty when they are the same."""
    left, right = a.splitlines(), b.splitlines()
    matcher = SequenceMatcher(None, left, right, autojunk=max(len(left), len(right)) > _MANY_LINES)
    groups = matcher.get_grouped_opcodes(context)
    return [Hunk(tuple(_rows(group, left, right))) for group in groups if any(code[0] != "equal" for code in group)]


def _rows(codes: list[tuple[str, int, int, int, int]], left: list[str], right: list[str]) -> Iterator[Row]:
    for operation, a_from, a_to, b_from, b_to in codes:
        width = max(a_to - a_from, b_to - b_from)
        for offset in range(width):
            i = a_from + offset if a_from + offset < a_to else None
            j = b_from + offset if b_from + offset < b_to else None
            yield _row(operation == "equal", i, j, left, right)


def _row(same: bool, i: int | None, j: int | None, left: list[str], right: list[str]) -> Row:
    if i is None or j is None:
        return _one_sided(i, j, left, right)
    if same:
        return Row("same", i + 1, j + 1, (Span(visible(left[i])),), (Span(visible(right[j])),))
    spans = word_marks(left[i], right[j])
    return Row("changed", i + 1, j + 1, *spans)


def _one_sided(i: int | None, j: int | None, left: list[str], right: list[str]) -> Row:
    if i is not None:
        return Row("removed", i + 1, None, (Span(visible(left[i]), True),), ())
    j = j or 0
    return Row("added", None, j + 1, (), (Span(visible(right[j]), True),))


def word_marks(a: str, b: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return the spans of two lines, what differs between them marked."""
    left, right = _WORDS.findall(a), _WORDS.findall(b)
    if max(len(left), len(right)) > _MAX_WORDS:
        return (Span(visible(a), True),), (Span(visible(b), True),)
    codes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return (
        tuple(Span(visible("".join(left[i:k])), code != "equal") for code, i, k, _, _ in codes if k > i),
        tuple(Span(visible("".join(right[j:k])), code != "equal") for code, _, _, j, k in codes if k > j),
    )


def visible(text: str) -> str:
    """Return the text with every character that cannot be seen, or turns direction, written as its number."""
    return _HIDDEN.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    character = match.group()
    if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"):
        return f"⟨U+{ord(character):04X}⟩"
    return character
