"""The checks of a plan: what each finds, and that nothing passes by not being looked at."""

from __future__ import annotations

from typing import Any

import pytest

from mlopsportal.changes import checks
from mlopsportal.changes.checks import Check, Stop, Subject, stops
from mlopsportal.specs.checks.context import Surroundings
from mlopsportal.specs.documents import Document, of_value, read
from mlopsportal.specs.practices import DEFAULTS, Level

GOOD: dict[str, Any] = {
    "type": "command",
    "name": "prepare",
    "version": "1",
    "description": "Prepares one month of sales.",
    "is_deterministic": True,
    "tags": {"owner": "sales", "commit": "4f1c2aa"},
    "command": "python a.py",
    "environment": "azureml:env:1",
}
RUN = read("run.yml", 'action: run\ntarget: "component:training:1"\n')


def made(
    value: dict[str, Any],
    document: Document | None = None,
    action: str = "create",
    used_by: tuple[str, ...] = (),
    levels: dict[str, Level] | None = None,
) -> dict[str, Check]:
    """Check one step of one document; the outcomes by code."""
    document = document or of_value("prep.yml", value)
    subject = Subject("component:prepare:1", action, document, value, used_by)
    found = checks.run_all([subject], [document], Surroundings({document.path: document}), levels or {})
    return {check.code: check for check in found}


def test_a_good_component_passes_every_check() -> None:
    found = made(GOOD)
    assert [*found] == [*DEFAULTS]
    assert [check.message for check in found.values() if not check.passed] == []


@pytest.mark.parametrize(
    "spoiled",
    [
        {"environment_variables": {"API_KEY": "abcdefgh"}},
        {"command": "curl https://me:hunter22@host"},
        {"command": "x --sas '?sv=1&sig=abcdefghijklmnop%3D'"},
        {"tags": {"db_password": "abcdefgh"}},
        {"description": "-----BEGIN RSA PRIVATE KEY-----"},
    ],
)
def test_a_secret_stops_the_plan_and_is_not_repeated(spoiled: dict[str, Any]) -> None:
    found = made({**GOOD, **spoiled})["no-secrets"]
    assert (found.passed, found.level) == (False, "hard")
    assert "hunter22" not in str(found.as_json())
    assert "abcdefgh" not in str(found.as_json())


def test_what_another_check_says_of_a_secret_does_not_repeat_it() -> None:
    document = of_value("prep.yml", {**GOOD, "environment": {"image": "registry.io/env?sig=abcdefghijklmnop%3D"}})
    found = made(document.value, document)
    assert not found["pinned-environments"].passed
    assert "abcdefghijklmnop" not in str([check.as_json() for check in found.values()])


def test_a_secret_that_the_lift_moves_or_drops_is_found_where_its_author_wrote_it() -> None:
    written = read(
        "job.yml", "type: pipeline\ninputs:\n  api_key: 0f3a9c41bd\njobs:\n  a: {component: 'azureml:a:1'}\n"
    )
    found = made({"type": "pipeline", "jobs": {"a": {"component": "azureml:a:1"}}}, written)["no-secrets"]
    assert [(place.file, place.problem.line, place.problem.path) for place in found.places] == [
        ("job.yml", 3, "inputs.api_key")
    ]


def test_what_moves_is_not_pinned() -> None:
    assert not made({**GOOD, "environment": "azureml:env@latest"})["pinned-environments"].passed
    node = {"component": "azureml:train@latest"}
    assert not made({"type": "pipeline", "jobs": {"a": node}})["pinned-references"].passed
    pinned = {"component": "azureml:train:3", "inputs": {"x": "${{parent.inputs.x}}"}}
    assert made({"type": "pipeline", "jobs": {"a": pinned}})["pinned-references"].passed


def test_data_by_label_is_found_in_what_a_run_sends() -> None:
    job = {"type": "pipeline", "inputs": {"raw": {"type": "uri_folder", "path": "azureml:raw@latest"}}, "jobs": {}}
    assert "resolved when it is sent" in made(job, RUN, action="run")["pinned-references"].message


def test_a_run_without_compute_is_stopped() -> None:
    main = {"main": {"type": "pipeline", "component": "azureml:training:1"}}
    assert not made({"type": "pipeline", "jobs": main}, RUN, action="run")["compute-set"].passed
    settled = {"type": "pipeline", "settings": {"default_compute": "azureml:cpu"}, "jobs": main}
    assert made(settled, RUN, action="run")["compute-set"].passed


def test_a_run_is_not_asked_for_what_only_its_version_can_have() -> None:
    failed = {code for code, check in made({"type": "pipeline", "jobs": {}}, RUN, action="run").items() if check.places}
    assert failed == set()


def test_archiving_what_is_used_takes_an_override() -> None:
    archive = read("a.yml", 'action: archive\ntarget: "component:prepare:1"\n')
    found = made({}, archive, action="archive", used_by=("schedule:weekly",))["nothing-uses-it"]
    assert (found.passed, found.level) == (False, "soft")
    assert found.message.startswith("a.yml:2 target: component:prepare:1 is used by schedule:weekly.")


