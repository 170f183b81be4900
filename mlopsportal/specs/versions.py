"""What two version numbers say about the change between them; knows nothing of what changed."""

from __future__ import annotations

import re
from itertools import zip_longest

from mlopsportal.specs.interface import Comparison, Reason, Verdict

_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:[-+][A-Za-z0-9.\-]{1,60})?")
_WEIGHT = {Verdict.PATCH: 0, Verdict.MINOR: 1, Verdict.BREAKING: 2}


def declared(left: str | None, right: str | None) -> Verdict | None:
    """Return how large a change the step from one version to a newer one declares; None when it declares nothing.

    1.2.3 → 1.2.4 is a patch, → 1.3.0 minor, → 2.0.0 breaking; in 0.x the second number counts as the first, as
    Semantic Versioning has it. A plain number that counts up (5 → 6) may be anything, so it declares breaking. Not
    newer, or not of this form: None.
    """
    before, after = _numbers(left), _numbers(right)
    if before is None or after is None or after <= before:
        return None
    places = enumerate(zip_longest(before, after, fillvalue=0))
    first = next((place for place, (old, new) in places if old != new), None)
    if first is None:
        return None
    if first == 0 or (first == 1 and after[0] == 0):
        return Verdict.BREAKING
    return Verdict.MINOR if first == 1 else Verdict.PATCH


def _numbers(version: str | None) -> tuple[int, ...] | None:
    match = _NUMBERS.fullmatch(version or "")
    return tuple(int(part) for part in match[1].split(".")) if match else None


def understatement(left: str | None, right: str | None, comparison: Comparison) -> Reason | None:
    """Return the reason "Declared minor, is breaking" where the version says less than the verdict; else None."""
    said, verdict = declared(left, right), comparison.verdict
    if said is None or verdict is Verdict.UNKNOWN or _WEIGHT[said] >= _WEIGHT[verdict]:
        return None
    word = "a patch" if said is Verdict.PATCH else str(said)
    message = f"Declared {word} ({left} → {right}), is {verdict}."
    return Reason("version-understates", "version", message, verdict)
