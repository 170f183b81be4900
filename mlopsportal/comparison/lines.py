"""What changed in words for a reader: one line a change, alike ones in one, the most important first; plain values."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from mlopsportal.specs.comparison import BEHAVIOUR_RULE
from mlopsportal.specs.diff import Change
from mlopsportal.specs.interface import Comparison, Reason, Verdict, verdict_of
from mlopsportal.specs.summary import Sentence, is_said, sentences_of
from mlopsportal.ui.addresses import as_ref

ALIKE = 3
"""So many steps that changed in the same way are told in one line."""
NAMED = 8
_STILL = "still-"
_UNTOLD = frozenset({"no-interface", BEHAVIOUR_RULE})  # the changes themselves say it better
_STEPS, _SETTINGS, _RUNS = "Steps", "Settings", "What it runs"
_TARGET = ("job", "component")
_HEADS = {"jobs": _STEPS, "inputs": "Inputs", "outputs": "Outputs", "trigger": "When it fires"}
_ABOUT = (*dict.fromkeys(_HEADS.values()), _SETTINGS)
_SECTIONS = ("jobs", "inputs", "outputs", "run", "run.inputs", "run.outputs", "run.settings")
_GIVEN = (("The run's inputs.", "input"), ("The run's outputs.", "output"), ("The run's settings.", "setting"))
_WEIGHTS = ("breaking", "unknown", "", "minor", "patch")
_PLURALS = ((":", ":"), (" now runs ", " now run "), (" was ", " were "))


@dataclass(frozen=True)
class Line:
    """One change in words. `verdict` is set where the interface says how much it weighs.

    `bump`: what the steps ran and run, "component:train:1" and "component:train:2", where a step moved between them.
    `links` lead further: address, words, and how much what is there weighs ("" where nobody can say).
    `about` is what it is about in a word, by which many lines are put into groups.
    """

    words: str
    verdict: Verdict | None = None
    bump: tuple[str, str] | None = None
    links: Sequence[tuple[str, str, str]] = ()
    about: str = ""


def lines_of(
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    changes: Sequence[Change],
    comparison: Comparison,
    renamed: Mapping[str, str],
) -> list[Line]:
    """Return what changed: reasons, steps, what they run, what they take, the rest, new names, what did not fit before.

    `left` has the steps under their new names already, `changes` are those from there; `renamed` maps the new name
    of a step to its old one.
    """
    changes = [part for change in changes for part in _parts(change)]
    told = [reason for reason in comparison.reasons if reason.rule not in _UNTOLD]
    fresh = [reason for reason in told if not reason.rule.startswith(_STILL)]
    said = {reason.path for reason in told if reason.path}
    rest = [change for change in changes if not is_said(change, said)]
    lines = list(_of_reasons(left, right, changes, fresh))
    for of_one_kind in _by_importance(rest):
        lines += _of_changes(left, right, of_one_kind)
    lines += [
        Line(f"The step {old} is now called {new} and runs the same.", about=_STEPS)
        for new, old in sorted(renamed.items())
    ]
    lines += [
        Line(f"As before: {_placed(reason, reason.message)}", about=_about(reason.path.split(".")))
        for reason in told
        if reason.rule.startswith(_STILL)
    ]
    return lines


def heaviest_first(lines: Sequence[Line]) -> list[Line]:
    """Put what breaks first among neighbours that tell of steps that run another version; the rest has no weight."""
    found: list[Line] = []
    for _, neighbours in groupby(lines, key=lambda line: line.bump is not None):
        found += sorted(neighbours, key=_lightness)
    return found


def _lightness(line: Line) -> int:
    return min((_WEIGHTS.index(weight) for _, _, weight in line.links), default=_WEIGHTS.index(""))


def _parts(change: Change) -> Iterator[Change]:
    """Take a whole section (`jobs`, `inputs`, what a run was given), added or removed, apart into its entries."""
    whole = change.after if change.kind == "added" else change.before
    if change.path not in _SECTIONS or change.kind == "changed" or not isinstance(whole, Mapping):
        yield change
        return
    for name, entry in whole.items():
        before, after = (None, entry) if change.kind == "added" else (entry, None)
        yield from _parts(Change(f"{change.path}.{name}", change.kind, before, after, (*change.steps, name)))


def _of_reasons(
    left: Mapping[str, Any], right: Mapping[str, Any], changes: Sequence[Change], reasons: Sequence[Reason]
) -> Iterator[Line]:
    found = sentences_of(left, right, changes, Comparison(Verdict.PATCH, tuple(reasons)))
    for reason, sentence in zip(reasons, found, strict=False):
        yield Line(_placed(reason, sentence.words), reason.verdict, about=_about(reason.path.split(".")))


def _placed(reason: Reason, words: str) -> str:
    """Say which step a reason is about; those about the pipeline itself say it by themselves."""
    parts = reason.path.split(".")
    if parts[0] != "jobs" or len(parts) < 2 or f"`{parts[1]}`" in words:
        return words
    return f"The step {parts[1]}: {words}"


def _by_importance(changes: Sequence[Change]) -> list[list[Change]]:
    """Return the changes in groups: what a schedule runs and when, steps, what they run, what they take, the rest."""
    groups: dict[int, list[Change]] = defaultdict(list)
    for change in changes:
        groups[_rank(change)].append(change)
    return [groups[rank] for rank in sorted(groups)]


def _rank(change: Change) -> int:
    if change.steps == _TARGET:
        return -1
    if change.steps[:1] == ("trigger",):
        return 0
    if change.steps[:1] != ("jobs",):
        return 4
    return 1 if len(change.steps) <= 2 else 2 if change.steps[2:] == ("component",) else 3


def _of_changes(left: Mapping[str, Any], right: Mapping[str, Any], changes: Sequence[Change]) -> Iterator[Line]:
    if len(changes) == 1 and (target := _of_target(changes[0])) is not None:
        yield target
        return
    steps = [change for change in changes if _is_of_step(change)]
    others = [change for change in changes if not _is_of_step(change)]
    for alike in _alike(steps):
        if len(alike) >= ALIKE:
            yield Line(_of_many(left, right, alike), bump=_bump(alike[0]), about=_STEPS)
        else:
            yield from (Line(_sentences(left, right, [one])[0].words, bump=_bump(one), about=_STEPS) for one in alike)
    for about in _ABOUT:
        of_one = [change for change in others if _about(change.steps) == about]
        yield from (Line(_plainly(sentence.words), about=about) for sentence in _sentences(left, right, of_one))


def _of_target(change: Change) -> Line | None:
    """Say which version a schedule runs; None for any other change, and where no version is named."""
    if change.steps != _TARGET or change.kind != "changed":
        return None
    before, after = (as_ref(end) if isinstance(end, str) else None for end in (change.before, change.after))
    if before is None or after is None:
        return None
    names = [" ".join(part for part in (ref.name, ref.version) if part) for ref in (after, before)]
    return Line(f"It runs {names[0]} instead of {names[1]}.", bump=(str(before), str(after)), about=_RUNS)


def _about(steps: Sequence[Any]) -> str:
    """Return what a change at this path is about, in a word."""
    heads = steps[1:2] if steps[:1] == ("run",) else steps[:1]
    return _HEADS.get(str(heads[0]), _SETTINGS) if heads else _SETTINGS


def _plainly(words: str) -> str:
    """Call what a run was given by its name instead of its path: "The run's input rate is 0.1 instead of 0.2."."""
    for path, word in _GIVEN:
        if words.startswith(path):
            name, _, rest = words.removeprefix(path).partition(" ")
            return f"The run's {word} {name.removesuffix('.uri').removesuffix('.value')} {rest}"
    return words


def _is_of_step(change: Change) -> bool:
    return change.steps[:1] == ("jobs",) and len(change.steps) >= 2


def _sentences(left: Mapping[str, Any], right: Mapping[str, Any], changes: Sequence[Change]) -> list[Sentence]:
    return sentences_of(left, right, changes, verdict_of([]))


def _alike(changes: Sequence[Change]) -> list[list[Change]]:
    """Return the changes of steps in groups of the same change, in the order of the first of each."""
    groups: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        groups[_kind(change)].append(change)
    return list(groups.values())


def _kind(change: Change) -> str:
    if len(change.steps) == 2:
        node = change.after if change.kind == "added" else change.before
        what = node.get("component") if isinstance(node, Mapping) else None
        return json.dumps([change.kind, what], default=str)
    return json.dumps([change.kind, change.steps[2:], change.before, change.after], sort_keys=True, default=str)


def _of_many(left: Mapping[str, Any], right: Mapping[str, Any], alike: Sequence[Change]) -> str:
    """Say of many steps what the sentence about the first of them says."""
    names = [str(change.steps[1]) for change in alike]
    sentence = _sentences(left, right, alike[:1])[0].words.removeprefix(f"The step {names[0]}").removesuffix(".")
    for one, many in _PLURALS:
        if sentence.startswith(one):
            sentence = many + sentence.removeprefix(one)
            break
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} steps{sentence}: {', '.join(names[:NAMED])}{more}."


def _bump(change: Change) -> tuple[str, str] | None:
    if change.steps[:1] != ("jobs",) or change.steps[2:] != ("component",) or change.kind != "changed":
        return None
    ends = (change.before, change.after)
    return (ends[0], ends[1]) if all(isinstance(end, str) for end in ends) else None
