"""The five digests: SHA-256, in hexadecimal, over canonical JSON (RFC 8785); knows nothing of what is digested."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

from mlopsportal.specs import normalize

ABSENT = hashlib.sha256(b"mlopsportal:absent").hexdigest()
"""The fingerprint of an object that is not there."""


class NotCanonical(ValueError):
    """A value that has no canonical JSON: not a plain JSON value, or a text with half a surrogate pair."""


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a plain JSON value. Raises NotCanonical.

    Whole numbers beyond 2**53, which RFC 8785 cannot hold, are written as JSON writes them: they occur in
    answers of Azure, and two different ones must not have one digest.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        return _plain(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise NotCanonical(str(error)) from error


def _plain(value: Any) -> bytes:
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (TypeError, ValueError) as error:
        raise NotCanonical(str(error)) from error


def _digest(what: str, value: Any) -> str:
    return hashlib.sha256(what.encode() + b"\0" + canonical(value)).hexdigest()


def revision_digest(documents: Sequence[tuple[str, str]]) -> str:
    """Digest a revision: its (path, text) pairs as submitted, whatever their order."""
    return _digest("revision", sorted([path, text] for path, text in documents))


def definition_digest(definition: Mapping[str, Any]) -> str:
    """Digest what would execute: a value made by one of the `definition_of_...` functions of `specs.normalize`."""
    return _digest("definition", definition)


def plan_digest(
    *,
    target: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
) -> str:
    """Digest a plan: where it goes, all ordered steps with their base fingerprints, the ordered Azure requests.

    The caller gives plain JSON; hosts and headers do not belong in it.
    """
    return _digest("plan", {"target": target, "steps": list(steps), "requests": list(requests)})


def fingerprint(kind: str, arm_json: Mapping[str, Any] | None) -> str:
    """Digest a live object, normalised, so that Azure's own noise does not count; ABSENT when there is none."""
    if arm_json is None:
        return ABSENT
    return _digest(f"object:{kind}", normalize.normalized(kind, arm_json))


def leaf_hash(leaf: bytes) -> str:
    """Hash an audit event's exact bytes as a Merkle leaf (RFC 6962: a zero byte before it)."""
    return hashlib.sha256(b"\0" + leaf).hexdigest()
