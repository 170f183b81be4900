"""What changed, in one sentence a change, the most important first; plain values in, words out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlopsportal.specs import recurrence
from mlopsportal.specs.bindings import binding_of
from mlopsportal.specs.diff import Change
from mlopsportal.specs.interface import Comparison, Verdict
from mlopsportal.specs.triggers import InvalidTrigger

_TEXTS = frozenset({"description", "display_name", "tags"})


@dataclass(frozen=True)
class Sentence:
    """One change in words. `verdict` is set where the interface says how much it weighs."""

    words: str
    verdict: Verdict | None = None


def sentences_of(
    left: Mapping[str, Any], right: Mapping[str, Any], changes: Sequence[Change], comparison: Comparison
) -> list[Sentence]:
    """Return what changed: the reasons of the verdict, then steps, then what steps take, then the rest."""
    said = {reason.path for reason in comparison.reasons if reason.path}
    found = [Sentence(reason.message, reason.verdict) for reason in comparison.reasons]
    rest = [change for change in changes if not _is_said(change, said)]
    triggers = [change for change in rest if change.steps[:1] == ("trigger",)]
    if triggers:
        found.append(Sentence(_fires(left, right)))
    told = [(_rank(change), _words(change)) for change in rest if change not in triggers]
    return found + [Sentence(words) for _, words in sorted(told, key=lambda item: item[0])]


def _is_said(change: Change, said: set[str]) -> bool:
    return any(change.path == path or change.path.startswith(f"{path}.") for path in said)


def _rank(change: Change) -> int:
    head, depth = change.steps[:1], len(change.steps)
    if head == ("jobs",):
        return 0 if depth == 2 else 1 if change.steps[-1] == "component" else 2
    if head == ("run",):
        return 3
    return 5 if _TEXTS & set(map(str, change.steps)) else 4


def _words(change: Change) -> str:
    head = change.steps[:1]
    if head == ("jobs",) and len(change.steps) >= 2:
        return "".join(_of_step(str(change.steps[1]), change))
    if head == ("run",) and len(change.steps) >= 3:
        return f"The run's {change.path.removeprefix('run.')} {_became(change)}."
    if change.path == "enabled":
        return "The schedule is enabled." if change.after else "The schedule is disabled."
    return f"`{change.path or 'the whole'}` {_became(change)}."


def _of_step(step: str, change: Change) -> Iterator[str]:
    if len(change.steps) == 2:
        component = _component(change.after if change.kind == "added" else change.before)
        yield f"The step {step} was {change.kind}{f', running {component}' if component else ''}."
    elif change.steps[2] == "component" and len(change.steps) == 3:
        yield f"The step {step} runs {_shown(change.after)} instead of {_shown(change.before)}."
    elif change.steps[2] == "inputs" and len(change.steps) > 3:
        yield f"The step {step}: its input {change.steps[3]} {_became(change)}."
    else:
        yield f"The step {step}: `{'.'.join(map(str, change.steps[2:]))}` {_became(change)}."


def _became(change: Change) -> str:
    if change.kind == "added":
        return f"was added: {_shown(change.after)}"
    if change.kind == "removed":
        return f"was removed; it was {_shown(change.before)}"
    if change.kind == "moved":
        return f"moved from place {change.before} to {change.after}"
    return f"is {_shown(change.after)} instead of {_shown(change.before)}"


def _shown(value: Any) -> str:
    binding = binding_of(value)
    if binding is not None:
        return ".".join(binding.parts[2:]).replace(".outputs.", ".") if len(binding.parts) > 2 else binding.text
    if isinstance(value, Mapping):
        value = value.get("uri", value.get("value", f"{len(value)} value{'' if len(value) == 1 else 's'}"))
    text = str(value).removeprefix("component:")
    return text if len(text) <= 80 else f"{text[:79]}…"


def _component(node: Any) -> str:
    component = node.get("component") if isinstance(node, Mapping) else None
    return component.removeprefix("component:") if isinstance(component, str) else ""


def _fires(left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    try:
        before, after = (recurrence.describe(side.get("trigger") or {}) for side in (left, right))
    except InvalidTrigger:
        return "The trigger is another one."
    return (
        f"It fires {after} instead of {before}." if before != after else "The trigger begins, ends or counts otherwise."
    )
