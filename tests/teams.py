"""A stocked sandbox and its people for the tests of changes: made once, and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from copy import deepcopy
from pathlib import Path

import pytest

from tests.changes.building import Team, make_team, stock
from tests.sandbox_server import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def stocked_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a closed sandbox that holds what the guide's files refer to."""
    data = tmp_path_factory.mktemp("stocked")
    with running_sandbox(data=data) as sandbox:
        stock(sandbox)
    return data


@pytest.fixture
def stocked_sandbox(stocked_data: Path, tmp_path: Path) -> Iterator[RunningSandbox]:
    with running_sandbox(data=shutil.copytree(stocked_data, tmp_path / "sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def staff(
    stocked_data: Path, tmp_path_factory: pytest.TempPathFactory, filling: Callable[[str], AbstractContextManager[None]]
) -> Team:
    data = shutil.copytree(stocked_data, tmp_path_factory.mktemp("staff") / "sandbox")
    with filling("staff"), running_sandbox(data=data) as sandbox:
        return make_team(sandbox)


@pytest.fixture
def staffed(staff: Team, db: None, stocked_sandbox: RunningSandbox) -> Team:
    """The team of a workspace that is synced with this test's sandbox."""
    team = deepcopy(staff)
    team.workspace.endpoint = stocked_sandbox.url
    team.workspace.save(update_fields=["endpoint"])
    return team
