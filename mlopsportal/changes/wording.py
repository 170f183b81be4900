"""Lines of a plan that name what they speak of, each name a link; plain values that can be kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlopsportal.ui.times import duration_words, exact, iso

MOST_NAMED = 5


@dataclass(frozen=True)
class Piece:
    """A part of a line: words; with `ref` a link to its page, or to the list of its users (`is_impact`).

    `at` is set where the words are a time, `ahead` says how far off it is as seen from now, and is never kept.
    """

    words: str
    ref: str = ""
    is_pipeline: bool = False
    is_impact: bool = False
    at: datetime | None = None
    ahead: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what differs from the defaults."""
        flags = {name: True for name in ("is_pipeline", "is_impact") if getattr(self, name)}
        told = {"words": self.words, **({"ref": self.ref} if self.ref else {}), **flags}
        return {**told, "at": iso(self.at)} if self.at else told

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Piece:
        at = datetime.fromisoformat(kept["at"]).astimezone(UTC) if "at" in kept else None
        return cls(**{**kept, "at": at})


@dataclass(frozen=True)
class Line:
    """One thing a reviewer should know: `is_bad` where something would stop working."""

    pieces: tuple[Piece, ...]
    is_bad: bool = False

    @classmethod
    def joined(cls, *parts: str | Sequence[Piece], is_bad: bool = False) -> Line:
        """Make a line of words and pieces in their order."""
        found = [[Piece(part)] if isinstance(part, str) else part for part in parts]
        return cls(tuple(piece for some in found for piece in some if piece.words), is_bad)

    @property
    def words(self) -> str:
        return "".join(piece.words for piece in self.pieces)

    def as_json(self) -> dict[str, Any]:
        return {"is_bad": self.is_bad, "pieces": [piece.as_json() for piece in self.pieces]}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Line:
        return cls(tuple(Piece.of(piece) for piece in kept["pieces"]), bool(kept["is_bad"]))


def named(pieces: Sequence[Piece], most: int = MOST_NAMED) -> list[Piece]:
    """Return the first few names with commas between them, and how many more there are."""
    shown = [part for piece in pieces[:most] for part in (Piece(", "), piece)][1:]
    more = len(pieces) - most
    return [*shown, Piece(f" and {more} more")] if more > 0 else shown


def fire(moment: datetime, now: datetime) -> Piece:
    """Return a time to come: what it is, and how far off."""
    return Piece(exact(moment), at=moment, ahead=f"in {duration_words(max((moment - now).total_seconds(), 0))}")
