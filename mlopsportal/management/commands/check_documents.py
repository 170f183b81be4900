"""`check_documents`: YAML files judged offline, as they stand."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlopsportal.management.reading import documents_at, documents_beside
from mlopsportal.specs.documents import Document
from mlopsportal.specs.practices import DEFAULTS
from mlopsportal.specs.problems import Problem
from mlopsportal.specs.validate import check


class Command(BaseCommand):
    help = "Check YAML documents as they stand, with the practices' advice; exit 1 when any has an error."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a YAML file or a folder of them")
        parser.add_argument("--json", action="store_true", help="print JSON and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        documents = documents_at(options["paths"])
        if not documents:
            raise CommandError("There are no YAML files there.")
        now, beside = datetime.now(UTC), documents_beside(documents)
        problems = check(documents, now=now, beside=beside, exists=os.path.exists, levels=DEFAULTS, as_one=False)
        entries = [_entry(document, problems[document.path]) for document in documents]
        if options["json"]:
            self.stdout.write(json.dumps(entries, indent=2))
        else:
            self._show(documents, problems)
        if not all(entry["ok"] for entry in entries):
            raise SystemExit(1)

    def _show(self, documents: list[Document], problems: dict[str, list[Problem]]) -> None:
        for document in documents:
            found = problems[document.path]
            self.stdout.write(f"{document.path}: {document.kind}, {'ok' if _ok(found) else 'not ok'}")
            for problem in found:
                place = f"{problem.line or '-'}:{problem.column or '-'}"
                self.stdout.write(f"  {place} {problem.severity} {problem.code} {problem.path}: {problem.message}")
                self.stdout.write(f"      {problem.fix}")


def _ok(problems: list[Problem]) -> bool:
    return not any(problem.is_error for problem in problems)


def _entry(document: Document, problems: list[Problem]) -> dict[str, Any]:
    return {
        "file": document.path,
        "kind": str(document.kind),
        "ok": _ok(problems),
        "problems": [problem.as_json() for problem in problems],
    }
