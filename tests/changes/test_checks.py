"""The checks of a plan: what each finds, and that nothing passes by not being looked at."""

from __future__ import annotations

from typing import Any

import pytest

from mlopsportal.changes import checks
from mlopsportal.changes.checks import Level, Subject

GOOD: dict[str, Any] = {
    "type": "command",
    "description": "Prepares.",
    "command": "python a.py",
    "environment": "azureml:env:1",
}
STOPPING = frozenset({"soft", "hard"})


def outcome(code: str, value: dict[str, Any], action: str = "create", used_by: tuple[str, ...] = ()) -> checks.Check:
    subject = Subject("component:prepare:1", action, value, used_by)
    return next(check for check in checks.run_all([subject]) if check.code == code)


def test_a_good_component_passes_every_check() -> None:
    assert [
        check.code for check in checks.run_all([Subject("component:a:1", "create", GOOD)]) if not check.passed
    ] == []


@pytest.mark.parametrize(
    "spoiled",
    [
        {"environment_variables": {"API_KEY": "abcd"}},
        {"command": "curl https://me:hunter22@host"},
        {"command": "x --sas '?sv=1&sig=abcdefghijklmnop%3D'"},
        {"tags": {"db_password": "abc"}},
        {"description": "-----BEGIN RSA PRIVATE KEY-----"},
    ],
)
def test_a_secret_stops_the_plan_and_is_not_repeated(spoiled: dict[str, Any]) -> None:
    found = outcome("no-secrets", {**GOOD, **spoiled})
    assert (found.passed, found.level) == (False, Level.HARD)
    assert "hunter22" not in found.message
    assert "abcdefghijklmnop" not in found.message


def test_what_moves_is_not_pinned() -> None:
    assert not outcome("pinned-environments", {**GOOD, "environment": "azureml:env@latest"}).passed
    node = {"component": "azureml:train@latest"}
    assert not outcome("pinned-references", {"type": "pipeline", "jobs": {"a": node}}).passed
    pinned = {"component": "azureml:train:3", "inputs": {"x": "${{parent.inputs.x}}"}}
    assert outcome("pinned-references", {"type": "pipeline", "jobs": {"a": pinned}}).passed


def test_a_run_without_compute_is_stopped() -> None:
    assert not outcome("compute-set", {"jobs": {}}, action="run").passed
    assert outcome("compute-set", {"settings": {"default_compute": "azureml:cpu"}}, action="run").passed


def test_archiving_what_is_used_takes_an_override() -> None:
    found = outcome("nothing-uses-it", {}, action="archive", used_by=("schedule:weekly",))
    assert (found.passed, found.level) == (False, Level.SOFT)


def test_nothing_to_check_is_not_a_pass() -> None:
    assert not any(check.passed for check in checks.run_all([]))


def test_a_missing_or_broken_outcome_stops_like_a_failed_one() -> None:
    known = frozenset({"a", "b"})
    passed = {"code": "a", "level": "soft", "passed": True}
    assert checks.blocking([passed], STOPPING, known=known) == ["b"]
    assert checks.blocking([passed, {"code": "b", "level": "hard"}], STOPPING, known=known) == ["b"]
    assert checks.blocking([], STOPPING, known=known) == ["a", "b"]
    advisory = {"code": "b", "level": "advisory", "passed": False}
    assert checks.blocking([passed, advisory], STOPPING, known=known) == []
