"""Data bindings, the `${{...}}` inside documents: found and taken apart; knows nothing of what they point at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

_BINDING = re.compile(r"\$\{\{(?P<body>[^{}]*)\}\}")
_OLD_JOBS = re.compile(r"\$\{\{(?P<before>\s*)jobs\.")

FREE_NAMES = frozenset(
    {"name", "default_datastore", "output_name", "trigger_time", "output_path", "job_id", "creation_context"}
)
"""Words Azure ML fills in by itself, in output paths and (trigger_time) in inputs of scheduled runs."""


@dataclass(frozen=True)
class Binding:
    """One `${{...}}`: its text, the words between the dots, and where it begins in the value."""

    text: str
    parts: tuple[str, ...]
    start: int

    @property
    def is_parent_input(self) -> bool:
        return len(self.parts) >= 3 and self.parts[:2] == ("parent", "inputs")

    @property
    def is_parent_output(self) -> bool:
        return len(self.parts) >= 3 and self.parts[:2] == ("parent", "outputs")

    @property
    def is_node_port(self) -> bool:
        """Is this `parent.jobs.<node>.outputs.<port>` (or `.inputs.<port>`)?"""
        return len(self.parts) >= 5 and self.parts[:2] == ("parent", "jobs") and self.parts[3] in ("inputs", "outputs")

    @property
    def port(self) -> str:
        """The name of the port, dotted for a group input."""
        return ".".join(self.parts[4:] if self.is_node_port else self.parts[2:])


def bindings_in(text: str) -> Iterator[Binding]:
    """Yield every binding in a text, from left to right."""
    if "${{" not in text:
        return
    for match in _BINDING.finditer(text):
        yield Binding(match.group(), tuple(part.strip() for part in match["body"].split(".")), match.start())


def sole_binding(text: Any) -> Binding | None:
    """Return the binding that makes up the whole text; None for anything else.

    The form of 2021, `${{jobs.`, is taken for what a change makes of it.
    """
    if not isinstance(text, str) or "${{" not in text:
        return None
    return _sole(text) if len(text) <= _LONGEST_KEPT else _read_sole(text)


def _read_sole(text: str) -> Binding | None:
    match = _BINDING.fullmatch(text.strip())
    found = next(bindings_in(match.group())) if match else None
    return replace(found, parts=("parent", *found.parts)) if found and found.parts[0] == "jobs" else found


_LONGEST_KEPT = 200
_sole = lru_cache(maxsize=4096)(_read_sole)  # each binding of a pipeline is looked at by several checks


def binding_of(value: Any) -> Binding | None:
    """Return the binding of a node's input or output, however it is written: text, `{path: …}`, `{value: …}`."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("path", "uri", "value") if isinstance(value.get(key), str)), None)
    return sole_binding(value)


def has_old_jobs_form(text: str) -> bool:
    """Does the text bind by `${{jobs.`, the form Azure ML refuses since 2022?"""
    return _OLD_JOBS.search(text) is not None


def with_parent_jobs(text: str) -> str:
    """Return the text with `${{jobs.` written as `${{parent.jobs.`."""
    return _OLD_JOBS.sub(r"${{\g<before>parent.jobs.", text)
