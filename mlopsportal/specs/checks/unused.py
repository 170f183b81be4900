"""Inputs that are declared or given and that nothing uses; advice only, as code may read them in ways of its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mlopsportal.specs.checks.context import Report, joined
from mlopsportal.specs.checks.shape import PORT_NAME, strings_in

_NAMED = re.compile(r"\binputs\.(\w{1,255}(?:\.\w{1,255}){0,8})")
_VARIABLE = re.compile(r"\bAZURE_?ML_(?:INPUTS?_|PARAMETER_)?(\w{1,255})", re.IGNORECASE)
_WORDS = frozenset({"inputs", "name", "display_name", "description", "tags", "properties"})
_MISLED = frozenset({"binding-unknown-input", "binding-malformed", "binding-lookalike"})


def advise_unused_by_command(value: Mapping[str, Any], report: Report, path: str = "") -> None:
    """Advise on each input of a command component, which may stand inline at `path`, that it does not use itself.

    Beside bindings the environment variables count by which Azure ML hands inputs to a command.
    """
    declared = value.get("inputs")
    if not isinstance(declared, Mapping) or not isinstance(value.get("command"), str) or _is_misled(report):
        return
    texts = [text for _, _, text in strings_in(value, skip=_WORDS)]
    named = {name for text in texts for name in _NAMED.findall(text)}
    variables = {name.lower() for text in texts for name in _VARIABLE.findall(text)}
    for name in _unused(declared, named):
        if name.lower() not in variables:
            message = f"The command does not use the input `{name}`."
            fix = f"Write `${{{{inputs.{name}}}}}` in the command, or remove it, unless it only makes a step wait."
            report.add("input-unused", joined(path, f"inputs.{name}"), message, fix)


def advise_unused_by_steps(value: Mapping[str, Any], used: Collection[str], report: Report) -> None:
    """Advise on each input of a pipeline that nothing in it binds; `used` are those that its steps were found to."""
    declared = value.get("inputs")
    if not isinstance(declared, Mapping) or not _unused(declared, used) or _is_misled(report):
        return
    named = {name for _, _, text in strings_in(value, skip=_WORDS) for name in _NAMED.findall(text)}
    for name in _unused(declared, named):
        message = f"Nothing in the pipeline uses the input `{name}`."
        fix = f"Bind it in a step: `${{{{parent.inputs.{name}}}}}`, or remove it."
        report.add("input-unused", f"inputs.{name}", message, fix)


def _is_misled(report: Report) -> bool:
    """Is a binding wrong? Then it may be meant for the very input that nothing seems to use."""
    return any(problem.code in _MISLED for problem in report.problems)


def _unused(declared: Iterable[Any], named: Collection[str]) -> list[str]:
    """Return the names that are not named; a group is used by each of its members, and with it all of them."""
    groups = {name[:at] for name in named for at, letter in enumerate(name) if letter == "."}
    return [
        name
        for name in map(str, declared)
        if name not in named
        and name not in groups
        and not any(group in named for group in _groups_of(name))
        and PORT_NAME.fullmatch(name)  # another name cannot be bound at all, and is told by itself
    ]


def _groups_of(name: str) -> list[str]:
    parts = name.split(".")[:9]
    return [".".join(parts[:count]) for count in range(1, len(parts))]
