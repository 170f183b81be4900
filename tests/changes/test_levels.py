"""The levels of a workspace at work: in a plan, when they change under it, and in what authors are told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mlopsportal.changes import workflow
from mlopsportal.changes.errors import InvalidDocuments, WrongState
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.specs.practices import DEFAULTS, Level
from registry.models import Workspace
from registry.workflow import set_practice_levels
from tests.changes.building import (
    Team,
    approved,
    component_text,
    events_of,
    fresh,
    guide_documents,
    opened,
    plan_of,
    queued,
)
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox

UNOWNED = [("prepare.yml", component_text())]
SECRET = component_text(command="python prepare.py --key AccountKey=abcdefghijklmnop==")


def set_levels(team: Team, **levels: Level) -> None:
    named = {code.replace("_", "-"): level for code, level in levels.items()}
    set_practice_levels(team.workspace, named, actor=team.actor("admin"))


def outcomes(change: ChangeRequest) -> dict[str, dict[str, Any]]:
    return {check["code"]: check for check in plan_of(change).checks}


def test_a_plan_keeps_every_level_it_was_made_with_and_lists_what_was_looked_at(team: Team) -> None:
    set_levels(team, owned="off", described="soft")
    plan = plan_of(opened(team, UNOWNED))
    assert plan.levels == {**DEFAULTS, "owned": "off", "described": "soft"}
    assert [check["code"] for check in plan.checks] == [code for code in DEFAULTS if code != "owned"]


def test_a_hard_practice_that_is_not_followed_stops_the_plan_at_its_place(team: Team) -> None:
    set_levels(team, owned="hard")
    change = opened(team, UNOWNED)
    assert change.state == State.PLAN_FAILED
    assert "Nobody is named who answers for it." in plan_of(change).error
    [reason] = plan_of(change).problems
    assert (reason["document"], reason["code"], reason["severity"]) == ("prepare.yml", "owned", "advice")


def test_a_soft_practice_stops_the_apply_until_it_is_set_aside_for_this_plan(team: Team) -> None:
    set_levels(team, owned="soft")
    change = approved(team, opened(team, UNOWNED))
    assert change.state == State.APPROVED
    with pytest.raises(WrongState, match="owned failed, and was not set aside"):
        workflow.request_apply(change, actor=team.actor("operator"))
    workflow.override(change, code="owned", reason="They move next week.", actor=team.actor("operator"))
    queued(team, change)
    drain()
    assert fresh(change).state == State.APPLIED
    assert "change.overridden" in events_of(change)


def test_what_did_not_fail_is_not_set_aside(team: Team) -> None:
    change = opened(team, UNOWNED)
    for code in ("pinned-references", "owned", "no-secrets"):
        with pytest.raises(InvalidDocuments):
            workflow.override(change, code=code, reason="x", actor=team.actor("operator"))


@pytest.mark.parametrize("level", ["soft", "hard"])
def test_a_failed_check_that_was_tightened_asks_for_another_plan(team: Team, level: Level) -> None:
    change = approved(team, opened(team, UNOWNED))
    set_levels(team, owned=level)
    with pytest.raises(WrongState, match=f"owned failed as advisory .* is {level} now: make the plan again"):
        workflow.request_apply(change, actor=team.actor("operator"))
    with pytest.raises(InvalidDocuments):
        workflow.override(change, code="owned", reason="x", actor=team.actor("operator"))
    change = fresh(workflow.replan(change, actor=team.actor("operator")))
    drain()
    change = fresh(change)
    assert change.state == (State.APPROVED if level == "soft" else State.PLAN_FAILED)
    assert outcomes(change)["owned"]["level"] == level


def test_what_was_tightened_while_it_was_queued_is_not_sent(team: Team, sandbox: RunningSandbox) -> None:
    change = queued(team, approved(team, opened(team, UNOWNED)))
    mark = sandbox.journal()[-1]["id"]
    set_levels(team, owned="soft")
    drain()
    change = fresh(change)
    assert change.state == State.FAILED
    assert "owned failed as advisory when the plan was made, and is soft now: make the plan again" in change.reason
    assert "change.gate_refused" in events_of(change)
    assert sandbox.writes(mark) == []


def test_what_was_tightened_but_passed_goes_through(team: Team) -> None:
    change = approved(team, opened(team, UNOWNED))
    set_levels(team, name_convention="hard")
    queued(team, change)
    drain()
    assert fresh(change).state == State.APPLIED


def test_a_check_that_was_off_when_planned_is_never_passed_in_silence(team: Team, sandbox: RunningSandbox) -> None:
    set_levels(team, no_secrets="off")
    change = approved(team, opened(team, [("prepare.yml", SECRET)]))
    mark = sandbox.journal()[-1]["id"]
    set_levels(team, no_secrets="hard")
    with pytest.raises(WrongState, match="no-secrets was off when the plan was made, and is hard now"):
        workflow.request_apply(change, actor=team.actor("operator"))
    change = fresh(workflow.replan(change, actor=team.actor("operator")))
    drain()
    assert fresh(change).state == State.PLAN_FAILED
    assert sandbox.writes(mark) == []


def test_what_was_loosened_counts_at_once(team: Team) -> None:
    set_levels(team, owned="soft")
    change = approved(team, opened(team, UNOWNED))
    set_levels(team, owned="advisory")
    queued(team, change)
    drain()
    assert fresh(change).state == State.APPLIED


def test_a_workspace_that_applies_by_itself_waits_for_a_soft_check(team: Team) -> None:
    Workspace.objects.update(auto_apply=True)
    set_levels(team, owned="soft")
    assert approved(team, opened(team, UNOWNED)).state == State.APPROVED
    set_levels(team, owned="off")
    assert approved(team, opened(team, [("other.yml", component_text("other"))])).state == State.QUEUED


def test_the_guides_files_pass_review_and_apply_with_everything_soft_that_they_follow(team: Team) -> None:
    change = opened(team, guide_documents())
    failed = {code for code, check in outcomes(change).items() if not check["passed"]}
    assert {outcomes(change)[code]["level"] for code in failed} == {"advisory"}
    followed = outcomes(change).keys() - failed
    set_practice_levels(team.workspace, dict.fromkeys(followed, "hard"), actor=team.actor("admin"))
    queued(team, approved(team, change))
    drain()
    assert fresh(change).state == State.APPLIED


def test_one_place_is_named_by_file_line_and_path(team: Team) -> None:
    text = component_text().replace("data-prep-env:1", "data-prep-env@latest")
    change = opened(team, [("prepare.yml", text)])
    found = outcomes(change)["pinned-environments"]
    [place] = found["places"]
    assert found["message"].startswith(f"prepare.yml:{place['line']} environment: The environment")
    assert text.splitlines()[place["line"] - 1].startswith("environment:")


# What authors are told


def advice_of(change: ChangeRequest) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for document in change.revision.documents.all():
        for problem in document.problems:
            found.setdefault(problem["code"], []).append(problem)
    return found


def test_a_draft_is_told_the_practices_as_advice_and_can_be_submitted(team: Team) -> None:
    set_levels(team, owned="hard", described="off")
    change = workflow.open_change(team.workspace, UNOWNED, actor=team.actor("author"), title="A draft")
    found = advice_of(change)
    assert found["owned"][0]["severity"] == "advice"
    assert found["owned"][0]["message"].endswith("In this workspace it stops the plan.")
    assert "stops" not in found["under-version-control"][0]["message"]
    assert "described" not in found
    assert len(found["described-ports"]) == 1
    assert found["described-ports"][0]["message"].endswith("The same in 1 more place.")
    assert workflow.submit(change, actor=team.actor("author")).state == State.PLANNING


def test_once_planned_a_document_is_told_what_holds_for_it_as_it_is_sent(team: Team) -> None:
    change = workflow.open_change(team.workspace, guide_documents(), actor=team.actor("author"), title="A draft")
    assert "parameterised" in advice_of(change)
    drain()
    change = fresh(change)
    assert "parameterised" not in advice_of(change)  # the plan makes the data an input of the pipeline
    failed = {code for code, check in outcomes(change).items() if not check["passed"]}
    assert advice_of(change).keys() & DEFAULTS.keys() == failed


def checked(team: Team, text: str, **body: str) -> dict[str, Any]:
    client = Client()
    client.force_login(team["viewer"])
    sent = json.dumps({**body, "documents": [{"path": "prepare.yml", "content": text}]})
    [entry] = client.post("/api/v1/documents/check/", sent, "application/json").json()
    return dict(entry)


def test_documents_are_checked_by_the_levels_of_the_workspace_that_is_named(team: Team) -> None:
    set_levels(team, owned="hard", described="off", pinned_environments="off")
    text = component_text().replace("data-prep-env:1", "data-prep-env@latest")
    entry = checked(team, text, workspace="demo")
    told = {problem["code"]: problem["message"] for problem in entry["problems"]}
    assert entry["ok"] is True
    assert told["owned"].endswith("In this workspace it stops the plan.")
    assert not {"described", "pinned-environments", "environment-unpinned"} & told.keys()
    usual = checked(team, text)
    told = {problem["code"]: problem["message"] for problem in usual["problems"]}
    assert usual["ok"] is True
    assert {"owned", "described", "pinned-environments"} <= told.keys()
    assert "environment-unpinned" not in told
    assert not any("In this workspace" in message for message in told.values())


# The page


def test_the_checks_of_a_change_stand_by_level_failed_first_with_help_and_line(team: Team) -> None:
    set_levels(team, owned="soft")
    change = approved(team, opened(team, UNOWNED))
    client = Client()
    client.force_login(team["operator"])
    address = reverse("change-detail", args=[change.pk])
    shown = client.get(f"{address}?tab=checks").content.decode()
    assert [shown.index(f'id="checks-{level}"') for level in ("hard", "soft", "advisory")] == sorted(
        shown.index(f'id="checks-{level}"') for level in ("hard", "soft", "advisory")
    )
    assert shown.index("/help/checks/owned/") < shown.index("/help/checks/pinned-references/")
    [place] = outcomes(change)["owned"]["places"]
    assert f"?tab=documents#doc-0-L{place['line']}" in shown
    assert f'id="doc-0-L{place["line"]}"' in client.get(f"{address}?tab=documents").content.decode()
    read = client.get(f"{address}?tab=documents").content.decode()
    assert "/help/checks/owned/" in read
    assert "/help/checks/under-version-control/" not in read  # it stops nothing, and stands in the list of checks
    assert "were set more strictly" not in shown
    set_levels(team, described="hard")
    assert "described failed as advisory" in client.get(f"{address}?tab=checks").content.decode()
