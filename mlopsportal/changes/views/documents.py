"""The documents of one revision as the page of a change shows them; reads rows, decides nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse

from mlopsportal.changes.models import ChangeRequest, Document, Revision
from mlopsportal.changes.scores import MOST_VERSIONS
from mlopsportal.changes.views.folding import Folding, is_long
from mlopsportal.specs import textdiff
from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.specs.ref import Ref
from registry.models import Version, Workspace
from scheduling.models import Schedule


@dataclass(frozen=True)
class ShownDocument:
    """A document of a revision, with its problems as values and, after the first revision, what it changed.

    `told` are the checks that stop nothing and stand in the list of checks: between the lines they would only be
    in the way of who reads the document.
    """

    row: Document
    previous: str | None
    follows: Ref | None = None
    told: frozenset[str] = frozenset()
    is_open: bool = True

    def __getattr__(self, name: str) -> Any:  # everything else is the row's own column
        return getattr(self.row, name)

    @property
    def anchor(self) -> str:
        return f"doc-{self.row.position}"

    @property
    def text_label(self) -> str:
        return f"{self.row.path} as written"

    @property
    def problem_values(self) -> list[Problem]:
        return [problem for problem in problem_values(self.row.problems) if problem.code not in self.told]

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self.problem_values)

    @property
    def is_revised(self) -> bool:
        """Does its text differ from that of the revision before, where that has one?"""
        return self.previous is not None and self.previous != self.row.content

    @property
    def is_new(self) -> bool:
        """Does the revision before not have it?"""
        return self.previous is None and self.row.revision.number > 1

    @property
    def address(self) -> Ref:
        """This document as one side of a comparison."""
        revision = self.row.revision
        return Ref("change", f"{revision.change_id}@{revision.number}", self.row.path)

    @property
    def follows_words(self) -> str:
        """What it follows, in words."""
        return f"{self.follows.name} {self.follows.version or ''}".strip() if self.follows else ""

    @property
    def diff(self) -> Any:
        return textdiff.text_diff(self.previous, self.row.content) if self.previous and self.is_revised else None


class ShownRevision:
    """The revision of a change that its reader looks at, the newest unless another `number` is asked for."""

    def __init__(self, change: ChangeRequest, folding: Folding, *, number: int | None = None) -> None:
        self._change = change
        self._folding = folding
        self._number = number

    @cached_property
    def row(self) -> Revision:
        number = self._number or self._change.revision_number
        found = self._change.revisions.filter(number=number).first()
        return found or self._change.revision

    @cached_property
    def all_numbers(self) -> list[int]:
        """The numbers of all revisions of the change, ascending."""
        return list(range(1, self._change.revision_number + 1))

    @cached_property
    def count(self) -> int:
        return self.row.documents.count()

    @property
    def is_long(self) -> bool:
        """Are the documents listed by name, each opened by itself?"""
        return is_long(self.count)

    @cached_property
    def asked(self) -> ShownDocument | None:
        """The one document that the reader asked for."""
        return next((item for item in self.documents if item.row.position == self._folding.item), None)

    @cached_property
    def documents(self) -> list[ShownDocument]:
        previous: dict[str, str] = {}
        if self.row.number > 1:
            rows = Document.objects.filter(revision__change=self._change, revision__number=self.row.number - 1)
            previous = dict(rows.values_list("path", "content"))
        found = list(self.row.documents.select_related("revision"))
        follows = _followed(self._change.workspace, found)
        checks = self._change.plan.checks if self._change.plan else []
        told = frozenset(check["code"] for check in checks if check["level"] == "advisory" and not is_cut(check))
        return [
            ShownDocument(
                row,
                previous.get(row.path),
                follows.get(row.pk),
                told,
                self._folding.shows(row.position, of=len(found)),
            )
            for row in found
        ]

    @cached_property
    def problems(self) -> list[Problem]:
        return [problem for document in self.documents for problem in document.problem_values]

    def line_url(self, path: str, line: int | None) -> str:
        """The address of a line of a document of this revision; of the document where it is shown as a difference."""
        shown = self._by_path.get(path)
        if shown is None:
            return ""
        at_line = f"-L{line}" if line is not None and shown.previous is None else ""
        return f"{self.url_of(shown)}{at_line}"

    def url_of(self, shown: ShownDocument) -> str:
        """Return the address of a document, opened where it is one of many."""
        item = f"&item={shown.row.position}" if self.is_long else ""
        path = reverse("change-detail", args=[self._change.number])
        return f"{path}?tab=documents{item}#{shown.anchor}"

    @cached_property
    def _by_path(self) -> dict[str, ShownDocument]:
        return {item.row.path: item for item in self.documents}


def is_cut(check: Mapping[str, Any]) -> bool:
    """Does a check of a plan keep fewer places than it found?"""
    return int(check.get("found", 0)) > len(check.get("places", ()))


def problem_values(stored: list[dict[str, Any]]) -> list[Problem]:
    """Return stored problems as values; the column keeps what `Problem.as_json` gave."""
    return [
        Problem(
            code=str(item.get("code", "")),
            path=str(item.get("path", "")),
            line=item.get("line"),
            column=item.get("column"),
            severity=Severity(item.get("severity", "error")),
            message=str(item.get("message", "")),
            fix=str(item.get("fix", "")),
        )
        for item in stored
    ]


def _followed(workspace: Workspace, rows: list[Document]) -> dict[int, Ref]:
    """Return by document what is in the workspace before it: the newest other version, or the schedule."""
    refs = {row.pk: Ref.parse(row.ref) for row in rows if row.ref}
    names = {ref.name for ref in refs.values() if ref.kind == "component"}
    versions = Version.objects.filter(workspace=workspace, kind="component", name__in=names)
    newest: dict[str, list[str]] = {}
    for name, version in versions.order_by("-created_at", "-id").values_list("name", "version")[:MOST_VERSIONS]:
        newest.setdefault(name, []).append(version)
    schedules = {ref.name for ref in refs.values() if ref.kind == "schedule"}
    there = Schedule.objects.present().filter(workspace=workspace, name__in=schedules)
    known = set(there.values_list("name", flat=True)) if schedules else set()
    found = {}
    for key, ref in refs.items():
        earlier = next((text for text in newest.get(ref.name, ()) if text != ref.version), None)
        if ref.kind == "component" and earlier is not None:
            found[key] = ref.at(earlier).in_workspace(workspace.slug)
        elif ref.kind == "schedule" and ref.name in known:
            found[key] = ref.in_workspace(workspace.slug)
    return found
