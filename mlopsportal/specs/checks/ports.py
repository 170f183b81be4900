"""Checks of declared inputs and outputs; knows nothing of what uses them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.checks.context import Report, joined, suggestion
from mlopsportal.specs.checks.shape import PORT_NAME, check_keys
from mlopsportal.specs.interface import ASSET_TYPES, LITERAL_TYPES, fits_type
from mlopsportal.specs.problems import Severity

__all__ = ["check_literal", "check_ports", "fits_type"]

_TYPES = ASSET_TYPES | LITERAL_TYPES | {"path"}
_LITERAL_KEYS = ("type", "description", "optional", "default", "enum", "min", "max")
_ASSET_KEYS = ("type", "description", "optional", "default", "mode", "intellectual_property")
_OUTPUT_KEYS = ("type", "description", "mode", "intellectual_property", "early_available", "is_control", "optional")
_MODES = frozenset(
    {"ro_mount", "rw_mount", "download", "upload", "direct", "mount", "eval_mount", "eval_download", "link"}
)
_TYPE_HINTS = {
    "str": "string",
    "text": "string",
    "float": "number",
    "double": "number",
    "int": "integer",
    "bool": "boolean",
    "folder": "uri_folder",
    "file": "uri_file",
    "anydirectory": "uri_folder",
    "anyfile": "uri_file",
    "model": "custom_model",
    "table": "mltable",
}


def check_ports(value: Mapping[str, Any], side: str, report: Report, path: str = "") -> None:
    """Check the declared inputs or outputs (`side`) of a component that stands at `path`."""
    declared = value.get(side)
    here = joined(path, side)
    if declared is None:
        if side in value:
            report.add("value-type", here, f"`{side}` is empty.", f"Remove `{side}:`, or declare something below it.")
        return
    if not isinstance(declared, Mapping):
        report.add("value-type", here, f"`{side}` must be a mapping.", "Write each name with its type below it.")
        return
    for name, port in declared.items():
        _check_port(name, port, side, joined(here, name), report)
    if len({name.lower() for name in declared}) < len(declared):
        report.add("port-name", here, f"Two {side} differ only in upper and lower case.", "Rename one of them.")


def _check_port(name: str, port: Any, side: str, path: str, report: Report) -> None:
    if not PORT_NAME.fullmatch(name):
        message = f"`{name}` is not a name for a port: letters, digits and underscores, no digit first."
        report.add("port-name", path, message, f"Write `{re.sub(r'[^A-Za-z0-9_]+', '_', name).lstrip('0123456789')}`.")
    if not isinstance(port, Mapping):
        report.add("port-type", path, f"The type of `{name}` is not declared.", "Write `type:` below the name.")
        return
    declared = port.get("type")
    word = declared.lower() if isinstance(declared, str) else ""
    if word not in _TYPES:
        shown = f"`{declared}` is not a type" if declared is not None else "has no type"
        fix = f"Write `type: {_TYPE_HINTS[word]}`." if word in _TYPE_HINTS else suggestion(word, _TYPES)
        report.add("port-type", joined(path, "type"), f"The port `{name}`: {shown}.", fix)
        return
    if declared != word:
        message = f"The port `{name}`: Azure ML does not take the type `{declared}`."
        report.add("port-type", joined(path, "type"), message, f"Write `type: {word}`.")
    known = _OUTPUT_KEYS if side == "outputs" else _LITERAL_KEYS if word in LITERAL_TYPES else _ASSET_KEYS
    if side == "inputs":
        check_keys(port, path, known, report, "key-unknown")
    _check_mode(port, path, report)
    if side == "inputs" and word in ASSET_TYPES and port.get("default") is not None:
        message = f"`{name}` is a {word}: only inputs of a plain type have a default; Azure ML refuses it."
        report.add("port-default", joined(path, "default"), message, "Remove it, or make the input `optional: true`.")
    if side == "inputs" and word in LITERAL_TYPES:
        check_literal(name, port, word, path, report)


def _check_mode(port: Mapping[str, Any], path: str, report: Report) -> None:
    mode = port.get("mode")
    if mode is not None and (not isinstance(mode, str) or mode not in _MODES):
        report.add("port-mode", joined(path, "mode"), f"`{mode}` is not a mode.", suggestion(str(mode).lower(), _MODES))


def check_literal(name: str, port: Mapping[str, Any], word: str, path: str, report: Report) -> None:
    """Check an input of a plain type (`word`): each value it names has the type, and the default is one of them."""
    if not isinstance(port.get("optional", False), bool) and str(port["optional"]).lower() not in ("true", "false"):
        report.add("value-type", joined(path, "optional"), "`optional` is true or false.", "Write `optional: true`.")
    values = port.get("enum")
    if values is not None and not isinstance(values, list):
        report.add("value-type", joined(path, "enum"), "`enum` must be a list.", "Write each value on a line with `-`.")
        values = None
    for key in ("default", "min", "max"):
        written = port.get(key)
        if written is not None and not fits_type(written, word):
            message = f"`{written}` is no {word}, as `{name}` wants."
            report.add("port-default", joined(path, key), message, f"Write a {word}, or change the type.")
            return
    _advise_range(name, port, path, report)
    default = port.get("default")
    if default is not None and values and str(default) not in {str(item) for item in values}:
        message = f"The default `{default}` is not among the values of `{name}`; Azure ML takes it all the same."
        fix = suggestion(str(default), [str(item) for item in values])
        report.add("port-default", joined(path, "default"), message, fix, severity=Severity.ADVICE)
    elif default is not None and word in ("number", "integer"):
        _check_range(name, port, path, report)


def _advise_range(name: str, port: Mapping[str, Any], path: str, report: Report) -> None:
    """A range that holds nothing: the SDK passes it on, and every value is outside it."""
    low, high = _number(port.get("min")), _number(port.get("max"))
    if low is not None and high is not None and low > high:
        message = f"No value fits `{name}`: its min {port['min']} is above its max {port['max']}."
        report.add("port-range", joined(path, "min"), message, "Exchange the two, or correct one of them.")


def _check_range(name: str, port: Mapping[str, Any], path: str, report: Report) -> None:
    default, low, high = (_number(port.get(key)) for key in ("default", "min", "max"))
    if default is not None and ((low is not None and default < low) or (high is not None and default > high)):
        message = f"The default `{port['default']}` is outside the range of `{name}`; Azure ML takes it all the same."
        fix = "Choose a default between min and max."
        report.add("port-default", joined(path, "default"), message, fix, severity=Severity.ADVICE)


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
