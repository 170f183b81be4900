"""The whole story over real HTTP: a token proposes, a person reviews, another applies, and everything is there after.

The author's program knows nothing but the REST interface and a token; the reviewer and the operator are signed in,
as their browsers are. The queue is the real one, drained where a worker would.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from mlopsportal.accounts.workflow import create_token
from mlopsportal.audit.actions import SYSTEM
from mlopsportal.changes.models import ChangeRequest
from registry.sync import sync_workspace
from tests.changes.building import GUIDE_FILES, Team, guide_documents, make_team, stocked_sandbox
from tests.queue.draining import drain
from tests.rest.shapes import CHANGE, PLAN, assert_shape
from tests.sandbox_server import RunningSandbox

PASSWORD = "correct horse battery"


@dataclass
class Door:
    """The REST interface of a running portal, as one caller reaches it."""

    portal: str
    session: requests.Session = field(default_factory=requests.Session)

    @classmethod
    def with_token(cls, portal: str, secret: str) -> Door:
        door = cls(portal)
        door.session.headers["Authorization"] = f"Bearer {secret}"
        return door

    @classmethod
    def signed_in(cls, portal: str, name: str) -> Door:
        """Sign in through the form, as a browser does; later writes carry the cookie's token in a header."""
        door = cls(portal)
        address = f"{portal}/accounts/login/"
        door.session.get(address, timeout=30)
        form = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": door.session.cookies["csrftoken"]}
        answer = door.session.post(address, form, headers={"Referer": address}, allow_redirects=False, timeout=30)
        assert answer.status_code == 302, answer.text
        door.session.headers["X-CSRFToken"] = door.session.cookies["csrftoken"]
        return door

    def get(self, path: str, status: int = 200, **query: str) -> Any:
        return self._asked("GET", path, status, params=query)

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        return self._asked("POST", path, status, json=body)

    def _asked(self, method: str, path: str, status: int, **options: Any) -> Any:
        answer = self.session.request(method, f"{self.portal}/api/v1/{path}", timeout=60, **options)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:500])
        assert answer.headers["Content-Type"] == "application/json"
        return answer.json()


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with stocked_sandbox() as running:
        yield running


@pytest.fixture
def team(committed_db: None, sandbox: RunningSandbox) -> Team:
    return make_team(sandbox)


def test_the_guides_files_are_proposed_reviewed_applied_and_run(
    team: Team, sandbox: RunningSandbox, live_portal: str
) -> None:
    _, secret = create_token(team["author"], "build", 1, actor=team.actor("author"))
    author = Door.with_token(live_portal, secret)
    reviewer, operator = Door.signed_in(live_portal, "reviewer"), Door.signed_in(live_portal, "operator")
    mark = sandbox.journal()[-1]["id"]

    path = propose(author)
    drain()
    change = author.get(path)
    assert_planned(change)
    assert_shape(change, CHANGE)
    change = approve(reviewer, operator, path, change)
    assert sandbox.writes(mark) == []
    assert operator.post(f"{path}apply/", {})["state"] == "queued"
    assert operator.post(f"{path}apply/", {}, 409)["state"] == "queued"
    drain()
    assert_applied(author.get(path), sandbox, mark)
    assert_mirrored(author)
    assert_run(operator, author, team, sandbox)
    assert_logged(Door.signed_in(live_portal, "auditor"), author, change["number"])


def propose(author: Door) -> str:
    """Send the four files as they are; return where the change is."""
    documents = [{"path": name, "content": text} for name, text in guide_documents()]
    body = {"workspace": "demo", "title": "The guide", "description": "", "documents": documents, "submit": False}
    change = author.post("changes/", body, 201)
    assert_shape(change, CHANGE)
    assert (change["plan"], change["author"], change["revision"]) == (None, "author", 1)
    path = f"changes/{change['number']}/"
    assert author.post(f"{path}submit/", {})["state"] == "planning"
    return path


def assert_planned(change: Any) -> None:
    assert (change["state"], change["next"]) == ("in_review", "one approval by a reviewer")
    assert [document["path"] for document in change["documents"]] == list(GUIDE_FILES)
    repaired = {document["path"] for document in change["documents"] if document["repairs"]}
    assert repaired == {"training-pipeline.yml", "pipeline-schedule.yml", "data-driven-schedule.yml"}
    plan = change["plan"]
    assert_shape(plan, PLAN)
    assert plan["summary"] == {"add": 4, "change": 0, "remove": 0}
    assert [(step["ref"], step["action"], step["base"]) for step in plan["steps"]] == [
        ("component:data_preparation:1", "create", None),
        ("component:training_pipeline:1", "create", None),
        ("schedule:weekly_training", "create", None),
        ("trigger:data_driven_training", "store", None),
    ]
    assert [(request["method"], request["arm_id"].rpartition("/workspaces/")[2]) for request in plan["requests"]] == [
        ("PUT", f"{workspace_of(plan)}/components/data_preparation/versions/1"),
        ("PUT", f"{workspace_of(plan)}/components/training_pipeline/versions/1"),
        ("PUT", f"{workspace_of(plan)}/schedules/weekly_training"),
    ]
    assert change["approvals"]["given"] == 0
    assert change["approvals"]["needed"] == 1
    assert [step["state"] for step in change["steps"]] == ["pending"] * 4


