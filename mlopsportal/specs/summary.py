"""What changed, in one sentence a change, the most important first; plain values in, words out."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from mlopsportal.specs import recurrence
from mlopsportal.specs.bindings import Binding, binding_of
from mlopsportal.specs.diff import Change
from mlopsportal.specs.interface import Comparison, Reason, Verdict
from mlopsportal.specs.triggers import InvalidTrigger

_FEW = 3
_TEXTS = frozenset({"description", "display_name", "tags"})
_PLAIN = {
    "command": "The command is another one.",
    "code": "It runs other code: {after} instead of {before}.",
    "environment": "It runs in {after} instead of {before}.",
    "description": "The description is another one.",
    "display_name": "It is shown as {after} instead of {before}.",
}


@dataclass(frozen=True)
class Sentence:
    """One change in words. `verdict` is set where the interface says how much it weighs."""

    words: str
    verdict: Verdict | None = None


def sentences_of(
    left: Mapping[str, Any], right: Mapping[str, Any], changes: Sequence[Change], comparison: Comparison
) -> list[Sentence]:
    """Return what changed: the reasons of the verdict, then steps, then what steps take, then the rest.

    `left` and `right` are definitions (or YAML values), `changes` their differences.
    """
    said = {reason.path for reason in comparison.reasons if reason.path}
    changes = [part for change in changes for part in _parts(change)]
    by_path = {change.path: change for change in changes}
    found = [Sentence(_of_reason(reason, by_path.get(reason.path)), reason.verdict) for reason in comparison.reasons]
    rest = [change for change in changes if not is_said(change, said)]
    triggers = [change for change in rest if change.steps[:1] == ("trigger",)]
    if triggers:
        found.append(Sentence(_fires(left, right)))
    told = [(_rank(change), _words(change)) for change in rest if change not in triggers]
    return found + [Sentence(words) for _, words in sorted(told, key=lambda item: item[0])]


def _parts(change: Change) -> Iterator[Change]:
    """Take a whole section that was added or removed (the first input, the last step) apart into its entries."""
    whole = change.after if change.kind == "added" else change.before
    if change.path not in ("inputs", "outputs", "jobs") or change.kind == "changed" or not isinstance(whole, Mapping):
        yield change
        return
    for name, entry in whole.items():
        before, after = (None, entry) if change.kind == "added" else (entry, None)
        yield Change(f"{change.path}.{name}", change.kind, before, after, (*change.steps, name))


def _of_reason(reason: Reason, change: Change | None) -> str:
    """Say of a new port what it is; of anything else what the verdict says."""
    port = change.after if change is not None and change.kind == "added" else None
    if change is None or not isinstance(port, Mapping) or len(change.steps) != 2:
        return reason.message
    side, name = str(change.steps[0]).removesuffix("s"), change.steps[1]
    if side not in ("input", "output"):
        return reason.message
    return f"The {side} {name} is new: {', '.join(_port(side, port))}."


def _port(side: str, port: Mapping[str, Any]) -> Iterator[str]:
    """Yield the type of a port and, of an input, whether it must be given."""
    yield str(port.get("type", "of no declared type"))
    if side == "output":
        return
    default = port.get("default")
    if default is not None:
        yield f"with default {_shown(default)}"
    else:
        yield "optional" if str(port.get("optional", False)).lower() == "true" else "required"


def is_said(change: Change, said: Container[str]) -> bool:
    """Is a change at or below one of the paths of which something was said? Takes as long for many as for one."""
    parts = change.path.split(".")
    return any(path in said for path in accumulate(parts, "{}.{}".format))


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
    if change.path in _PLAIN:
        return _PLAIN[change.path].format(after=_shown(change.after), before=_shown(change.before))
    if change.path == "enabled":
        return "The schedule is enabled." if change.after else "The schedule is disabled."
    return f"`{change.path or 'the whole'}` {_became(change)}."


def _of_step(step: str, change: Change) -> Iterator[str]:
    if len(change.steps) == 2:
        component = _component(change.after if change.kind == "added" else change.before)
        runs = "which ran" if change.kind == "removed" else "running"
        yield f"The step {step} was {change.kind}{f', {runs} {component}' if component else ''}."
    elif change.steps[2] == "component" and len(change.steps) == 3:
        yield _runs(step, _shown(change.before), _shown(change.after))
    elif change.steps[2] == "inputs" and len(change.steps) > 3:
        yield f"The step {step}: its input {change.steps[3]} {_became(change)}."
    else:
        yield f"The step {step}: `{'.'.join(map(str, change.steps[2:]))}` {_became(change)}."


def _runs(step: str, before: str, after: str) -> str:
    """Say only what differs: "runs train_churn_model 6 instead of 5" where the name is the same."""
    (old_name, _, old_version), (name, _, version) = before.partition(":"), after.partition(":")
    if old_name == name and old_version and version:
        return f"The step {step} now runs {name} {version} instead of {old_version}."
    return f"The step {step} now runs {after} instead of {before}."


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
        return _source(binding)
    if isinstance(value, Mapping):
        value = value.get("uri", value.get("value", _entries(value)))
    text = str(value).removeprefix("component:").removeprefix("environment:")
    return text if len(text) <= 80 else f"{text[:79]}…"


def _source(binding: Binding) -> str:
    """Say where a bound value comes from: a port of another step, or of the pipeline itself."""
    if binding.is_node_port:
        return f"{binding.parts[2]}.{binding.port}"
    if binding.is_parent_input or binding.is_parent_output:
        return f"the pipeline's {binding.parts[1].removesuffix('s')} {binding.port}"
    return binding.text


def _entries(values: Mapping[str, Any]) -> str:
    """Write out a few plain values; count anything else."""
    is_plain = 0 < len(values) <= _FEW and not any(isinstance(value, Mapping | list) for value in values.values())
    if is_plain:
        return ", ".join(f"{name} = {value}" for name, value in values.items())
    return f"{len(values)} value{'' if len(values) == 1 else 's'}"


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
