"""The story by REST with three accounts in their browsers and a token, and every refusal on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.models import User
from mlopsportal.accounts.permissions import Role
from mlopsportal.accounts.workflow import create_token
from mlopsportal.changes import workflow
from mlopsportal.changes.models import ChangeRequest
from registry.models import Workspace
from tests.changes.building import PREP, Team, component_text, fresh, guide_documents, opened
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox

KEYS = {
    "number",
    "workspace",
    "state",
    "title",
    "author",
    "revision",
    "revision_digest",
    "documents",
    "plan",
    "checks",
    "reviews",
    "approvals",
    "steps",
    "next",
}


class Door:
    """The REST interface as one account sees it: signed in, or with a token."""

    def __init__(self, user: User, *, token: bool = False) -> None:
        self.client = Client()
        self.headers: Mapping[str, str] = {}
        if token:
            _, secret = create_token(user, "ci", 1, actor=actor_of_user(user))
            self.headers = {"authorization": f"Bearer {secret}"}
        else:
            self.client.force_login(user)

    def get(self, path: str) -> tuple[int, Any]:
        answer = self.client.get(f"/api/v1/{path}", headers=self.headers)
        return answer.status_code, answer.json()

    def post(self, path: str, body: Any = None, method: str = "post") -> tuple[int, Any]:
        send = getattr(self.client, method)
        answer = send(f"/api/v1/{path}", body or {}, content_type="application/json", headers=self.headers)
        return answer.status_code, answer.json()


def body(*documents: tuple[str, str], **more: Any) -> dict[str, Any]:
    given = [{"path": path, "content": text} for path, text in documents or [("prep.yml", PREP)]]
    return {"workspace": "demo", "title": "A change", "description": "", "documents": given, **more}


def test_the_whole_story_by_rest(team: Team, sandbox: RunningSandbox) -> None:
    author, reviewer, operator = (Door(team[name]) for name in ("author", "reviewer", "operator"))
    code, change = author.post("changes/", body(*guide_documents(), submit=True))
    assert (code, change["state"], change["plan"], set(change)) == (201, "planning", None, KEYS)
    path = f"changes/{change['number']}/"
    drain()
    change = author.get(path)[1]
    assert (change["state"], change["next"]) == ("in_review", "one approval by a reviewer")
    assert change["plan"]["summary"] == {"add": 4, "change": 0, "remove": 0}
    digest = change["plan"]["digest"]
    code, change = reviewer.post(f"{path}reviews/", {"verdict": "approve", "plan_digest": digest, "comment": "Fine."})
    assert (code, change["state"], change["approvals"]["given"]) == (200, "approved", 1)
    assert change["reviews"] == [
        {"reviewer": "reviewer", "verdict": "approve", "plan_digest": digest, "counts": True, "comment": "Fine."}
    ]
    mark = sandbox.journal()[-1]["id"]
    assert operator.post(f"{path}apply/")[0] == 200
    drain()
    change = author.get(path)[1]
    assert (change["state"], [step["state"] for step in change["steps"]]) == ("applied", ["verified"] * 4)
    assert [step["attempts"] for step in change["steps"]] == [1, 1, 1, 1]
    sent = sandbox.writes(mark)
    assert [write["path"] for write in sent] == [request["arm_id"] for request in change["plan"]["requests"]]


def test_a_token_opens_and_submits_but_never_reviews_or_applies(team: Team) -> None:
    team.add("everything", *Role)
    token = Door(team["everything"], token=True)
    code, change = token.post("changes/", body())
    assert code == 201
    path = f"changes/{change['number']}/"
    drain()
    assert token.post(f"{path}submit/")[0] == 200
    digest = token.get(path)[1]["plan"]["digest"]
    assert token.post(f"{path}reviews/", {"verdict": "approve", "plan_digest": digest})[0] == 403
    assert token.post(f"{path}apply/")[0] == 403
    assert token.post(f"{path}comments/", {"comment": "Please look."})[0] == 200
    assert token.post(f"{path}withdraw/")[1]["state"] == "withdrawn"


def test_a_token_works_on_its_owners_changes_only(team: Team) -> None:
    change = opened(team, submit=False)
    team.add("other", Role.AUTHOR)
    token = Door(team["other"], token=True)
    for verb in ("submit", "withdraw"):
        assert token.post(f"changes/{change.pk}/{verb}/")[0] == 403


def test_a_review_of_another_plan_is_refused_with_the_state(team: Team) -> None:
    change = opened(team)
    answer = Door(team["reviewer"]).post(
        f"changes/{change.pk}/reviews/", {"verdict": "approve", "plan_digest": "0" * 64}
    )
    assert (answer[0], answer[1]["state"]) == (409, "in_review")


def test_a_verb_in_the_wrong_state_is_refused_with_the_state(team: Team) -> None:
    change = opened(team)
    code, answer = Door(team["operator"]).post(f"changes/{change.pk}/apply/")
    assert (code, answer["state"]) == (409, "in_review")
    code, answer = Door(team["author"]).post(f"changes/{change.pk}/submit/")
    assert (code, answer["state"]) == (409, "in_review")


@pytest.mark.parametrize(
    ("who", "verb", "given"),
    [
        ("viewer", "submit", {}),
        ("reviewer", "apply", {}),
        ("author", "apply", {}),
        ("operator", "reviews", {"verdict": "approve", "plan_digest": "x"}),
        ("author", "reviews", {"verdict": "approve", "plan_digest": "x"}),
        ("admin", "reviews", {"verdict": "approve", "plan_digest": "x"}),
        ("viewer", "comments", {"comment": "x"}),
        ("reviewer", "withdraw", {}),
    ],
)
def test_what_a_role_may_not_is_forbidden(team: Team, who: str, verb: str, given: dict[str, str]) -> None:
    change = opened(team)
    assert Door(team[who]).post(f"changes/{change.pk}/{verb}/", given)[0] == 403


def test_changes_of_another_workspace_are_not_there(team: Team) -> None:
    change = opened(team)
    elsewhere = Workspace.objects.create(slug="other", subscription_id="0", resource_group="r", name="other")
    outsider = Team(elsewhere).add("outsider", Role.ADMIN)
    door = Door(outsider)
    assert door.get(f"changes/{change.pk}/")[0] == 404
    assert door.post(f"changes/{change.pk}/withdraw/")[0] == 404
    assert door.get("changes/")[1]["results"] == []
    assert door.post("changes/", body())[0] == 404
    assert door.post("documents/check/", body())[0] == 404


@pytest.mark.parametrize(
    "spoiled",
    [
        {"documents": []},
        {"documents": [{"path": "../a.yml", "content": "x"}]},
        {"documents": [{"path": "a.yml", "content": "x"}, {"path": "./a.yml", "content": "y"}]},
        {"documents": [{"path": "/etc/a.yml", "content": "x"}]},
        {"documents": "x"},
        {"title": ""},
        {"title": "x" * 201},
        {"documents": [{"path": "a.yml"}]},
        {"workspace": 7.5},
    ],
)
def test_a_malformed_request_is_a_400(team: Team, spoiled: dict[str, Any]) -> None:
    code, answer = Door(team["author"]).post("changes/", {**body(), **spoiled})
    assert (code, ChangeRequest.objects.count()) == (400, 0), answer


@pytest.mark.parametrize(
    "text",
    ["a: [", "a: 1\na: 2\n", "&a [*a]", "name: x\ntype: command\n", "", "just words", "!!python/object:os.system x"],
)
def test_documents_with_problems_make_a_draft_that_cannot_be_submitted(team: Team, text: str) -> None:
    door = Door(team["author"])
    code, change = door.post("changes/", body(("bad.yml", text), submit=True))
    assert (code, change["state"]) == (201, "draft")
    assert [problem for problem in change["documents"][0]["problems"] if problem["severity"] == "error"]
    drain()
    code, answer = door.post(f"changes/{change['number']}/submit/")
    assert (code, answer["state"]) == (422, "draft")
    assert {"file", "code", "line", "message", "fix"} <= set(answer["problems"][0])


def test_a_new_revision_is_sent_by_patch(team: Team) -> None:
    door = Door(team["author"])
    number = opened(team).pk
    documents = body(("prep.yml", component_text()))["documents"]
    code, change = door.post(f"changes/{number}/", {"documents": documents, "title": "Another"}, method="patch")
    assert (code, change["revision"], change["title"], change["state"]) == (200, 2, "Another", "planning")
    drain()
    assert door.get(f"changes/{number}/")[1]["plan"]["steps"][0]["ref"] == "component:prepare:1"


def test_lists_are_filtered_and_paged(team: Team) -> None:
    numbers = [opened(team, [("a.yml", component_text(f"step_{index}"))]).pk for index in range(3)]
    workflow.withdraw(ChangeRequest.objects.get(pk=numbers[0]), actor=team.actor("author"))
    door = Door(team["reviewer"])
    shown = [row["number"] for row in door.get("changes/?state=in_review")[1]["results"]]
    assert shown == [numbers[2], numbers[1]]
    assert [row["number"] for row in door.get("changes/?awaiting=me")[1]["results"]] == shown
    first = door.get("changes/?size=2")[1]
    assert [row["number"] for row in first["results"]] == shown
    rest = door.client.get(first["next"]).json()
    assert [row["number"] for row in rest["results"]] == [numbers[0]]
    assert Door(team["author"]).get("changes/?awaiting=me")[1]["results"] == []
    assert door.get("changes/?state=banana")[0] == 400
    assert door.get("changes/?awaiting=you")[0] == 400


def test_documents_are_checked_as_they_stand(team: Team) -> None:
    code, found = Door(team["viewer"]).post("documents/check/", body(*guide_documents()))
    assert code == 200
    assert [(entry["file"], entry["ok"]) for entry in found] == [
        ("data-prep-component.yml", True),
        ("training-pipeline.yml", False),
        ("pipeline-schedule.yml", False),
        ("data-driven-schedule.yml", False),
    ]
    assert ChangeRequest.objects.count() == 0


def test_the_number_of_queries_does_not_grow_with_the_change(team: Team, django_assert_max_num_queries: Any) -> None:
    change = opened(team, guide_documents())
    door = Door(team["reviewer"])
    with django_assert_max_num_queries(25):
        door.get(f"changes/{change.pk}/")
    assert fresh(change).state == "in_review"


@pytest.mark.parametrize(
    "text",
    [
        'name: "a\\0b"\ntype: command\n',
        'name: s\ntrigger: {type: cron, expression: "* * * * *"}\njob: {path: "a\\0b", type: pipeline}\n',
        'type: pipeline\njobs: {"a\\0": {component: "azureml:x:1", inputs: {y: "${{jobs.b\\0.outputs.c}}"}}}\n',
        'action: cancel\ntarget: "run:a%00b"\n',
        'action: archive\ntarget: "component:a%00:1"\n',
        'action: delete\ntarget: "trigger:a%00"\n',
        'action: run\ntarget: "component:%F0%9F%98%80:1"\nname: "a/../b"\n',
    ],
)
def test_control_characters_in_values_are_no_server_error(team: Team, text: str) -> None:
    door = Door(team["author"])
    code, change = door.post("changes/", body(("bad.yml", text), submit=True))
    assert code == 201
    drain()
    code, change = door.get(f"changes/{change['number']}/")
    assert (code, change["state"] in ("draft", "plan_failed")) == (200, True)


@pytest.mark.django_db
def test_a_filter_that_is_misspelt_is_refused_instead_of_left_out(team: Team) -> None:
    status, told = Door(team["author"]).get("changes/?worksapce=demo")
    assert (status, [problem["path"] for problem in told["problems"]]) == (400, ["worksapce"])
    assert Door(team["author"]).get("changes/?workspace=demo&awaiting=me&size=5")[0] == 200


@pytest.mark.django_db
def test_documents_are_limited_by_what_a_form_can_carry_back_whatever_their_letters(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlopsportal.changes.bundling.MOST_BYTES", 100)
    body = {"workspace": "demo", "title": "Letters", "documents": [{"path": "a.yml", "content": "ж" * 51}]}
    status, told = Door(team["author"]).post("changes/", body)
    assert status == 400
    assert "larger than 100 bytes" in str(told)
