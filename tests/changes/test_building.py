"""The steps of a plan: what each kind of document and action becomes, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mlopsportal.accounts.errors import NotAllowed
from mlopsportal.accounts.permissions import Role
from mlopsportal.changes import workflow
from mlopsportal.changes.errors import WrongState
from mlopsportal.changes.gate import refusals
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import PlanState, State
from registry.models import Run, Version, Workspace
from scheduling.models import Schedule, Trigger
from tests.changes.building import (
    PREP,
    Team,
    applied,
    approved,
    component_text,
    events_of,
    fresh,
    guide_documents,
    guided,
    opened,
    plan_of,
    queued,
    schedule_text,
)
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox


def action(verb: str, target: str, *lines: str) -> tuple[str, str]:
    return f"{verb}.yml", "\n".join([f"action: {verb}", f'target: "{target}"', *lines])


def steps_of(change: ChangeRequest) -> list[tuple[str, str]]:
    return [(step.ref, step.action) for step in plan_of(change).steps.all()]


def codes_of(change: ChangeRequest) -> list[str]:
    return [problem["code"] for problem in plan_of(change).problems if problem["severity"] == "error"]


def test_every_repair_and_lift_is_a_visible_line(team: Team) -> None:
    change = opened(team, guide_documents())
    repairs = {
        document.path: [line["code"] for line in document.repairs] for document in change.revision.documents.all()
    }
    assert repairs["data-prep-component.yml"] == []
    assert {"binding-old-jobs", "compute-missing", "lifted", "lifted-data"} <= set(repairs["training-pipeline.yml"])
    assert repairs["pipeline-schedule.yml"] == ["schedule-time-zone-place", "schedule-job-form"]
    assert repairs["data-driven-schedule.yml"] == ["schedule-job-form"]


def test_a_plan_says_what_a_new_version_means_for_those_who_use_it(team: Team) -> None:
    assert applied(team, [("a.yml", component_text())]).state == State.APPLIED
    text = component_text(version="2").replace("  raw_data: {type: uri_folder}", "  raw_data: {type: uri_file}")
    change = opened(team, [("a.yml", text)])
    assert plan_of(change).verdict == "breaking"
    assert any("raw_data" in reason["path"] for reason in plan_of(change).reasons)
    assert plan_of(opened(team, [("b.yml", component_text("another"))])).verdict == "minor"


def test_an_existing_version_with_other_content_is_a_problem_not_an_overwrite(team: Team) -> None:
    assert applied(team, [("a.yml", component_text())]).state == State.APPLIED
    change = opened(team, [("a.yml", component_text(command="python other.py"))])
    assert change.state == State.PLAN_FAILED
    [problem] = [found for found in plan_of(change).problems if found["severity"] == "error"]
    assert (problem["code"], problem["path"], problem["line"]) == ("version-exists", "version", 3)
    assert "use version 2" in problem["message"]


def test_an_existing_version_with_the_same_content_is_no_step(team: Team) -> None:
    assert applied(team, [("a.yml", component_text())]).state == State.APPLIED
    change = opened(team, [("a.yml", component_text()), ("b.yml", component_text("another"))])
    assert steps_of(change) == [("component:another:1", "create")]
    assert opened(team, [("a.yml", component_text())], submit=False).state == State.NO_CHANGE


def test_a_version_left_open_is_fixed_for_all_plans_of_the_revision(team: Team, sandbox: RunningSandbox) -> None:
    guided(team)
    name, text = guide_documents()[1]
    changed = text.replace("display_name: Training Pipeline", "display_name: Training, again").replace(
        "train_job", "fit_job"
    )
    change = opened(team, [(name, changed)])
    assert steps_of(change) == [("component:training_pipeline:2", "create")]
    spec = {"name": "training_pipeline", "version": "2", "type": "pipeline", "jobs": {}}
    sandbox.edit("components", "training_pipeline", "2", replace={"componentSpec": spec})
    change = workflow.replan(change, actor=team.actor("author"))
    drain()
    change = fresh(change)
    assert (change.state, codes_of(change)) == (State.PLAN_FAILED, ["version-exists"])
    documents = [(name, changed + "\ndescription: Again\n")]
    workflow.revise(change, documents, actor=team.actor("author"))
    drain()
    assert steps_of(fresh(change)) == [("component:training_pipeline:3", "create")]


def test_a_schedule_is_created_edited_paused_and_deleted(team: Team, sandbox: RunningSandbox) -> None:
    guided(team)
    assert applied(team, [("s.yml", schedule_text())]).state == State.APPLIED
    change = applied(team, [("s.yml", schedule_text(hour=4))])
    assert (change.state, steps_of(change)) == (State.APPLIED, [("schedule:nightly", "update")])
    assert any("hours" in line["path"] for line in plan_of(change).steps.get().changes)
    assert applied(team, [action("disable", "schedule:nightly")]).state == State.APPLIED
    assert not Schedule.objects.get(name="nightly").is_enabled
    edited = applied(team, [("s.yml", schedule_text(hour=5))])
    assert edited.state == State.APPLIED
    assert not Schedule.objects.get(name="nightly").is_enabled
    assert applied(team, [action("enable", "schedule:nightly")]).state == State.APPLIED
    assert Schedule.objects.get(name="nightly").is_enabled
    assert opened(team, [action("enable", "schedule:nightly")]).state == State.NO_CHANGE
    deleted = applied(team, [action("delete", "schedule:nightly")])
    assert (deleted.state, deleted.reason) == (State.APPLIED, "")
    assert Schedule.objects.get(name="nightly").missing_since is not None


def test_a_component_is_archived_and_restored(team: Team) -> None:
    assert applied(team, [("a.yml", component_text())]).state == State.APPLIED
    change = applied(team, [action("archive", "component:prepare:1")])
    assert (change.state, change.reason) == (State.APPLIED, "")
    assert Version.objects.get(name="prepare").is_archived
    assert applied(team, [action("restore", "component:prepare:1")]).state == State.APPLIED
    assert not Version.objects.get(name="prepare").is_archived


def test_archiving_what_a_schedule_runs_takes_an_override_with_a_reason(team: Team) -> None:
    guided(team)
    change = approved(team, opened(team, [action("archive", "component:training_pipeline:1")]))
    assert change.state == State.APPROVED
    with pytest.raises(WrongState, match="nothing-uses-it"):
        workflow.request_apply(change, actor=team.actor("operator"))
    workflow.override(change, code="nothing-uses-it", reason="The schedule goes next.", actor=team.actor("operator"))
    queued(team, change)
    drain()
    assert fresh(change).state == State.APPLIED
    assert "change.overridden" in events_of(change)


def test_a_pipeline_version_is_run_with_its_defaults_by_an_operator_alone(team: Team, sandbox: RunningSandbox) -> None:
    guided(team)
    change = opened(team, [action("run", "component:training_pipeline:1")], by="operator")
    assert (change.state, change.policy) == (State.APPROVED, "standing")
    [step] = plan_of(change).steps.all()
    name = step.ref.partition(":")[2]
    assert name.startswith(f"chg{change.pk}r1-")
    assert dict(step.after or {})["jobs"]["main"]["component"] == "component:training_pipeline:1"
    queued(team, change)
    drain()
    change = fresh(change)
    assert (change.state, change.reason) == (State.APPLIED, "")
    assert Run.objects.get(job_name=name).pipeline_name == "training_pipeline"


def test_a_run_with_other_inputs_or_by_an_author_needs_an_approval(team: Team) -> None:
    guided(team)
    other = action("run", "component:training_pipeline:1", "inputs:", "  raw_data: azureml:test-data:1")
    change = opened(team, [other], by="operator")
    assert (change.state, change.policy) == (State.IN_REVIEW, "review")
    assert dict(plan_of(change).steps.get().after or {})["inputs"]["raw_data"]["uri"] == "data:test-data:1"
    assert opened(team, [action("run", "component:training_pipeline:1")]).state == State.IN_REVIEW


@pytest.mark.parametrize("how", ["open", "submit", "revise"])
def test_a_token_never_has_anything_applied_under_the_standing_policy(team: Team, how: str) -> None:
    guided(team)
    team.add("both", Role.AUTHOR, Role.OPERATOR)
    Workspace.objects.update(auto_apply=True)
    team.workspace.refresh_from_db()
    token, run = team.token("both"), [action("run", "component:training_pipeline:1")]
    first = [("b.yml", component_text("b"))] if how == "revise" else run
    opener = team.actor("both") if how == "revise" else token
    change = workflow.open_change(team.workspace, first, actor=opener, title="A run", submit=how != "submit")
    drain()
    if how == "submit":
        workflow.submit(fresh(change), actor=token)
    if how == "revise":
        workflow.revise(fresh(change), run, actor=token)
    drain()
    change = fresh(change)
    assert (change.state, change.policy, change.submitted_by_token) == (State.IN_REVIEW, "review", True)
    assert not Run.objects.exists()
    ChangeRequest.objects.filter(pk=change.pk).update(policy="standing", state=State.QUEUED)
    assert "standing" in [refusal.code for refusal in refusals(fresh(change))]


def test_a_new_plan_of_a_run_keeps_its_name_and_so_its_digest(team: Team) -> None:
    guided(team)
    change = opened(team, [action("run", "component:training_pipeline:1")])
    steps, digest = steps_of(change), change.plan_digest
    workflow.replan(change, actor=team.actor("author"))
    drain()
    assert (steps_of(fresh(change)), fresh(change).plan_digest) == (steps, digest)
    other = opened(team, [action("run", "component:training_pipeline:1")])
    assert steps_of(other) != steps


def test_a_partial_change_whose_run_has_started_is_planned_again_without_it(
    team: Team, sandbox: RunningSandbox
) -> None:
    guided(team)
    run = action("run", "component:training_pipeline:1")
    change = queued(team, approved(team, opened(team, [run, ("prepare.yml", component_text())])))
    sandbox.fault(method="PUT", path="/components/prepare/", status=400)
    drain()
    change = fresh(change)
    assert change.state == State.PARTIALLY_APPLIED
    [(started, _), *_] = steps_of(change)
    workflow.replan(change, actor=team.actor("author"))
    drain()
    change = fresh(change)
    assert (change.state, steps_of(change)) == (State.IN_REVIEW, [("component:prepare:1", "create")])
    workflow.revise(change, [run], actor=team.actor("author"))
    drain()
    [step] = plan_of(fresh(change)).steps.all()
    assert step.ref != started
    assert [started in note["message"] for note in step.notes] == [True]


def test_a_run_under_the_name_of_ours_with_other_content_is_a_problem(team: Team) -> None:
    guided(team)
    change = opened(team, [action("run", "component:training_pipeline:1")])
    name = steps_of(change)[0][0].partition(":")[2]
    other = action("run", "component:training_pipeline:1", f"name: {name}", "display_name: Another")
    assert queued(team, approved(team, opened(team, [other]))).state == State.QUEUED
    drain()
    workflow.replan(change, actor=team.actor("author"))
    drain()
    assert (fresh(change).state, codes_of(fresh(change))) == (State.PLAN_FAILED, ["run-exists"])


def test_a_run_is_cancelled_by_an_operator_alone(team: Team, sandbox: RunningSandbox) -> None:
    guided(team)
    change = opened(team, [action("run", "component:training_pipeline:1")], by="operator")
    queued(team, change)
    drain()
    name = plan_of(fresh(change)).steps.get().ref.partition(":")[2]
    cancel = opened(team, [action("cancel", f"run:{name}")], by="operator")
    assert (cancel.state, cancel.policy) == (State.APPROVED, "standing")
    queued(team, cancel)
    drain()
    cancel = fresh(cancel)
    assert (cancel.state, cancel.reason) == (State.APPLIED, "")
    assert opened(team, [action("cancel", f"run:{name}")], by="operator").state in (State.NO_CHANGE, State.APPROVED)


def test_an_operator_alone_pauses_but_does_not_enable_or_write_components(team: Team) -> None:
    guided(team)
    paused = opened(team, [action("disable", "schedule:weekly_training")], by="operator")
    assert (paused.state, paused.policy) == (State.APPROVED, "standing")
    for document in (action("enable", "schedule:weekly_training"), ("a.yml", PREP)):
        with pytest.raises(NotAllowed):
            opened(team, [document], by="operator")


def test_a_trigger_is_stored_paused_and_removed_through_the_same_ring(team: Team) -> None:
    guided(team)
    trigger = Trigger.objects.get(name="data_driven_training")
    assert (trigger.is_enabled, trigger.is_firing) == (True, False)
    assert trigger.pipeline_ref == "component:training_pipeline:1"
    assert applied(team, [action("disable", "trigger:data_driven_training")]).state == State.APPLIED
    assert not Trigger.objects.get().is_enabled
    change = applied(team, [action("delete", "trigger:data_driven_training")])
    assert change.state == State.APPLIED
    assert not Trigger.objects.exists()
    assert "trigger.removed" in events_of(change)


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ([action("archive", "component:nothing:1")], "reference-unknown"),
        ([action("cancel", "run:nothing")], "reference-unknown"),
        ([action("delete", "trigger:nothing")], "reference-unknown"),
        ([action("run", "component:nothing:1")], "reference-unknown"),
        ([("a.yml", component_text().replace("data-prep-env:1", "data-prep-env:9"))], "reference-unknown"),
        ([("a.yml", component_text()), ("b.yml", component_text())], "document-duplicate"),
        ([("s.yml", schedule_text(pipeline="azureml:nothing:1"))], "reference-unknown"),
        ([("s.yml", schedule_text().replace("time_zone: UTC", "time_zone: Mars/Base"))], "schedule-time-zone"),
    ],
)
def test_what_cannot_be_planned_is_a_problem_of_its_document(
    team: Team, documents: Sequence[tuple[str, str]], code: str
) -> None:
    change = opened(team, documents)
    assert change.state in (State.DRAFT, State.PLAN_FAILED)
    assert code in codes_of(change), plan_of(change).problems


def test_two_documents_that_change_one_object_are_refused(team: Team) -> None:
    guided(team)
    documents = [("s.yml", schedule_text("weekly_training")), action("disable", "schedule:weekly_training")]
    change = opened(team, documents)
    assert change.state == State.PLAN_FAILED
    assert codes_of(change) == ["two-steps-on-one-object"]


def test_a_secret_fails_the_plan(team: Team) -> None:
    text = component_text(command="python a.py --conn AccountKey=abcdefghijklmnop")
    change = opened(team, [("a.yml", text)])
    assert change.state in (State.DRAFT, State.PLAN_FAILED)
    assert plan_of(change).state == PlanState.FAILED
