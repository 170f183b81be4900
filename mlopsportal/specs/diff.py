"""What differs between two plain values; knows nothing of what they mean.

The order of keys does not count. Lists are matched by identity (`name`, `key` or `id` of their items, or the items
themselves when each occurs once), so that something put in front does not change everything behind it.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, TypedDict

Step = str | int
ChangeKind = Literal["added", "removed", "changed", "moved"]
_IDENTITY_KEYS = ("name", "key", "id")


class ChangeJSON(TypedDict):
    """A change as `compare_documents --json` prints it."""

    path: str
    kind: str
    before: Any  # any plain JSON value
    after: Any


@dataclass(frozen=True)
class Change:
    """One difference. `before` is None for an addition, `after` for a removal.

    For `moved`, before and after are the old and the new place in the list. `steps` is the exact path: keys and
    list positions, those of the new list except for removals.
    """

    path: str
    kind: ChangeKind
    before: Any
    after: Any
    steps: tuple[Step, ...] = ()

    def as_json(self) -> ChangeJSON:
        return {"path": self.path, "kind": self.kind, "before": self.before, "after": self.after}


def diff(a: Any, b: Any) -> list[Change]:
    """Return the changes that lead from `a` to `b`, in the order of their paths' first keys; empty when equal."""
    return list(_diff(a, b, ()))


def path_text(steps: Sequence[Step]) -> str:
    """Write exact steps as a key path: `jobs.train.inputs.x`, `a[0].b`."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _change(kind: ChangeKind, steps: tuple[Step, ...], before: Any, after: Any) -> Change:
    return Change(path_text(steps), kind, before, after, steps)


def _diff(a: Any, b: Any, steps: tuple[Step, ...]) -> Iterator[Change]:
    if a is b:
        return
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        yield from _diff_mappings(a, b, steps)
    elif isinstance(a, list) and isinstance(b, list):
        yield from _diff_lists(a, b, steps)
    elif not _same_scalar(a, b):
        yield _change("changed", steps, a, b)


def _same_scalar(a: Any, b: Any) -> bool:
    """Are two values equal, true and 1 being two things?"""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _diff_mappings(a: Mapping[str, Any], b: Mapping[str, Any], steps: tuple[Step, ...]) -> Iterator[Change]:
    for key in sorted(a.keys() | b.keys()):
        here = (*steps, key)
        if key not in b:
            yield _change("removed", here, a[key], None)
        elif key not in a:
            yield _change("added", here, None, b[key])
        else:
            yield from _diff(a[key], b[key], here)


def _diff_lists(a: list[Any], b: list[Any], steps: tuple[Step, ...]) -> Iterator[Change]:
    pairs = _pairs(a, b)
    kept_a, kept_b = {i for i, _ in pairs}, {j for _, j in pairs}
    for i, item in enumerate(a):
        if i not in kept_a:
            yield _change("removed", (*steps, i), item, None)
    for j, item in enumerate(b):
        if j not in kept_b:
            yield _change("added", (*steps, j), None, item)
    unmoved = _longest_increasing([i for i, _ in pairs])
    for position, (i, j) in enumerate(pairs):
        if position not in unmoved:
            yield _change("moved", (*steps, j), i, j)
        yield from _diff(a[i], b[j], (*steps, j))


def _pairs(a: list[Any], b: list[Any]) -> list[tuple[int, int]]:
    """Pair the positions of items that are the same thing, in the order of `b`."""
    names_a, names_b = _identities(a), _identities(b)
    if names_a is None or names_b is None:
        return list(_aligned(a, b))
    place = {name: i for i, name in enumerate(names_a)}
    found = {j: place[name] for j, name in enumerate(names_b) if name in place}
    if not any(isinstance(item, Mapping) for item in (*a, *b)):
        found |= _replaced(len(a), len(b), found)
    return [(found[j], j) for j in sorted(found)]


def _replaced(length_a: int, length_b: int, found: Mapping[int, int]) -> dict[int, int]:
    """Pair the plain values that stand in each other's place: as many, between the same neighbours on both sides."""
    back = {i: j for j, i in found.items()}
    pairs: dict[int, int] = {}
    start = 0
    while start < length_b:
        end = start
        while end < length_b and end not in found:
            end += 1
        first = found[start - 1] + 1 if start else 0
        last = first + end - start
        is_whole = found[end] == last if end < length_b else last == length_a
        if end > start and is_whole and not any(i in back for i in range(first, last)):
            pairs |= dict(zip(range(start, end), range(first, last), strict=True))
        start = end + 1
    return pairs