def workspace_of(plan: Any) -> str:
    arm_id: str = plan["requests"][0]["arm_id"]
    return arm_id.partition("/workspaces/")[2].partition("/")[0]


def approve(reviewer: Door, operator: Door, path: str, change: Any) -> Any:
    """Let nobody but the reviewer approve, and nothing but this plan be approved."""
    digest = change["plan"]["digest"]
    review = {"verdict": "approve", "plan_digest": digest, "comment": "As in the guide."}
    assert operator.post(f"{path}reviews/", review, 403)["detail"]
    assert operator.post(f"{path}apply/", {}, 409)["state"] == "in_review"
    assert reviewer.post(f"{path}reviews/", {**review, "plan_digest": "0" * 64}, 409)["state"] == "in_review"
    change = reviewer.post(f"{path}reviews/", review)
    assert (change["state"], change["approvals"]["given"]) == ("approved", 1)
    assert change["reviews"] == [
        {
            "reviewer": "reviewer",
            "verdict": "approve",
            "plan_digest": digest,
            "counts": True,
            "comment": "As in the guide.",
        }
    ]
    assert_shape(change, CHANGE)
    return change


def assert_applied(change: Any, sandbox: RunningSandbox, mark: int) -> None:
    """Everything is verified, and the workspace's own journal holds the approved bytes, each once."""
    assert (change["state"], change["next"]) == ("applied", "nothing: it is applied and verified")
    assert [(step["state"], step["attempts"]) for step in change["steps"]] == [("verified", 1)] * 4
    plan = ChangeRequest.objects.get(pk=change["number"]).plan
    assert plan is not None
    approved = [step.payload_bytes for step in plan.steps.order_by("position") if step.is_remote]
    written = sandbox.writes(mark)
    assert [entry["body"].encode() for entry in written] == approved
    assert [entry["path"] for entry in written] == [request["arm_id"] for request in change["plan"]["requests"]]
    assert [json.loads(entry["body"]) for entry in written] == [
        request["body"] for request in change["plan"]["requests"]
    ]


def assert_mirrored(author: Door) -> None:
    """What was applied is in the mirror at once."""
    component = author.get("workspaces/demo/components/data_preparation/versions/1/")
    assert component["ref"] == "component:data_preparation:1"
    pipeline = author.get("workspaces/demo/pipelines/training_pipeline/versions/1/")
    assert pipeline["ref"] == "component:training_pipeline:1"
    assert author.get("workspaces/demo/schedules/weekly_training/")["pipeline_ref"] == "component:training_pipeline:1"


def assert_run(operator: Door, author: Door, team: Team, sandbox: RunningSandbox) -> None:
    """The operator runs the new version with its defaults, under the standing policy; the run and its lineage show."""
    content = 'action: run\ntarget: "component:training_pipeline:1"\n'
    body = {"workspace": "demo", "title": "Run it", "documents": [{"path": "run.yml", "content": content}]}
    change = operator.post("changes/", {**body, "submit": True}, 201)
    drain()
    path = f"changes/{change['number']}/"
    assert operator.get(path)["state"] == "approved"
    operator.post(f"{path}apply/", {})
    drain()
    ref = operator.get(path)["steps"][0]["ref"]
    sandbox.advance(24 * 3600)
    sync_workspace(team.workspace, actor=SYSTEM, reason="test")
    [row] = author.get("workspaces/demo/runs/", pipeline="training_pipeline")["results"]
    assert row["status"] == "Completed"
    run = author.get(f"workspaces/demo/runs/{row['job_name']}/")
    assert run["job_name"] in ref or run["pipeline_ref"] == "component:training_pipeline:1"
    lineage = author.get("workspaces/demo/lineage/", ref=f"run:{row['job_name']}")
    refs = {node["ref"].removeprefix("demo/") for node in lineage["nodes"]}
    assert {f"run:{row['job_name']}", "data:raw-data:1"} <= refs


def assert_logged(auditor: Door, author: Door, number: int) -> None:
    """The log tells the story in order, to those who may read it."""
    assert author.get("audit/", 403)["detail"]
    events = auditor.get("audit/", change=str(number), size="200")["results"]
    told = [event["action"] for event in reversed(events)]
    wanted = ["change.opened", "change.submitted", "change.approved", "step.begin", "step.end", "change.applied"]
    assert [action for action in told if action in wanted and action not in ("step.begin", "step.end")] == [
        action for action in wanted if not action.startswith("step.")
    ], told
    assert told.count("step.begin") == told.count("step.end") == 4
    kinds = {event["action"]: event["actor"]["kind"] for event in events}
    assert (kinds["change.opened"], kinds["change.applied"]) == ("token", "system")
