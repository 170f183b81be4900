"""What a job or a step is given and gives, where it is written as a mapping: data with its type, path and mode."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mlopsportal.specs.checks.blocks import Block, Item, Word, check_item, words
from mlopsportal.specs.checks.context import Report, joined, suggestion
from mlopsportal.specs.checks.shape import PORT_NAME
from mlopsportal.specs.interface import ASSET_TYPES, LITERAL_TYPES

_MODES = words("download ro_mount direct")
_TABLE_MODES = words("download ro_mount direct eval_mount eval_download")
_GIVEN: Mapping[str, Item | None] = {"type": Word(ASSET_TYPES), "mode": _TABLE_MODES} | dict.fromkeys(
    ("path", "path_on_compute", "datastore")
)
_GIVES = Block(
    {"type": Word(ASSET_TYPES), "mode": words("mount upload rw_mount direct")}
    | dict.fromkeys(("path", "name", "version"))
)


def check_entries(value: Mapping[str, Any], path: str, report: Report) -> None:
    """Check the inputs and outputs of a job or step that are mappings; of azure-ai-ml 1.35.2 both take the same."""
    for side, check in (("inputs", _check_given), ("outputs", _check_gives)):
        entries = value.get(side)
        for name, entry in entries.items() if isinstance(entries, Mapping) else ():
            if side == "outputs" and isinstance(entry, str) and path and "${{" not in entry:
                message = f"`{entry[:80]}` is not a binding: a step's output is bound, or a mapping."
                fix = "Write `path:` and the address below the output, or `${{parent.outputs.<name>}}`."
                report.add("value-type", f"{path}.outputs.{name}", message, fix)
            elif isinstance(entry, Mapping):
                check(str(name), entry, f"{path}.{side}.{name}" if path else f"{side}.{name}", report)
    if value.get("services", "") is None:
        report.add("value-type", joined(path, "services"), "`services` is empty.", "Remove it.")


def _check_gives(name: str, entry: Mapping[str, Any], path: str, report: Report) -> None:
    check_item(entry, _GIVES, path, report)


def _check_given(name: str, entry: Mapping[str, Any], path: str, report: Report) -> None:
    declared = entry.get("type")
    word = declared.lower() if isinstance(declared, str) else ""
    if word in LITERAL_TYPES or ("value" in entry and len(entry) > 1):
        _report_declared(name, entry, path, report)
        return
    if "value" in entry:
        return
    if entry and not _GIVEN.keys() & entry.keys() and all(PORT_NAME.fullmatch(str(key)) for key in entry):
        _report_group(name, entry, path, report)
        return
    for key, inner in entry.items():
        if key in _GIVEN:
            check_item(
                inner, _MODES if key == "mode" and word not in ("", "mltable") else _GIVEN[key], f"{path}.{key}", report
            )
        else:
            message = f"The key `{key}` is unknown in what `{name}` is given; Azure ML refuses it."
            report.add("key-unknown", joined(path, key), message, suggestion(key, _GIVEN))


def _report_group(name: str, entry: Mapping[str, Any], path: str, report: Report) -> None:
    member = str(next(iter(entry)))
    message = (
        f"`{name}` is given as a mapping that is no data: it has neither a path nor a type, and Azure ML refuses it."
    )
    close = get_close_matches(member[:100], sorted(_GIVEN), n=1, cutoff=0.6)
    fix = f"Did you mean `{close[0]}`?" if close else f"Write each member of a group by itself: `{name}.{member}:`."
    report.add("key-unknown", joined(path, member), message, fix)


def _report_declared(name: str, entry: Mapping[str, Any], path: str, report: Report) -> None:
    """A component declares inputs with a type and a default; a job and a step give values.

    A change turns a job into a pipeline that declares them, so that there they are right.
    """
    if path.startswith("inputs.") and report.surroundings.mirror is not None:
        return
    plain = next((entry[key] for key in ("value", "default") if isinstance(entry.get(key), str | int | float)), None)
    shown = "the value" if plain is None else f"{plain!r}" if isinstance(plain, str) else f"{str(plain).lower()}"
    message = f"`{name}` is declared as in a component; here a value is given, and Azure ML refuses the rest."
    report.add("input-declared", path, message, f"Write `{name}: {shown[:80]}`.")
