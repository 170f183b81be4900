"""What the page of a change of many parts shows open: all of them, the one asked for, or none; knows no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST_OPEN: Final = 10
"""Up to so many requests or documents stand on the page with all there is to them, as live as the mirror. Of more,
the page lists every one by name and loads its text when it is opened: two hundred of them together are a megabyte
that nobody reads from top to bottom."""


@dataclass(frozen=True)
class Folding:
    """What a reader asked to see open: the `item` at a position, or everything (`is_whole`)."""

    item: int | None = None
    is_whole: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Folding:
        """Read `?item=` and `?whole=1` of a page's address; what is no position is left alone."""
        asked = query.get("item", "")
        return cls(
            int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else None, query.get("whole") == "1"
        )

    def shows(self, position: int, *, of: int) -> bool:
        """Is the part at this position shown open, on a page that has `of` of them?"""
        return of <= MOST_OPEN or self.is_whole or position == self.item


def is_long(count: int) -> bool:
    """Are these too many to be shown with all there is to them?"""
    return count > MOST_OPEN
