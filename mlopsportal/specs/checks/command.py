"""Checks of a command: what it binds is declared, and its optional parts hold a binding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from mlopsportal.specs.bindings import FREE_NAMES, Binding, bindings_in
from mlopsportal.specs.checks.context import Report, joined, suggestion
from mlopsportal.specs.checks.flows import advise_lookalike
from mlopsportal.specs.problems import Severity

_NAMED_INPUT = re.compile(r"\binputs?\.(?P<name>\w[\w.]{0,200})")
_SIDES = ("inputs", "outputs")
_OF_STEPS = FREE_NAMES | {"parent", "search_space"}


def check_command(value: Mapping[str, Any], report: Report, path: str = "") -> None:
    """A command uses only declared inputs and outputs; optional inputs stand in `$[[ ]]`.

    It is that of a component, or of a step that is written out at `path`.
    """
    command = value.get("command")
    here = joined(path, "command")
    if not isinstance(command, str):
        return
    if not command.strip():
        report.add("command-missing", here, "The command is empty.", "Say what to run.")
    if "{" in command or "$" in command:
        advise_lookalike(command, here, "", report)
    declared = {side: _names(value.get(side)) for side in _SIDES}
    for binding in bindings_in(command):
        if binding.parts[0] in _SIDES:
            _check_declared(binding, declared, here, report)
        elif not _is_step(path):
            _refuse(binding, declared, here, report)
        elif binding.parts[0] not in _OF_STEPS:
            _advise_unbound(binding, declared, here, report)
    _advise_optional(command, value.get("inputs"), here, report)
    _advise_optional_parts(command, here, report)


def _is_step(path: str) -> bool:
    """Is this the path of a step, and not that of a component: a document's, or one inside a step?"""
    return path.count(".") == 1


def _names(ports: Any) -> set[str]:
    return set(ports) if isinstance(ports, Mapping) else set()


def _check_declared(binding: Binding, declared: Mapping[str, set[str]], path: str, report: Report) -> None:
    side = binding.parts[0]
    if len(binding.parts) < 2 or declared[side] & {".".join(binding.parts[1:]), binding.parts[1]}:
        return
    message = f"The command uses `{binding.text}`, but there is no such {side[:-1]}."
    code = "binding-unknown-input" if side == "inputs" else "binding-unknown-output"
    report.add(code, path, message, suggestion(binding.parts[1], declared[side]))


def _refuse(binding: Binding, declared: Mapping[str, set[str]], path: str, report: Report) -> None:
    """The SDK refuses every other word in a component's command; it does not see bindings that hold a blank."""
    if binding.parts[0] == "parent":
        message = f"`{binding.text}` is the form between steps; in a command Azure ML refuses it."
    elif re.search(r"\s", ".".join(binding.parts)):
        _advise_unbound(binding, declared, path, report)
        return
    else:
        message = f"`{binding.text}` is not a binding: in a command Azure ML refuses it."
    report.add("binding-malformed", path, message, _meant(binding, declared))


def _advise_unbound(binding: Binding, declared: Mapping[str, set[str]], path: str, report: Report) -> None:
    message = f"`{binding.text}` is not a binding: it is passed on as it stands."
    report.add("binding-malformed", path, message, _meant(binding, declared), severity=Severity.ADVICE)


def _meant(binding: Binding, declared: Mapping[str, set[str]]) -> str:
    first, *rest = binding.parts
    if first == "parent" and rest and rest[0] in _SIDES:
        return f"Write `${{{{{'.'.join(rest)}}}}}`."
    close = get_close_matches(first.lower()[:20], _SIDES, n=1)
    if close and rest:
        return f"Write `${{{{{'.'.join([close[0], *rest])}}}}}`."
    for side in _SIDES:
        if first in declared[side]:
            return f"Write `${{{{{side}.{'.'.join(binding.parts)}}}}}`."
    return "Write `${{inputs.<name>}}` or `${{outputs.<name>}}`."


def _optional_parts(command: str) -> Iterator[tuple[int, int]]:
    """Yield where every `$[[ ]]` begins and ends; one that is never closed is none."""
    start = command.find("$[[")
    while start >= 0 and (end := command.find("]]", start)) >= 0:
        yield command.rfind("$[[", start, end), end + 2
        start = command.find("$[[", end + 2)


def _outside_of_optional_parts(command: str) -> str:
    kept, end = [], 0
    for start, after in _optional_parts(command):
        kept.append(command[end:start])
        end = after
    return "".join([*kept, command[end:]])


def _advise_optional(command: str, inputs: Any, path: str, report: Report) -> None:
    if not isinstance(inputs, Mapping):
        return
    always = {
        binding.parts[1] for binding in bindings_in(_outside_of_optional_parts(command)) if len(binding.parts) > 1
    }
    for name in sorted(always):
        port = inputs.get(name)
        if isinstance(port, Mapping) and port.get("optional") is True:
            message = f"The input `{name}` may be left out, but the command always uses it."
            fix = f"Put its part of the command into `$[[ … ${{{{inputs.{name}}}}} ]]`."
            report.add("command-optional-input", path, message, fix)


def _advise_optional_parts(command: str, path: str, report: Report) -> None:
    """An optional part stands or falls with the input that it binds; one that only names it binds nothing."""
    for start, end in _optional_parts(command):
        part = command[start:end]
        named = _NAMED_INPUT.search(part) if "${{" not in part else None
        if named is not None:
            message = f"`{part[:80]}` binds nothing: the name of the input is passed on as it stands."
            meant = f"${{{{inputs.{named['name']}}}}}"
            fix = f"Write `{part[: named.start()]}{meant}{part[named.end() :]}`."
            report.add("binding-lookalike", path, message, fix)
