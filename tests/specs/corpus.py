"""The real files of others, and how our verdict on them differs from azure-ai-ml's; writes the report of it.

The files are found through MLOPSPORTAL_CORPUS, else beside the repository. `python -m tests.specs.corpus` writes
`corpus_report.md`. Why a file is judged otherwise stands in `corpus_reasons.yml`, by its path.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from mlopsportal.specs.documents import Document, Kind, read
from mlopsportal.specs.order import files_of
from mlopsportal.specs.problems import Problem
from mlopsportal.specs.validate import check

HERE = Path(__file__).parent
CORPUS = Path(os.environ.get("MLOPSPORTAL_CORPUS") or HERE.parents[1] / ".." / "shared" / "corpus").resolve()
INDEX = CORPUS / "index.tsv"
REPORT, REASONS = HERE / "corpus_report.md", HERE / "corpus_reasons.yml"
MANAGED = ("command-component", "pipeline-component", "pipeline-job", "schedule")
_NO_VERDICT = ("legacy", "artefact", "parse-error")


@dataclass(frozen=True)
class Judged:
    """One file: what the SDK says of it and what we say, with our first error."""

    path: str
    kind: str
    accepted: bool
    sdk_message: str
    error: Problem | None

    @property
    def agrees(self) -> bool:
        return self.accepted == (self.error is None)


def load(file: str) -> Document:
    return read(file, (CORPUS / file).read_bytes())


def beside(document: Document) -> dict[str, Document]:
    """Read the files that a document takes in, and those they take in; by path."""
    found: dict[str, Document] = {}
    waiting = [document]
    while waiting:
        for path in sorted(files_of(waiting.pop())):
            if path not in found and (CORPUS / path).is_file():
                found[path] = load(path)
                waiting.append(found[path])
    return found


def is_there(path: str) -> bool:
    """Is there something at a path of the corpus; at one that ends in a slash, a folder?"""
    return (CORPUS / path).is_dir() if path.endswith("/") else (CORPUS / path).exists()


def first_error(document: Document) -> Problem | None:
    problems = check([document], beside=beside(document), exists=is_there)
    return next((problem for problem in problems[document.path] if problem.is_error), None)


def judged() -> list[Judged]:
    """Judge every file whose verdict counts, in the order of the index."""
    with INDEX.open(encoding="utf-8", newline="") as index:
        return [found for row in csv.DictReader(index, delimiter="\t") if (found := _judged(row)) is not None]


def _judged(row: dict[str, str]) -> Judged | None:
    """None for a row that does not count: an SDK message without content, or a kind the portal does not manage."""
    sdk = row["sdk_1.35.2"]
    if row["kind"] not in MANAGED or row["role"] != "entry" or row["expected"].startswith(_NO_VERDICT) or not sdk:
        return None
    document = load(row["file"])
    # The SDK's own gap, not its verdict on the file; and schedules of monitors and imports are not managed here.
    if "NotImplementedError" in row["sdk_message"] or document.kind is Kind.OTHER_SCHEDULE:
        return None
    accepted = "ok" in (sdk, row["sdk_private_features"])
    return Judged(row["file"], row["kind"], accepted, row["sdk_message"], first_error(document))


def reasons() -> dict[str, str]:
    found = yaml.safe_load(REASONS.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def agreement(files: list[Judged]) -> float:
    return sum(file.agrees for file in files) / len(files)


def report(files: list[Judged], why: dict[str, str]) -> str:
    """Write the report: figures by kind, then every file judged otherwise, with its reason."""
    return "\n".join([*_figures(files), "", *_differences(files, why)]) + "\n"


def _figures(files: list[Judged]) -> Iterator[str]:
    yield "# Our verdict on real files, and that of azure-ai-ml 1.35.2"
    yield ""
    yield "Written by `python -m tests.specs.corpus`; the tests make it anew and compare."
    yield ""
    yield "| kind | files | judged alike | stricter | more lenient |"
    yield "|---|---|---|---|---|"
    for kind in (*MANAGED, "all"):
        of_kind = [file for file in files if kind in (file.kind, "all")]
        counts = Counter((file.agrees, file.accepted) for file in of_kind)
        stricter, lenient = counts[False, True], counts[False, False]
        yield f"| {kind} | {len(of_kind)} | {agreement(of_kind):.1%} | {stricter} | {lenient} |"


def _differences(files: list[Judged], why: dict[str, str]) -> Iterator[str]:
    for title, accepted in (("Stricter", True), ("More lenient", False)):
        yield f"## {title}"
        for file in files:
            if not file.agrees and file.accepted is accepted:
                yield ""
                yield f"- `{file.path}`"
                yield f"  - {_said(file)}"
                yield f"  - {why.get(file.path, 'NO REASON')}"
        yield ""


def _said(file: Judged) -> str:
    if file.error is not None:
        return f"{file.error.code}, line {file.error.line}, `{file.error.path}`"
    return f"the SDK: {file.sdk_message[:160]}"


if __name__ == "__main__":
    REPORT.write_text(report(judged(), reasons()).rstrip("\n") + "\n", encoding="utf-8")
