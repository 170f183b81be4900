"""The documents of a revision: their limits, and what the checker and the repairs say of them; writes no row.

The same look is taken twice: when a revision arrives, with what the mirror knows, so that its author is told at
once; and when it is planned, with what the workspace itself says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mlopsportal.changes.errors import InvalidDocuments
from mlopsportal.specs import documents, order, validate
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.practices import Level
from mlopsportal.specs.validate import Judgement

MOST_DOCUMENTS: Final = 200
"""As many as the users of a version that are looked at (`registry.impact.MOST_CONSUMERS`), so that one change can move
all of them. Planned in well under a minute, read as a list of names; `tests.bench.upgrading` measures the whole way."""
LONGEST_PATH: Final = 255
MOST_BYTES: Final = 3 * 1024 * 1024
"""15 kB for each of the most documents, a pipeline of some forty steps; less than `DATA_UPLOAD_MAX_MEMORY_SIZE`, so
that whatever was opened can be edited and sent in again. One document is limited by the parser."""

Pair = tuple[str, str]


def confined(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs with clean paths. Raises InvalidDocuments for what is no bundle of documents."""
    if not 0 < len(pairs) <= MOST_DOCUMENTS:
        raise InvalidDocuments(f"A change holds 1 to {MOST_DOCUMENTS} documents, not {len(pairs)}.")
    if sum(len(text.encode("utf-8", "surrogatepass")) for _, text in pairs) > MOST_BYTES:
        raise InvalidDocuments(f"All documents together are larger than {MOST_BYTES} bytes.")
    cleaned = [(_clean_path(path), text) for path, text in pairs]
    paths = [path for path, _ in cleaned]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise InvalidDocuments(f"Two documents have one path: {', '.join(twice)}.")
    if any("\0" in text for _, text in cleaned):
        raise InvalidDocuments("A document holds a NUL character.")
    return cleaned


def _clean_path(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    printable = path.isprintable() and not any(0xD800 <= ord(character) <= 0xDFFF for character in path)
    if not parts or ".." in parts or path.startswith(("/", "\\")) or not printable or len(path) > LONGEST_PATH:
        raise InvalidDocuments(f"{path!r} is not a relative path of at most {LONGEST_PATH} characters.")
    return "/".join(parts)


def examine(
    pairs: Sequence[Pair],
    *,
    mirror: validate.Mirror,
    default_compute: str | None,
    now: datetime,
    levels: Mapping[str, Level] | None = None,
) -> list[Judgement]:
    """Read, repair and check the documents, in the order given; with `levels` the practices' advice comes along."""
    found = [documents.read(path, text) for path, text in pairs]
    judged = validate.judge(found, mirror=mirror, default_compute=default_compute, now=now, levels=levels)
    return [judged[document.path] for document in found]


def in_order(judged: Sequence[Judgement]) -> list[Judgement]:
    """Return them so that each comes after those it needs. Raises specs.order.DocumentCycle."""
    by_path = {item.document.path: item for item in judged}
    return [by_path[document.path] for document in order.in_dependency_order([item.document for item in judged])]


def storable(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return problems or repairs as JSON that any database takes: PostgreSQL stores no NUL in a text."""
    return [
        {key: item.replace("\0", "\ufffd") if isinstance(item, str) else item for key, item in line.items()}
        for line in lines
    ]


def action_of(document: Document) -> str | None:
    """Return the verb of an action document, None for any other."""
    value: Any = document.value
    verb = value.get("action") if document.kind is Kind.ACTION and isinstance(value, Mapping) else None
    return verb if isinstance(verb, str) else None
