"""Real files of others: no file may raise, hang or eat memory, and our verdict is held against azure-ai-ml 1.35.2."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import pytest

from mlopsportal.specs.graph import graph_of, layout
from mlopsportal.specs.validate import judge
from tests.specs import corpus

MEMORY_BYTES = 256 * 1024 * 1024
_CHECK_ONE = """
import sys
from mlopsportal.specs.documents import read
from mlopsportal.specs.validate import check
document = read("a.yml", sys.stdin.buffer.read())
print(len(check([document])["a.yml"]))
"""

pytestmark = pytest.mark.skipif(
    not corpus.INDEX.is_file(), reason=f"no corpus at {corpus.CORPUS}; set MLOPSPORTAL_CORPUS"
)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def test_no_file_raises_or_takes_long() -> None:
    for path in sorted((corpus.CORPUS / "yaml").rglob("*.y*ml")):
        started = time.monotonic()
        document = corpus.load(str(path.relative_to(corpus.CORPUS)))
        corpus.first_error(document)
        judge([document], mirror=None, default_compute="serverless")
        if document.kind.is_pipeline and document.value:
            layout(graph_of(document.value))
        assert time.monotonic() - started < 2, path


def test_the_largest_files_need_little_memory() -> None:
    files = sorted((corpus.CORPUS / "yaml").rglob("*.y*ml"), key=lambda path: path.stat().st_size)
    for path in files[-3:]:
        done = subprocess.run(
            [sys.executable, "-c", _CHECK_ONE],
            input=path.read_bytes(),
            capture_output=True,
            timeout=20,
            check=False,
            preexec_fn=_limit_memory,
        )
        assert done.returncode == 0, (path, done.stderr[-500:])


def test_the_report_is_what_the_checker_says_today() -> None:
    files = corpus.judged()
    why = corpus.reasons()
    assert len(files) > 400
    assert corpus.agreement(files) >= 0.97
    differing = {file.path for file in files if not file.agrees}
    assert differing == why.keys()
    written = corpus.report(files, why).rstrip("\n") + "\n"
    assert written == corpus.REPORT.read_text(encoding="utf-8"), "run python -m tests.specs.corpus"
