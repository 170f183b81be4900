"""Puts every real file through all that reads documents, in one process with little memory; prints what it cost.

Run as a program by the tests: `python -m tests.specs.measuring`. A file that raises, or needs more memory than there
is, ends it with that file's path as the last words.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from mlopsportal.specs.comparison import compare_documents
from mlopsportal.specs.graph import graph_of, layout
from mlopsportal.specs.practices import follow, score
from mlopsportal.specs.validate import check, judge
from tests.specs import corpus

MEMORY_BYTES = 256 * 1024 * 1024


def put_through(path: str) -> None:
    """Read, check with the files beside, repair, practise, score, compare and draw one file."""
    document = corpus.load(path)
    check([document], beside=corpus.beside(document), exists=corpus.is_there)
    judge([document], mirror=None, default_compute="serverless")
    if isinstance(document.value, dict):
        follow(document)
        score(document)
        compare_documents(document, document)
        layout(graph_of(document.value))


def _limit_memory() -> None:
    """Allow so much address space beyond what the interpreter and the modules have by now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    files = sorted(str(path.relative_to(corpus.CORPUS)) for path in (corpus.CORPUS / "yaml").rglob("*.y*ml"))
    put_through(files[0])  # what is loaded once is no cost of a file
    _limit_memory()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = {}
    for path in files:
        sys.stderr.write(f"{path}\n")
        started = time.process_time()
        put_through(path)
        seconds[path] = time.process_time() - started
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    slowest = max(seconds, key=seconds.__getitem__)
    told = {"files": len(files), "slowest": slowest, "seconds": seconds[slowest], "grown_bytes": 1024 * grown}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
