"""Checks that no secret stands in a document: not in its values, not in its keys, not in its comments.

Each is pointed at by its place and its hash, which tells where else the same one stands; its value is never shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from mlopsportal.specs.checks.context import Report, Surroundings, joined
from mlopsportal.specs.checks.shape import texts_in
from mlopsportal.specs.comments import comments_in, outside_of_values
from mlopsportal.specs.documents import Document
from mlopsportal.specs.parse import MAX_PROBLEMS, place_at
from mlopsportal.specs.problems import Problem
from mlopsportal.specs.secrets import (
    LEAST,
    SHAPES,
    Secret,
    Shape,
    named_secret,
    named_secrets_in,
    possible_shapes,
    secrets_in,
)

_FIX = "Take it out, renew it, and read it from a key vault at run time."
_HIDDEN = "(secret)"
_SHOWN_AT_MOST = 16  # characters of a secret that a message cut short may begin with


def check_secrets(value: Any, report: Report, code: str = "secret-value") -> set[str]:
    """Report everything that looks like a secret; return the secrets, so that no other message shows one."""
    text = report.document.parsed.text
    shapes = possible_shapes(text) if text and "\\" not in text else SHAPES
    found = set(_in_values(value, shapes, report, code))
    if shapes:
        found |= set(_in_keys(value, shapes, report, code))
    return found | set(_beside_values(text, shapes, report, code, is_read=value is not None))


def secrets_of(document: Document) -> set[str]:
    """Return everything in a document that looks like a secret, to keep it out of what is said of the document."""
    return check_secrets(document.value, Report(document, Surroundings({})))


def _in_values(value: Any, shapes: Collection[Shape], report: Report, code: str) -> Iterator[str]:
    for path, key, text in texts_in(value):
        secret = _secret_at(path, key, text, shapes)
        if secret is not None:
            report.add(code, path, f"This value looks like {_shown(secret)}.", _FIX)
            yield text[secret.start : secret.end]


def _secret_at(path: str, key: str, text: str, shapes: Collection[Shape]) -> Secret | None:
    """Return what looks like a secret in one text; a default counts under the name of its input."""
    name = path.rpartition(".")[0].rpartition(".")[2] if key in ("default", "value") else key
    return next(secrets_in(text, shapes), None) or named_secret(name, text)


def _shown(secret: Secret) -> str:
    return f"{secret.what} (its hash begins with {secret.digest})"


def _in_keys(value: Any, shapes: Collection[Shape], report: Report, code: str) -> Iterator[str]:
    """The path of a key would show it: what is pointed at is the mapping that it stands in, at the key's place."""
    for path, key in _keys_in(value, ""):
        secret = next(secrets_in(key, shapes), None)
        if secret is not None:
            place = report.document.parsed.where(joined(path, key))
            report.add(code, path, f"A key here looks like {_shown(secret)}.", _FIX, place=place)
            yield key[secret.start : secret.end]


def _keys_in(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield path, key
            yield from _keys_in(item, joined(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _keys_in(item, joined(path, index))


def _beside_values(text: str, shapes: Collection[Shape], report: Report, code: str, *, is_read: bool) -> Iterator[str]:
    """The text as it was sent in is kept for ever: with its comments, and as a whole where it could not be read."""
    candidates = list(islice(_candidates(text, shapes), 10 * MAX_PROBLEMS))
    if not candidates:
        return
    is_outside = outside_of_values(text) if is_read else lambda place: True
    what = "A comment" if is_read else "The text"
    for secret in islice((item for item in candidates if is_outside(item.start)), MAX_PROBLEMS):
        place = place_at(text, secret.start)
        report.add(code, "", f"{what} here looks like it holds {_shown(secret)}.", _FIX, place=place)
        yield text[secret.start : secret.end]


def _candidates(text: str, shapes: Collection[Shape]) -> Iterator[Secret]:
    told: set[int] = set()
    for secret in secrets_in(text, shapes):
        told.update((secret.start, secret.end))
        yield secret
    for start, comment in comments_in(text):
        for secret in named_secrets_in(comment):
            if not any(start + secret.start <= place <= start + secret.end for place in told):
                yield replace(secret, start=start + secret.start, end=start + secret.end)


def without_secrets(problems: Iterable[Problem], secrets: Collection[str]) -> list[Problem]:
    """Return the problems with the secrets taken out of their words and paths."""
    if not secrets:
        return list(problems)
    known = _Known.of(secrets)
    return [
        replace(
            problem,
            path=known.without(problem.path),
            message=known.without(problem.message),
            fix=known.without(problem.fix),
        )
        for problem in problems
    ]


@dataclass(frozen=True)
class _Known:
    """Secrets by how they begin and how long they are, so that a text is searched in one go however many there are."""

    whole: frozenset[str]
    beginnings: frozenset[str]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, secrets: Collection[str]) -> _Known:
        beginnings = frozenset(secret[:LEAST] for secret in secrets) | frozenset(
            secret[:_SHOWN_AT_MOST] for secret in secrets if len(secret) > _SHOWN_AT_MOST
        )
        return cls(frozenset(secrets), beginnings, tuple(sorted(set(map(len, secrets)), reverse=True)))

    def without(self, text: str) -> str:
        parts, at, kept = list[str](), 0, 0
        while at < len(text):
            end = self._end(text, at) if text[at : at + LEAST] in self.beginnings else at
            if end > at:
                parts += [text[kept:at], _HIDDEN]
                kept = end
            at = max(end, at + 1)
        return "".join([*parts, text[kept:]])

    def _end(self, text: str, start: int) -> int:
        """Return where a secret ends that begins here, whole or cut short as messages quote it; else `start`."""
        whole = next((size for size in self.lengths if text[start : start + size] in self.whole), 0)
        if whole or text[start : start + _SHOWN_AT_MOST] not in self.beginnings:
            return start + whole
        quote = text.find("`", start)
        return len(text) if quote < 0 else quote
