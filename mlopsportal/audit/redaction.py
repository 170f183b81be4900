"""Which texts look like secrets, and what stands in the log in their place; knows no tables.

The log takes what people and Azure send in. A value that has the known shape of a secret, or stands
under the name of one, is replaced by a mark that can be seen; everything else stays as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

MARK: Final = "[redacted]"

_SHAPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MARK),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=\-]{16,}", re.IGNORECASE), rf"\1 {MARK}"),
    (re.compile(r"(?<![A-Za-z0-9_\-])eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"), MARK),
    (re.compile(r"\bmlops_[0-9a-f]{64}"), MARK),
    (re.compile(r"\b(sig=)[A-Za-z0-9%+/=_\-]{10,}", re.IGNORECASE), rf"\1{MARK}"),
    (re.compile(r"\b((?:Shared)?(?:Account|Access)Key=)[A-Za-z0-9+/=%]{10,}", re.IGNORECASE), rf"\1{MARK}"),
    (re.compile(r"(://[^/\s:@]+:)[^/\s@]{3,}(@)"), rf"\1{MARK}\2"),
)
_SECRET_NAME: Final = re.compile(
    r"(?:^|[_\-.\s])(?:password|passwd|secret|authorization|(?:api|access|account|private|shared)[_\-]?key"
    r"|(?:sas|access|refresh|bearer|azureml|api|auth)[_\-]?token|connection[_\-]?string)$",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """Return `text` with everything that has the shape of a secret replaced by a mark."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def redact(value: Any) -> Any:
    """Return the JSON value with its secrets marked: by shape in every text, by name under a secret's key.

    Empty texts stay: a mask over nothing would say that there was something.
    """
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {key: _redact_member(key, member) for key, member in value.items()}
    if isinstance(value, list):
        return [redact(member) for member in value]
    return value


def _redact_member(key: str, value: Any) -> Any:
    if isinstance(value, str) and value and _SECRET_NAME.search(key):
        return MARK
    return redact(value)
