"""Whether the process that had claimed something has ended."""

from __future__ import annotations

import socket

import pytest

from mlopsportal.changes.owners import is_gone, me


def test_this_process_is_there() -> None:
    assert not is_gone(me())


@pytest.mark.parametrize("pid", ["", "²", "-1", "9" * 10, "9" * 5000])
def test_what_is_no_process_is_not_taken_for_one_that_ended(pid: str) -> None:
    assert not is_gone(f"{socket.gethostname()}:{pid}")
