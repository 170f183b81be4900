"""The verdict of a comparison as a reviewer reads it: the word, why, and what follows; asks who uses the older side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from mlopsportal.accounts.models import User
from mlopsportal.comparison.lines import Line
from mlopsportal.comparison.outcome import ends_words, headline_words
from mlopsportal.comparison.result import Compared
from mlopsportal.comparison.runs import RunPair
from mlopsportal.comparison.sides import Side
from mlopsportal.specs.interface import Verdict
from mlopsportal.ui.addresses import ref_address
from mlopsportal.ui.badges import VERDICT
from registry.models import AssetKind, RunStatus, Workspace
from scheduling.impact import Affected, affected_by

REASONS = 3
_FOLLOWS = {
    Verdict.BREAKING: "Whoever uses {left} must change before using {right}.",
    Verdict.MINOR: "Whoever uses {left} can use {right} as it is.",
    Verdict.PATCH: "It takes and gives the same: whoever uses {left} can use {right} as it is.",
    Verdict.UNKNOWN: "It cannot be decided from what the mirror knows.",
}
_TONES = {Verdict.BREAKING: "warn", Verdict.MINOR: "info", Verdict.PATCH: "good", Verdict.UNKNOWN: "info"}


@dataclass(frozen=True)
class Headline:
    """The decision on one screen: `word` and `tone`, what follows from it, and the first reasons for it.

    `more` counts the reasons that are not among them. `affected` is who uses the older side; None where nothing can.
    """

    word: str
    tone: str
    follows: str
    sign: str = ""
    reasons: Sequence[str] = ()
    more: int = 0
    affected: Affected | None = None
    affected_url: str = ""


def headline_of(found: Compared, user: User | AnonymousUser) -> Headline:
    """Say what a comparison comes to."""
    count = len(found.lines)
    if found.left.address == found.right.address:
        return Headline("The same thing on both sides", "info", "Choose another one for either side.", "=")
    if not found.is_one_kind:
        return Headline("Two kinds of things", "info", found.verdict.reasons[0].message, "?")
    if found.runs is not None and found.lines:
        return _of_runs(found, found.runs)
    if not found.changes and found.verdict.verdict is Verdict.PATCH:
        return Headline("No difference", "good", _same(found), "=")
    if not found.has_verdict:
        return Headline(_differences(count), "info", _first(found.lines), "≠")
    return _judged(found, user)


def _same(found: Compared) -> str:
    """Say of two sides without a difference what that means: in two workspaces a name may stand for two things."""
    texts = "; only their texts differ" if found.hunks else ""
    if not found.is_apart:
        return f"Both execute the same{texts}."
    return f"Both say the same{texts}. What they name is looked up in the workspace of each."


def _judged(found: Compared, user: User | AnonymousUser) -> Headline:
    verdict = found.verdict.verdict
    weighed = [line.words for line in found.lines if line.verdict is verdict]
    affected = _affected(found.left, user) if verdict is not Verdict.PATCH else None
    badge = VERDICT[verdict.value]
    return Headline(
        word=badge.word,
        tone=_TONES[verdict],
        follows=_FOLLOWS[verdict].format(**_named(found)),
        sign=badge.sign,
        reasons=weighed[:REASONS] if verdict is not Verdict.PATCH else (),
        more=max(len(weighed) - REASONS, 0),
        affected=affected,
        affected_url=_impact_address(found.left) if affected else "",
    )


def _named(found: Compared) -> dict[str, str]:
    """Return what to call each side: its version where both are of one name."""
    left, right = found.left.words, found.right.words
    if left[0] == right[0] and found.left.ref.kind == found.right.ref.kind == "component":
        left, right = ("version", left[1]), ("version", right[1])
    places = [f" in {side.workspace.slug}" if found.is_apart else "" for side in (found.left, found.right)]
    return {"left": " ".join(left) + places[0], "right": " ".join(right) + places[1]}


def _differences(count: int) -> str:
    return f"{count} difference" if count == 1 else f"{count} differences"


def _first(lines: Sequence[Line]) -> str:
    return lines[0].words if lines else ""


def _of_runs(found: Compared, runs: RunPair) -> Headline:
    """Say how two runs came out: how each ended comes before what differs in what they were given."""
    follows = headline_words(runs, bool(found.definition_changes))
    if runs.left.status == runs.right.status:
        return Headline(_differences(len(found.lines)), "info", follows, "≠")
    tone = "warn" if runs.right.status == RunStatus.FAILED else "info"
    return Headline(ends_words(runs), tone, follows, "≠")


def _affected(side: Side, user: User | AnonymousUser) -> Affected | None:
    if side.ref.kind not in AssetKind.values:
        return None
    return affected_by(side.workspace, side.ref, visible=Workspace.objects.for_user(user), now=timezone.now())


def _impact_address(side: Side) -> str:
    return f"{ref_address(side.ref, side.workspace, pipeline=side.is_pipeline)}impact/"
