"""What every check has at hand: the document's report, the documents beside it, the mirror; judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from heapq import nsmallest
from posixpath import dirname
from typing import Any

from mlopsportal.specs.codes import CODES
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.mirrored import Mirror
from mlopsportal.specs.parse import MAX_PROBLEMS
from mlopsportal.specs.paths import local_path
from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.specs.ref import AzureReference, Ref, parse_azure_reference

_MOST_COMPARED = 200  # words that one is compared with: a pipeline may have thousands of steps
_LONGEST_WORD = 100
_LONGEST_TEXT = 1000


@dataclass(frozen=True)
class Surroundings:
    """What a document is judged against. Without a mirror the text is judged as it stands.

    `exists` tells whether there is a file or folder at a path seen from the bundle's root, of a path that ends in a
    slash whether there is a folder; None when nobody can tell.
    """

    documents: Mapping[str, Document]
    mirror: Mirror | None = None
    now: datetime | None = None
    exists: Callable[[str], bool] | None = None

    def maker_of(self, ref: Ref, *, near: Document) -> Document | None:
        """Return the document that makes `ref`; one that leaves its version open makes any version.

        Of several in a tree of files, that in the folder of `near` is meant; None when none of them lies there.
        """
        makers = [
            maker
            for maker in self._makers.get(ref.at(None), ())
            if maker.ref is not None and maker.ref.version in (None, ref.version)
        ]
        beside = [maker for maker in makers if dirname(maker.path) == dirname(near.path)]
        return beside[0] if beside else makers[0] if len(makers) == 1 else None

    @cached_property
    def _makers(self) -> dict[Ref, list[Document]]:
        found: dict[Ref, list[Document]] = {}
        for document in self.documents.values():
            if document.kind is not Kind.ACTION and document.ref is not None:
                found.setdefault(document.ref.at(None), []).append(document)
        return found

    def file(self, document: Document, text: str) -> Document | None:
        """Return the document a relative path in another one means."""
        path = local_path(document.path, text)
        return self.documents.get(path) if path is not None else None

    def is_missing(self, document: Document, text: str, *, as_folder: bool = False) -> bool:
        """Is the file or folder that a relative path in a document means known not to be there?

        With `as_folder` a file of that path does not count.
        """
        path = local_path(document.path, text)
        return path is not None and self.exists is not None and not self.exists(f"{path}/" if as_folder else path)


@dataclass(frozen=True)
class Runnable:
    """A component as far as it is known: its type ("command", "pipeline", …) and its interface."""

    type: str
    interface: Interface | None
    value: Mapping[str, Any] | None = None  # as written, when it is inline or a document of this change


@dataclass
class Report:
    """Collects the problems of one document, each with its place."""

    document: Document
    surroundings: Surroundings
    problems: list[Problem] = field(default_factory=list)
    told: Counter[Severity] = field(default_factory=Counter)
    is_cut: bool = False

    def add(
        self,
        code: str,
        path: str,
        message: str,
        fix: str | Suggestion,
        *,
        severity: Severity | None = None,
        place: tuple[int, int] | None = None,
    ) -> None:
        """Add a problem; its severity is the code's own, its line and column those of its path, unless given.

        After a hundred of one severity the rest is only noted: to seek its places and fixes would take minutes.
        """
        weight = severity or CODES[code].severity
        self.told[weight] += 1
        if self.told[weight] > MAX_PROBLEMS:
            self.is_cut = True
            return
        line, column = place or self.document.parsed.nearest(path) or (None, None)
        self.problems.append(Problem(code, path, line, column, weight, _short(message), _short(str(fix))))

    def limit(self, code: str, path: str, message: str, fix: str) -> None:
        """Add something the portal cannot do yet: an error in a change, advice about a file that only lies there."""
        severity = Severity.ADVICE if self.surroundings.mirror is None else Severity.ERROR
        self.add(code, path, message, fix, severity=severity)


def _short(text: str) -> str:
    """Return a text that a person can read, whatever long thing a document had it quote."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def joined(path: str, key: str | int) -> str:
    """Return the path of a key below another."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


@dataclass(frozen=True)
class Suggestion:
    """Which known word was perhaps meant: "Did you mean `x`?", or which there are. Sought when it is first shown."""

    word: str
    known: Iterable[str]

    def __str__(self) -> str:
        words = sorted(self.known)
        near = nsmallest(_MOST_COMPARED, words, key=lambda known: abs(len(known) - len(self.word)))
        close = get_close_matches(self.word[:_LONGEST_WORD], near, n=1, cutoff=0.6)
        if close:
            return f"Did you mean `{close[0]}`?"
        return f"Use one of: {', '.join(words)}." if 0 < len(words) <= 12 else "Remove it, or look for a typing error."


def suggestion(word: str, known: Iterable[str]) -> Suggestion:
    """Say which known word was perhaps meant, where a problem with this fix is told at all."""
    return Suggestion(word, known)


def runnable_of(value: Any, report: Report) -> Runnable | None:
    """Find the component that a node names: inline, a file, a version of this change or of the mirror.

    None when it cannot be known here.
    """
    if isinstance(value, Mapping):
        return _written(value)
    if not isinstance(value, str):
        return None
    beside = report.surroundings.file(report.document, value)
    if beside is not None:
        usable = beside.kind.is_component or beside.kind is Kind.PIPELINE_JOB
        return _written(beside.value) if usable and isinstance(beside.value, Mapping) else None
    reference = parse_azure_reference(value, "component")
    return None if reference is None or reference.registry else _referred(reference, report)


def _written(value: Mapping[str, Any]) -> Runnable:
    declared = value.get("type")
    kind = declared if isinstance(declared, str) else "pipeline" if "jobs" in value else "command"
    return Runnable(kind.lower(), interface_of(value), value)


def _referred(reference: AzureReference, report: Report) -> Runnable | None:
    mirror = report.surroundings.mirror
    version = reference.version
    if version is None:
        known = mirror.versions("component", reference.name) if mirror and reference.label != "default" else []
        version = known[0] if known else None
    if version is None:
        return None
    ref = Ref("component", reference.name, version)
    maker = report.surroundings.maker_of(ref, near=report.document)
    if maker is not None and maker is not report.document and isinstance(maker.value, Mapping):
        return _written(maker.value)
    found = mirror.version(ref) if mirror else None
    return Runnable(found.type, found.interface) if found else None
