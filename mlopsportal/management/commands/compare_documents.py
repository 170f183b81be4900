"""`compare_documents`: two YAML files compared offline."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlopsportal.management.reading import documents_beside, read_document
from mlopsportal.specs.comparison import Compared, compare_documents
from mlopsportal.specs.documents import Document
from mlopsportal.specs.interface import Verdict

_FAILING = {
    "minor": frozenset({Verdict.MINOR, Verdict.BREAKING, Verdict.UNKNOWN}),
    "breaking": frozenset({Verdict.BREAKING, Verdict.UNKNOWN}),
}


class Command(BaseCommand):
    help = "Compare two YAML documents: the verdict, its reasons, and every change."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("left", metavar="LEFT.yml", help="the older document")
        parser.add_argument("right", metavar="RIGHT.yml", help="the newer document")
        parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
        words = "exit 1 when the verdict is this or worse; unknown counts as breaking"
        parser.add_argument("--fail-on", choices=sorted(_FAILING), help=words)

    def handle(self, *args: Any, **options: Any) -> None:
        left, right = _readable(options["left"]), _readable(options["right"])
        compared = compare_documents(left, right, beside=documents_beside([left, right]))
        if options["json"]:
            self.stdout.write(json.dumps(compared.as_json(), indent=2))
        else:
            self._show(compared)
        if options["fail_on"] and compared.verdict in _FAILING[options["fail_on"]]:
            raise SystemExit(1)

    def _show(self, compared: Compared) -> None:
        self.stdout.write(f"verdict: {compared.verdict}")
        if not compared.changes:
            self.stdout.write("No difference.")
        for reason in compared.reasons:
            self.stdout.write(f"  {reason.verdict} {reason.rule} {reason.path}: {reason.message}")
        for change in compared.changes:
            self.stdout.write(f"  {change.kind} {change.path}: {_short(change.before)} -> {_short(change.after)}")


def _readable(path: str) -> Document:
    document = read_document(Path(path))
    if document.value is None:
        problem = next(problem for problem in document.parsed.problems if problem.is_error)
        raise CommandError(f"{path}, line {problem.line or '-'}: {problem.message} {problem.fix}")
    return document


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