def _identities(items: list[Any]) -> list[str] | None:
    """Return a name for each item by which it can be found again; None when two would share one."""
    for key in _IDENTITY_KEYS:
        if items and all(isinstance(item, Mapping) and isinstance(item.get(key), str) for item in items):
            names = [str(item[key]) for item in items]
            return names if len(set(names)) == len(names) else None
    if any(isinstance(item, Mapping | list) for item in items):
        return None
    names = [_frozen(item) for item in items]
    return names if len(set(names)) == len(names) else None


def _frozen(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _aligned(a: list[Any], b: list[Any]) -> Iterator[tuple[int, int]]:
    matcher = SequenceMatcher(None, [_frozen(item) for item in a], [_frozen(item) for item in b], autojunk=False)
    for operation, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if operation == "equal" or (operation == "replace" and a_to - a_from == b_to - b_from):
            yield from zip(range(a_from, a_to), range(b_from, b_to), strict=True)


def _longest_increasing(numbers: list[int]) -> set[int]:
    """Return the positions of a longest increasing run of `numbers`, which holds no number twice."""
    tails: list[int] = []
    tail_positions: list[int] = []
    previous: list[int] = []
    for position, number in enumerate(numbers):
        length = bisect_left(tails, number)
        previous.append(tail_positions[length - 1] if length else -1)
        tails[length : length + 1] = [number]
        tail_positions[length : length + 1] = [position]
    chosen: set[int] = set()
    at = tail_positions[-1] if tail_positions else -1
    while at >= 0:
        chosen.add(at)
        at = previous[at]
    return chosen


def apply(changes: Sequence[Change], value: Any) -> Any:
    """Return `value` with the changes made to it: `apply(diff(a, b), a)` equals `b`. The value given stays as it is."""
    return _apply([(change.steps, change) for change in changes], value)


_Addressed = list[tuple[tuple[Step, ...], Change]]


def _apply(changes: _Addressed, value: Any) -> Any:
    if not changes:
        return value
    if not changes[0][0]:
        return changes[0][1].after
    return _apply_to_list(changes, value) if isinstance(value, list) else _apply_to_mapping(changes, value)


def _apply_to_mapping(changes: _Addressed, value: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(value)
    deeper: dict[str, _Addressed] = {}
    for steps, change in changes:
        key = str(steps[0])
        if len(steps) > 1:
            deeper.setdefault(key, []).append((steps[1:], change))
        elif change.kind == "removed":
            del result[key]
        else:
            result[key] = change.after
    for key, inner in deeper.items():
        result[key] = _apply(inner, result[key])
    return result


def _apply_to_list(changes: _Addressed, value: list[Any]) -> list[Any]:
    own = [change for steps, change in changes if len(steps) == 1]
    taken = {change.steps[-1] if change.kind == "removed" else change.before for change in own if _takes(change)}
    result = [item for i, item in enumerate(value) if i not in taken]
    put: dict[int, Any] = {}
    for change in own:
        if change.kind == "added":
            put[int(change.steps[-1])] = change.after
        elif change.kind == "moved":
            put[change.after] = value[change.before]
    for j in sorted(put):
        result.insert(j, put[j])
    deeper: dict[int, _Addressed] = {}
    for steps, change in changes:
        if len(steps) > 1:
            deeper.setdefault(int(steps[0]), []).append((steps[1:], change))
        elif change.kind == "changed":
            result[int(steps[0])] = change.after
    for j, inner in deeper.items():
        result[j] = _apply(inner, result[j])
    return result


def _takes(change: Change) -> bool:
    return change.kind in ("removed", "moved")
