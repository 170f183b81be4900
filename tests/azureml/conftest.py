"""A sandbox of its own for each test, and a connection to it; a demo workspace for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlopsportal import azureml
from tests.azureml.places import connected
from tests.sandbox_server import RunningSandbox, running_sandbox


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def connection(sandbox: RunningSandbox) -> Iterator[azureml.Connection]:
    with connected(sandbox) as opened:
        yield opened


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningSandbox]:
    with running_sandbox("demo") as running:
        yield running


@pytest.fixture(scope="module")
def portal(demo: RunningSandbox) -> Iterator[azureml.Connection]:
    with connected(demo) as connection:
        yield connection
