from __future__ import annotations

import resource
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from mlopsportal.specs.codes import CODES
from mlopsportal.specs.comparison import compare_documents
from mlopsportal.specs.documents import Document, read
from mlopsportal.specs.edges import judge_edges
from mlopsportal.specs.graph import graph_of
from mlopsportal.specs.practices import follow, score
from mlopsportal.specs.render import yaml_of
from mlopsportal.specs.validate import check, judge
from tests.specs.building import demo, document
from tests.specs.hostile import MADE, PLACES, generated, settings

SECONDS, MEMORY_BYTES = 2, 256 * 1024 * 1024
SOUND = document("type: pipeline\nname: p\nversion: 1\njobs: {a: {type: command, component: 'azureml:c:1'}}\n")
_ALL_IN_LITTLE_MEMORY = """
from tests.specs.hostile import MADE
from mlopsportal.specs.documents import read
from mlopsportal.specs.validate import check
for text in MADE.values():
    check([read("a.yml", text)])
"""


def judged(text: str | bytes) -> Document:
    """Put a document through everything that reads documents."""
    found = read("a.yml", text)
    for mirror in (None, demo()):
        problems = check([found], mirror=mirror, now=datetime.now(UTC))["a.yml"]
        assert {problem.code for problem in problems} <= set(CODES)
        assert all(problem.message and problem.fix for problem in problems)
        assert problems or found.value is not None
    judge([found], mirror=demo(), default_compute="serverless")
    if isinstance(found.value, dict):
        follow(found)
        score(found)
        graph_of(found.value)
        judge_edges(found.value, {})
        compare_documents(SOUND, found)
        yaml_of(found.value)
    return found


@pytest.mark.parametrize("name", MADE)
def test_documents_made_to_hurt_give_clear_problems_in_time(name: str) -> None:
    started = time.process_time()
    problems = check([read("a.yml", MADE[name])])["a.yml"]
    assert time.process_time() - started < SECONDS
    assert any(problem.is_error and problem.fix for problem in problems) or "only" in name or problems


@pytest.mark.parametrize("name", MADE)
def test_documents_made_to_hurt_break_nothing_that_reads_them(name: str) -> None:
    judged(MADE[name])


@pytest.mark.parametrize("kind", PLACES)
def test_wrong_things_in_the_settings_of_steps_break_nothing_and_take_no_time(kind: str) -> None:
    for text in settings(kind):
        started = time.process_time()
        check([read("a.yml", text)])
        assert time.process_time() - started < SECONDS / 4, text[:200]
        if len(text) < 10_000:
            judged(text)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def test_documents_made_to_hurt_need_little_memory() -> None:
    command = [sys.executable, "-c", _ALL_IN_LITTLE_MEMORY]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False, preexec_fn=_limit_memory)
    assert done.returncode == 0, done.stderr[-500:]


def test_generated_documents_break_nothing() -> None:
    for text in generated(1000):
        judged(text)


@pytest.mark.slow
def test_ten_thousand_generated_documents_break_nothing() -> None:
    for text in generated(10_000, seed=7):
        judged(text)
