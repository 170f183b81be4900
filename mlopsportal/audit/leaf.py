"""The exact bytes of an event, and the commitments in them; knows no tables and no requests.

A leaf is canonical JSON (RFC 8785) of an object with ASCII keys, without floats and without free text:

    v        1
    log      the origin of this log, a UUID: a leaf of another portal is not one of ours
    event    the verb, e.g. "change.submitted"
    at       RFC 3339, UTC, six digits of a second, "Z"
    actor    {kind: session|token|system, ref: opaque}
    person   HMAC-SHA256 of the actor's person key under a key of this log: two events by one human can be
             told to be so without saying who it is
    request, workspace, target, change (number or null)
    facts    flat object of machine words: text of printable ASCII, whole numbers, booleans, null
    commit   {actor_name, ip, note, before, after}: SHA-256(field salt || canonical JSON of the value), where
             field salt = HMAC-SHA256(event salt, field name), so that one value can be shown to an auditor
             without opening the others, and all of them are closed for good once the salt is erased
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from mlopsportal.audit.errors import InvalidFact
from mlopsportal.audit.redaction import redact, redact_text
from mlopsportal.specs.digest import canonical

VERSION: Final = 1
COMMITTED: Final = ("actor_name", "ip", "note", "before", "after")
NOTE_CHARACTERS: Final = 10_000
PAYLOAD_BYTES: Final = 64 * 1024
FACT_CHARACTERS: Final = 200
FACTS: Final = 40
LARGEST_NUMBER: Final = 2**53 - 1
_FACT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

Fact = str | int | bool | None


def instant(at: datetime) -> str:
    """Return an aware datetime as the leaf writes it: RFC 3339, UTC, microseconds, "Z"."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def word(text: str, limit: int) -> str:
    """Return `text` fit for a leaf: printable ASCII, everything else percent-quoted, at most `limit` characters.

    What is too long keeps its head and ends in "~" and sixteen digits of its SHA-256, so that two of them differ.
    """
    plain = quote(_UNSTORABLE.sub("�", text), safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~%")
    if len(plain) <= limit:
        return plain
    return f"{plain[: limit - 17]}~{hashlib.sha256(plain.encode()).hexdigest()[:16]}"


def checked_facts(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Return the facts fit for a leaf. Raises InvalidFact for a name, type or number of them that is not allowed."""
    if len(facts) > FACTS:
        raise InvalidFact("*", f"at most {FACTS} facts")
    return {name: _checked(name, value) for name, value in facts.items()}


def _checked(name: str, value: Fact) -> Fact:
    if not _FACT_NAME.fullmatch(name):
        raise InvalidFact(name, "a name is lower-case ASCII letters, digits and _")
    if isinstance(value, str):
        return word(redact_text(value), FACT_CHARACTERS)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_NUMBER else str(value)
    raise InvalidFact(name, f"{type(value).__name__} is neither text, whole number, yes or no, nor nothing")


def plain_note(note: str) -> str:
    """Return the note as it is kept: secrets marked, cut at NOTE_CHARACTERS with a visible mark."""
    text = redact_text(_UNSTORABLE.sub("�", note))
    if len(text) <= NOTE_CHARACTERS:
        return text
    return f"{text[:NOTE_CHARACTERS]}… [cut: {len(text)} characters]"


def plain_payload(value: Any) -> Any:
    """Return before or after as it is kept: a JSON value that any database gives back unchanged.

    Secrets are marked; numbers no database keeps exactly become text; a value over PAYLOAD_BYTES is
    replaced by {cut, size_bytes, sha256}. None stays None: there was nothing.
    """
    if value is None:
        return None
    plain = redact(_plain(value))
    content = canonical(plain)
    if len(content) <= PAYLOAD_BYTES:
        return plain
    return {"cut": True, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_NUMBER else str(value)
    if isinstance(value, float):
        return value if abs(value) <= LARGEST_NUMBER else str(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Mapping):
        return {_UNSTORABLE.sub("�", str(key)): _plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(member) for member in value]
    return _UNSTORABLE.sub("�", str(value))


def commitment(salt: bytes, field: str, value: Any) -> str:
    """Return the salted SHA-256 that stands in the leaf for `value`, in hexadecimal."""
    field_salt = hmac.digest(salt, field.encode("ascii"), "sha256")
    return hashlib.sha256(field_salt + canonical(value)).hexdigest()


def pseudonym(key: bytes, person: str) -> str:
    """Return the name under which leaves know the human behind an account, in hexadecimal."""
    return hmac.new(key, person.encode(), "sha256").hexdigest()


def leaf_bytes(
    *,
    log: str,
    event: str,
    at: datetime,
    actor: Mapping[str, str],
    person: str,
    request: str,
    workspace: str,
    target: str,
    change: int | None,
    facts: Mapping[str, Fact],
    commit: Mapping[str, str],
) -> bytes:
    """Return the canonical bytes of one event; every argument is already fit for a leaf."""
    return canonical(
        {
            "v": VERSION,
            "log": log,
            "event": event,
            "at": instant(at),
            "actor": dict(actor),
            "person": person,
            "request": request,
            "workspace": workspace,
            "target": target,
            "change": change,
            "facts": dict(facts),
            "commit": dict(commit),
        }
    )
