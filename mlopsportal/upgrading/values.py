"""What an input takes, in words, and the value that somebody typed for it; knows no document and asks no table."""

from __future__ import annotations

import math
import re
from typing import Any

from mlopsportal.specs.interface import ASSET_TYPES, Port

_WHOLE = re.compile(r"[+-]?[0-9]{1,100}")
_NAMED = re.compile(r"azureml:[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_.-]+|@[A-Za-z]+)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_PATH = re.compile(r"azureml:/subscriptions/\S+|/.*|\.{1,2}/.*", re.DOTALL)  # what of it is refused, the checker says


def expected(port: Port) -> str:
    """Return what the port takes, as "integer, at least 1"."""
    return ", ".join(
        [port.type, *(f"one of {value}" for value in [", ".join(port.enum or ())] if value), *_range(port)]
    )


def value_for(port: Port, text: str) -> Any:
    """Return what somebody typed as the value of a port: data as `{type, path}`, numbers and booleans as such.

    A binding (`${{parent.inputs.x}}`) is taken for any port, and data by what it is called: the checker says whether
    that is there and fits.

    Raises ValueError for text that is nothing of the type, with what it needs: "needs a whole number".
    """
    text = text.strip()
    if not text:
        raise ValueError("needs a value")
    if text.startswith("${{") and text.endswith("}}"):
        return text
    if port.type in ASSET_TYPES:
        return {"type": port.type, "path": _asset(text)}
    if port.type in ("integer", "number"):
        return _in_range(port, _whole(text) if port.type == "integer" else _number(text))
    if port.type == "boolean":
        return _boolean(text)
    if port.enum and text not in port.enum:
        raise ValueError(f"needs one of {', '.join(port.enum)}")
    return text


def _asset(text: str) -> str:
    """Return how data or a model is named or addressed. Raises ValueError for what is neither."""
    if not (_NAMED.fullmatch(text) or _ADDRESS.fullmatch(text) or _PATH.fullmatch(text)):
        raise ValueError("needs azureml:name:version, or an address such as azureml://datastores/name/paths/folder")
    return text


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("needs true or false")
    return text.lower() == "true"


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError("needs a whole number, such as 12")
    return int(text)


def _number(text: str) -> float:
    number = _bound(text)
    if number is None:
        raise ValueError("needs a number, such as 0.5")
    return number


def _in_range(port: Port, number: float) -> float:
    low, high = _bound(port.minimum), _bound(port.maximum)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"needs a {'whole ' if port.type == 'integer' else ''}number, {' and '.join(_range(port))}")
    return number


def _range(port: Port) -> list[str]:
    limits = [("at least", _bound(port.minimum)), ("at most", _bound(port.maximum))]
    # Azure ML writes the limits of whole numbers as 1.0.
    return [f"{words} {int(limit) if limit.is_integer() else limit}" for words, limit in limits if limit is not None]


def _bound(written: Any) -> float | None:
    """Return a number as a document or a person writes it; None for what is no finite number."""
    try:
        number = float(written)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
