"""Every SDK call the portal relies on, and what must come back: from the sandbox, or from a real workspace.

Set MLOPSPORTAL_CONTRACT_WORKSPACE to `subscription/resource_group/workspace` to run it against Azure ML, as whoever
DefaultAzureCredential finds: `pytest -o addopts= tests/sandbox/test_contract.py`, as the usual options shut every
socket but loopback. It makes assets, runs and schedules whose names start with `contract`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.ai.ml import MLClient

from tests.sandbox.contract import absences, assets, components, jobs, schedules, workspaces
from tests.sandbox.contract.subject import Contract, with_environment
from tests.sandbox.doors import sdk
from tests.sandbox_server import running_sandbox

LIVE = os.environ.get("MLOPSPORTAL_CONTRACT_WORKSPACE", "")


@pytest.fixture(scope="module")
def contract() -> Iterator[Contract]:
    if LIVE:
        from azure.identity import DefaultAzureCredential

        ml = MLClient(DefaultAzureCredential(), *LIVE.split("/"), cloud="AzureCloud", show_progress=False)
        yield with_environment(Contract(ml, None))
        return
    with running_sandbox() as sandbox:
        yield with_environment(Contract(sdk(sandbox), sandbox))


CALLS = (
    *workspaces.CALLS,
    *assets.CALLS,
    *components.CALLS,
    *jobs.CALLS,
    *schedules.CALLS,
    *absences.CALLS,
)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call.__name__))
def test_the_workspace_answers(
    call: Callable[[Contract], None], contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The SDK looks for a git repository around the working directory, and for the code beside it.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTRACT_CODE", str(tmp_path))
    call(contract)
