"""Keeps raw JSON: the shared part once under its digest, the rest beside its row; knows no Azure and no columns."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from mlopsportal.azureml import Json
from mlopsportal.specs import digest
from registry.models import Definition, Mirrored

_SHARED = {"component": "componentSpec", "run": "jobs"}
"""Which property of an object many objects share: every run of one pipeline version carries the same `jobs`."""
_BATCH = 200


@dataclass(frozen=True)
class Parts:
    """A raw object cut in two. `shared` is None where nothing is shared; together they are the object again."""

    digest: str
    remainder: bytes
    shared: Kept | None


@dataclass(frozen=True)
class Kept:
    """A document for the table of definitions: its digest and its compressed JSON."""

    digest: str
    body: bytes


def plain_json(value: Any) -> bytes:
    """Return one JSON text for a value, keys sorted; read back it is the value again, numbers of any size included."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def raw_digest(raw: Json) -> str:
    """Return the digest by which an unchanged object is known. Cheaper than RFC 8785: it is compared here only."""
    return hashlib.sha256(plain_json(raw)).hexdigest()


def part_of(value: Any) -> Kept:
    """Return a raw part for the table of definitions; its digest has a domain of its own, apart from definitions."""
    text = plain_json(value)
    return Kept(hashlib.sha256(b"part\0" + text).hexdigest(), zlib.compress(text, 6))


def definition_of(definition: Mapping[str, Any]) -> Kept:
    """Return what would execute for the table of definitions, under its `definition_digest`."""
    return Kept(digest.definition_digest(definition), zlib.compress(plain_json(definition), 6))


def split(kind: str, raw: Json) -> Parts:
    """Cut a raw object of `kind` in two."""
    key = _SHARED.get(kind, "")
    properties = raw.get("properties")
    shared = None
    rest = raw
    if key and isinstance(properties, dict) and properties.get(key):
        shared = part_of({key: properties[key]})
        rest = raw | {"properties": {name: value for name, value in properties.items() if name != key}}
    return Parts(raw_digest(raw), zlib.compress(plain_json(rest), 6), shared)


def raw_of(row: Mirrored) -> Json:
    """Return the object exactly as Azure ML told it: equal as JSON, keys in sorted order."""
    raw: Json = json.loads(zlib.decompress(bytes(row.remainder))) if row.remainder else {}
    if row.part is not None:
        raw["properties"] |= body_of(row.part)
    return raw


def body_of(definition: Definition) -> Json:
    """Return the document a definition row keeps."""
    body: Json = json.loads(zlib.decompress(bytes(definition.body)))
    return body


def keep(documents: list[Kept]) -> dict[str, int]:
    """Write the documents that are not there yet; return the key of each by digest."""
    wanted = {document.digest: document.body for document in documents}
    found = _keys(list(wanted))
    new = [
        Definition(digest=key, body=body, created_at=timezone.now()) for key, body in wanted.items() if key not in found
    ]
    if new:
        Definition.objects.bulk_create(new, ignore_conflicts=True, batch_size=_BATCH)
        found |= _keys([row.digest for row in new])
    return found


def _keys(digests: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(digests), _BATCH):
        rows = Definition.objects.filter(digest__in=digests[start : start + _BATCH])
        found |= dict(rows.values_list("digest", "pk"))
    return found
