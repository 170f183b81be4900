"""Which binding was meant where one is written that leads nowhere; knows the names in a pipeline, not what they are."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from mlopsportal.specs.bindings import Binding

_SIDES = ("inputs", "outputs")
_STEPS = ("jobs", "job", "steps", "step", "nodes", "node", "tasks", "task", "components", "component")
_LONGEST, _MOST = 100, 200


def intended(binding: Binding, inputs: Collection[str], outputs: Collection[str], steps: Collection[str]) -> str:
    """Return the binding to write in a step instead, as text; with places to fill in where it cannot be guessed."""
    first, *rest = binding.parts
    if _near(first, ("parent",)):
        parts = _below_parent(rest, steps)
    elif first in steps:
        parts = ["jobs", *_of_step([first, *rest])]
    elif not rest and first in (*inputs, *outputs):
        parts = ["inputs" if first in inputs else "outputs", first]
    else:
        parts = _below_parent([first, *rest], steps) or _misspelt(first, rest, steps)
    return f"${{{{parent.{'.'.join(parts)}}}}}" if parts else ""


def _below_parent(parts: list[str], steps: Collection[str]) -> list[str]:
    """Return the words after `parent`, set right; none when they cannot be told."""
    if len(parts) < 2:
        return []
    first, *rest = parts
    if first in steps and _near(rest[0], _SIDES):
        return ["jobs", *_of_step(parts)]
    side = _near(first, _SIDES)
    if side:
        return [side, *rest]
    return ["jobs", *_of_step(rest)] if first.lower() in _STEPS and len(rest) > 1 else []


def _of_step(parts: list[str]) -> list[str]:
    step, *rest = parts
    if step in _SIDES and len(rest) == 1:
        return ["<step>", step, *rest]
    if len(rest) == 1 and rest[0] not in _SIDES:
        return [step, "outputs", *rest]
    side = _near(rest[0], _SIDES) if len(rest) > 1 else ""
    return [step, side or "outputs", *(rest[1:] or ["<name>"])]


def _misspelt(first: str, rest: list[str], steps: Collection[str]) -> list[str]:
    if len(rest) < 2 or not _near(rest[0], _SIDES):
        return []
    known = [step for _, step in zip(range(_MOST), steps, strict=False)]
    close = get_close_matches(first[:_LONGEST], known, n=1, cutoff=0.6)
    return ["jobs", *_of_step([close[0], *rest])] if close else []


def _near(word: str, known: Collection[str]) -> str:
    """Return the known word that is nearly this one, whatever its capitals; "" for none."""
    return next(iter(get_close_matches(word.lower()[:_LONGEST], known, n=1, cutoff=0.7)), "")