def test_what_is_sent_is_judged_and_its_place_is_the_authors() -> None:
    written = read("p.yml", "type: pipeline\njobs:\n  fit:\n    type: command\n    component: azureml:fit:1\n")
    lifted = {
        "type": "pipeline",
        "name": "p",
        "version": "1",
        "jobs": {"fit": {"type": "command", "component": "azureml:fit:1"}},
    }
    [place] = made(lifted, written)["timeout-set"].as_json()["places"]
    assert (place["file"], place["line"], place["path"]) == ("p.yml", 3, "jobs.fit.limits")


def test_many_places_are_told_in_one_bearable_message() -> None:
    ports = {f"port_{number}": {"type": "string"} for number in range(80)}
    found = made({**GOOD, "inputs": ports})["described-ports"]
    assert found.message.endswith("And 75 more places.")
    assert len(found.as_json()["places"]) == 50
    assert made({**GOOD, "inputs": dict(list(ports.items())[:6])})["described-ports"].message.endswith(
        "And 1 more place."
    )


def test_what_is_off_is_not_looked_at_and_levels_are_the_workspaces() -> None:
    found = made({**GOOD, "tags": {}}, levels={"owned": "off", "described": "hard"})
    assert "owned" not in found
    assert found["described"].level == "hard"
    assert found["under-version-control"].level == "advisory"


def test_nothing_to_check_is_not_a_pass() -> None:
    found = checks.run_all([], [], Surroundings({}), {})
    assert [check.code for check in found] == [*DEFAULTS]
    assert not any(check.passed for check in found)


NOW: dict[str, Level] = {"a": "soft", "b": "hard"}
PLANNED = {"a": "soft", "b": "hard"}


def row(code: str, level: str, passed: bool) -> dict[str, object]:
    return {"code": code, "level": level, "passed": passed}


def codes(found: list[Stop]) -> list[str]:
    return [stop.code for stop in found]


def test_a_missing_or_broken_outcome_stops_like_a_failed_one() -> None:
    good = row("a", "soft", True)
    assert codes(stops([good], planned=PLANNED, now=NOW)) == ["b"]
    assert codes(stops([good, {"code": "b", "level": "hard"}], planned=PLANNED, now=NOW)) == ["b"]
    assert codes(stops([], planned=PLANNED, now=NOW)) == ["a", "b"]
    assert codes(stops([], planned={}, now={"a": "advisory", "b": "off"})) == ["a"]
    assert stops([good, row("b", "advisory", False)], planned=PLANNED, now={**NOW, "b": "advisory"}) == []


@pytest.mark.parametrize(
    ("before", "now", "stopped"),
    [
        ("advisory", "off", False),
        ("advisory", "advisory", False),
        ("advisory", "soft", True),
        ("advisory", "hard", True),
        ("soft", "off", False),
        ("soft", "advisory", False),
        ("soft", "soft", True),
        ("soft", "hard", True),
        ("hard", "advisory", False),
        ("loud", "soft", True),
    ],
)
def test_a_failed_check_counts_by_the_level_of_now(before: str, now: Level, stopped: bool) -> None:
    found = stops([row("a", before, False)], planned={"a": before}, now={"a": now})
    assert bool(found) is stopped
    tightened = (before, now) in (("advisory", "soft"), ("advisory", "hard"), ("soft", "hard"), ("loud", "soft"))
    assert any("make the plan again" in stop.reason for stop in found) is tightened
    assert any(stop.can_override for stop in found) is ((before, now) == ("soft", "soft"))


@pytest.mark.parametrize("now", ["off", "advisory", "soft", "hard"])
def test_a_check_that_passed_goes_on_to_pass(now: Level) -> None:
    assert stops([row("a", "advisory", True)], planned={"a": "advisory"}, now={"a": now}) == []


@pytest.mark.parametrize(("now", "stopped"), [("off", False), ("advisory", False), ("soft", True), ("hard", True)])
def test_what_was_off_when_planned_stops_once_it_may(now: Level, stopped: bool) -> None:
    found = stops([], planned={"a": "off"}, now={"a": now})
    assert bool(found) is stopped
    assert all("was off when the plan was made" in stop.reason and not stop.can_override for stop in found)


def test_an_override_holds_for_a_soft_check_only_and_never_for_one_that_was_tightened() -> None:
    failed = [row("a", "soft", False)]
    assert stops(failed, planned=PLANNED, now={"a": "soft"}, overridden={"a"}) == []
    assert codes(stops(failed, planned=PLANNED, now={"a": "hard"}, overridden={"a"})) == ["a"]
    assert codes(stops([row("a", "advisory", False)], planned={}, now={"a": "soft"}, overridden={"a"})) == ["a"]


def test_a_failed_check_that_no_version_knows_any_more_stops() -> None:
    assert codes(stops([row("gone", "soft", False)], planned={}, now={})) == ["gone"]
    assert stops([row("gone", "advisory", False), row("went", "hard", True)], planned={}, now={}) == []
