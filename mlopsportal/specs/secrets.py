"""What looks like a secret in a text: where it stands and its hash, never the value; knows nothing of documents.

Every repetition is bounded, and none begins anew inside another, so that no text makes the search slow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """One kind of secret: what it is called, its pattern, and words of which one is in every text that holds it."""

    what: str
    pattern: re.Pattern[str]
    marks: tuple[str, ...]
    folded: bool = False  # the marks stand for themselves in any case


def _shape(what: str, pattern: str, *marks: str) -> Shape:
    return Shape(what, re.compile(pattern), marks, pattern.startswith("(?i)"))


_PRIVATE_KEY = _shape("a private key", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----", "PRIVATE KEY-----")
SHAPES = (
    _PRIVATE_KEY,
    _shape(
        "an account key",
        r"(?i)(?:AccountKey|SharedAccessKey)\s{0,5}=\s{0,5}[A-Za-z0-9+/=%]{10,200}",
        "accountkey",
        "sharedaccesskey",
    ),
    _shape("a shared access signature", r"(?i)[?&;]sig=[A-Za-z0-9%+/=_-]{10,200}", "sig="),
    _shape(
        "a connection string with its password",
        r"(?i)(?:password|pwd)\s{0,5}=\s{0,5}[^;\s${]{4,200};"
        r"|;\s{0,5}(?:password|pwd)\s{0,5}=\s{0,5}[^;\s${\"'`]{4,200}(?=[\s\"'`]|$)",
        "password",
        "pwd",
    ),
    _shape(
        "a token",
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,800}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,800}",
        "eyJ",
    ),
    _shape("an access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", "AKIA", "ASIA"),
    _shape(
        "a token",
        r"(?<![A-Za-z0-9_-])(?:gh[pousr]_|github_pat_|glpat-|hf_|sk-|xox[abp]-|dapi)[A-Za-z0-9_-]{16,255}",
        *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hf_", "sk-", "xox", "dapi"),
    ),
    _shape("a client secret", r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}", "Q~"),
    _shape("a storage or service key", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])", "=="),
    _shape("a password in an address", r"://[^/\s:@${]{1,200}:[^/\s:@${]{3,200}@", "@"),
)
_LONGEST_KEY = 16_384  # characters of a private key with its comments, line by line
_LINE_ENDS = re.compile(r"\\[nr]|[\s#\"',]+")
# A bare `token` is one only as the whole name: models have pad_token, eos_token and max_token.
_NAME = re.compile(
    r"(?i)(?:^|[_\-.])(?:password|passwd|pwd|secret|secret[_-]?value|api[_-]?key|account[_-]?key|access[_-]?key"
    r"|connection[_-]?string|client[_-]?secret"
    r"|(?:sas|auth|access|bearer|refresh|api|github|gitlab|hf|databricks)[_-]?token)$|^token$"
)
LEAST = 6  # a shorter value is a placeholder


@dataclass(frozen=True)
class Secret:
    """Something that looks like a secret: what it looks like, where in the text it stands, the hash of its value."""

    what: str
    start: int
    end: int
    digest: str


def possible_shapes(text: str) -> tuple[Shape, ...]:
    """Return the shapes that may be found in a text or in any part of it: most texts bear the marks of none."""
    folded = text.lower()
    return tuple(shape for shape in SHAPES if any(mark in (folded if shape.folded else text) for mark in shape.marks))


def secrets_in(text: str, shapes: Collection[Shape] = SHAPES) -> Iterator[Secret]:
    """Yield what looks like a secret in a text, one for each kind of secret, from left to right in each."""
    for shape in shapes:
        for found in shape.pattern.finditer(text):
            if shape is _PRIVATE_KEY:
                end, body = _private_key(text, found.end())
                yield Secret(shape.what, found.start(), end, digest_of(body or found.group()))
            else:
                yield Secret(shape.what, found.start(), found.end(), digest_of(found.group()))


def _private_key(text: str, start: int) -> tuple[int, str]:
    """Return where a private key ends, and what stands in it without the marks of comments, quotes and line ends."""
    end = text.find("-----END", start, start + _LONGEST_KEY)
    if end < 0:
        return start, ""
    return end, _LINE_ENDS.sub("", text[start:end])


_PAIR = re.compile(r"""(?<![\w.-])([A-Za-z][\w.-]{1,60})["']?\s{0,3}[:=]\s{0,3}["']?([^\s"'#,;{}\[\]]{6,200})""")


def named_secrets_in(text: str) -> Iterator[Secret]:
    """Yield the values in a text that are secrets by the name before them: `password: x`, `api_key = "x"`."""
    for found in _PAIR.finditer(text):
        if named_secret(found[1], found[2]) is not None:
            yield Secret("a secret", found.start(2), found.end(2), digest_of(found[2]))


def named_secret(name: str, text: str) -> Secret | None:
    """Return the secret that a value is by its name (`password`, `api_key`); None for bindings, references, prose."""
    if _NAME.search(name) is None or len(text) < LEAST or "${{" in text or _is_prose(text):
        return None
    if text.startswith(("azureml:", "http://", "https://", "/subscriptions/")):
        return None
    return Secret("a secret", 0, len(text), digest_of(text))


def _is_prose(text: str) -> bool:
    """Is this something to read? A connection string has spaces too, in the names of its parts."""
    return " " in text and not (";" in text and "=" in text)


def digest_of(text: str) -> str:
    """Return the first 16 hexadecimal digits of SHA-256: enough to see that two places hold the same value."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
