"""What looks like a secret in a text: where it stands and its hash, never the value; knows nothing of documents.

Every repetition is bounded, so that no text makes the search slow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

_SHAPES = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"), "a private key"),
    (re.compile(r"(?i)(?:AccountKey|SharedAccessKey)\s{0,5}=\s{0,5}[A-Za-z0-9+/=%]{10,200}"), "an account key"),
    (re.compile(r"(?i)[?&;]sig=[A-Za-z0-9%+/=_-]{10,200}"), "a shared access signature"),
    (re.compile(r"(?i)(?:password|pwd)\s{0,5}=\s{0,5}[^;\s${]{4,200};"), "a connection string with its password"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,800}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,800}"), "a token"),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "an access key"),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|sk-|xox[abp]-|dapi)[A-Za-z0-9_-]{16,255}"), "a token"),
    (re.compile(r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}"), "a client secret"),
    (re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"), "a storage or service key"),
    (re.compile(r"://[^/\s:@${]{1,200}:[^/\s:@${]{3,200}@"), "a password in an address"),
)
_NAME = re.compile(
    r"(?i)(?:^|[_\-.])(?:password|passwd|pwd|secret|api[_-]?key|account[_-]?key|access[_-]?key|sas[_-]?token"
    r"|connection[_-]?string|client[_-]?secret)$"
)
_LEAST = 6  # a shorter value is a placeholder


@dataclass(frozen=True)
class Secret:
    """Something that looks like a secret: what it looks like, where it begins in the text, the hash of its value."""

    what: str
    start: int
    digest: str


def secrets_in(text: str) -> Iterator[Secret]:
    """Yield what looks like a secret in a text, one for each kind of secret, from left to right in each."""
    for shape, what in _SHAPES:
        for found in shape.finditer(text):
            yield Secret(what, found.start(), digest_of(found.group()))


def named_secret(name: str, text: str) -> Secret | None:
    """Return the secret that a value is by its name (`password`, `api_key`); None for bindings, references, prose."""
    if _NAME.search(name) is None or len(text) < _LEAST or "${{" in text or " " in text:
        return None
    if text.startswith(("azureml:", "http://", "https://", "/subscriptions/")):
        return None
    return Secret("a secret", 0, digest_of(text))


def digest_of(text: str) -> str:
    """Return the first 16 hexadecimal digits of SHA-256: enough to see that two places hold the same value."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
