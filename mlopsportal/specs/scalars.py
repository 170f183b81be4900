"""How one plain YAML word becomes a value, the YAML 1.1 way Azure ML reads it; knows nothing of documents."""

from __future__ import annotations

import math
import re

MAX_INTEGER = 2**53 - 1
"""The largest whole number that JSON (RFC 8785) keeps exactly."""

_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP = re.compile(  # as PyYAML tells dates from texts
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]{1,20})[0-9]{1,2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]*)?(?:[ \t]{0,20}(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)
DATE = "yaml-date"
"""Said of a word that PyYAML, and so azure-ai-ml, takes for a date or a time."""
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
_BOOLEAN_FORMS = frozenset(form for word in _BOOLEANS for form in (word, word.capitalize(), word.upper()))
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

Scalar = str | int | float | bool | None


class BadNumber(ValueError):
    """A number that has no exact JSON form."""


def scalar_of(text: str) -> tuple[Scalar, str]:
    """Return the value of a plain (unquoted) word and the code of an advice about it, "" for none.

    Dates and base-60 numbers (`1:30`) stay text: PyYAML would make a date or 90 of them.
    Raises BadNumber for numbers without an exact JSON form.
    """
    if text in _NULLS:
        return None, ""
    if text in _BOOLEAN_FORMS:
        return _BOOLEANS[text.lower()], "" if text.lower() in ("true", "false") else "yaml-boolean-word"
    if text[0] not in "+-.0123456789":
        return text, ""
    return _number_or_text(text)


def _number_or_text(text: str) -> tuple[Scalar, str]:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text), ""
    if _NOT_FINITE.fullmatch(text):
        raise BadNumber(text)
    if _SEXAGESIMAL.fullmatch(text):
        return text, "yaml-base-60"
    if _TIMESTAMP.fullmatch(text):
        return text, DATE
    return text, ""


def _integer(text: str) -> tuple[int, str]:
    if len(text) > 80:
        raise BadNumber(text[:20] + "…")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").replace("_", "")
    odd = "_" in text or (digits.startswith("0") and digits != "0")
    number = sign * _magnitude(digits)
    if abs(number) > MAX_INTEGER:
        raise BadNumber(text)
    return number, "yaml-odd-integer" if odd else ""


def _magnitude(digits: str) -> int:
    try:
        if digits.startswith("0b"):
            return int(digits[2:], 2)
        if digits.startswith("0x"):
            return int(digits[2:], 16)
        return int(digits, 8 if digits.startswith("0") else 10)
    except ValueError as error:  # only underscores after the prefix
        raise BadNumber(digits) from error


def _float(text: str) -> float:
    try:
        number = float(text.replace("_", ""))
    except ValueError as error:
        raise BadNumber(text) from error
    if not math.isfinite(number):
        raise BadNumber(text)
    return number
