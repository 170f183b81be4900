"""Compiling is the same everywhere: threads, processes, working directories, orders of keys."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from mlopsportal import azureml
from tests.azureml.places import (
    actions,
    body_of,
    component,
    connected,
    everything,
    run,
    target_of,
    the_guide,
)
from tests.sandbox_server import RunningSandbox, running_sandbox


def test_the_order_of_keys_changes_nothing(portal: azureml.Connection) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = random.Random(7).sample(list(value), len(value))
        return {key: shuffled(value[key]) for key in keys}

    again = [replace(document, value=shuffled(dict(document.value))) for document in the_guide()]
    assert [r.sha256 for r in portal.compile(again)] == [r.sha256 for r in portal.compile(the_guide())]


def test_compiling_leaves_the_process_as_it_was(portal: azureml.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_GIT_COMMIT", "abc")
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "elsewhere")
    before = (dict(os.environ), Path.cwd())
    (request,) = portal.compile([run()])
    assert (dict(os.environ), Path.cwd()) == before
    assert "abc" not in request.payload.decode()
    assert body_of(request)["properties"] == {}


def test_a_working_directory_that_is_gone_is_no_obstacle(
    portal: azureml.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(tmp_path)
    os.chdir(gone)
    gone.rmdir()
    assert len(portal.compile([component()])) == 1
    os.chdir(tmp_path)


def test_two_sandboxes_are_not_confused(demo: RunningSandbox, portal: azureml.Connection) -> None:
    with running_sandbox() as other, connected(other) as elsewhere:
        with pytest.raises(azureml.NotFound):
            elsewhere.compile(actions()[:1])
        assert len(portal.compile(actions()[:1])) == 1
        assert other.journal(path="/components/model_training")


def test_threads_compile_one_after_the_other(portal: azureml.Connection) -> None:
    digests: list[list[str]] = []

    def work() -> None:
        digests.append([request.sha256 for request in portal.compile(the_guide())])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 3
    assert digests[0] == digests[1] == digests[2]


COMPILE = """
import json, sys
from tests.azureml.places import everything
from mlopsportal import azureml
connection = azureml.connect(azureml.Target(**json.loads(sys.argv[1])))
sys.stdout.write(json.dumps([request.as_json() for request in connection.compile(everything())]))
"""


@pytest.mark.slow
def test_another_process_compiles_the_same_bytes(demo: RunningSandbox, portal: azureml.Connection) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", COMPILE, json.dumps(asdict(target_of(demo)))],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=Path(__file__).parent,  # inside a repository, which must leave no trace
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.stderr == ""  # the SDK would speak of its experimental classes there
    there = [azureml.Request.from_json(stored) for stored in json.loads(answer.stdout)]
    here = portal.compile(everything())
    assert len(here) == 13
    assert [request.payload for request in there] == [request.payload for request in here]
    assert [request.arm_id for request in there] == [request.arm_id for request in here]
