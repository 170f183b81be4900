"""Documents that are wrong, sent by REST: each is told with its place and a fix, and the change says what is next."""

from __future__ import annotations

import pytest

from tests.queue.draining import drain
from tests.rest.test_contract import asked, sent
from tests.security.world import MINE, World, documents_of

COMPONENT = documents_of(MINE, 7)[0][1]
SCHEDULE = (
    f"name: s\ntrigger: {{type: cron, expression: '0 6 * * 1', time_zone: UTC}}\ncreate_job: azureml:{MINE}_pipe:1\n"
)
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
WRONG = {
    "no YAML": ["a: ["],
    "of another kind": ["$schema: https://azuremlschemas.azureedge.net/latest/onlineEndpoint.schema.json\nname: e\n"],
    "two of one name": [COMPONENT, COMPONENT],
    "a key twice": [f"{COMPONENT}name: another\n"],
    "a bomb": [BOMB],
    "depth": ["[" * 3000],
    "a reference to nothing": [COMPONENT.replace(f"{MINE}_environments:1", "nobody:1")],
    "an unknown zone": [SCHEDULE.replace("UTC", "Mars/Olympus")],
    "a schedule that has ended": [SCHEDULE.replace("UTC}", 'UTC, end_time: "2001-01-01T00:00:00"}')],
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_with_its_fix_and_waits_for_its_author(world: World, what: str) -> None:
    author = world.mine.browser("author")
    documents = [{"path": f"{index}.yml", "content": text} for index, text in enumerate(WRONG[what])]
    body = {"workspace": MINE, "title": what, "description": "", "documents": documents, "submit": True}
    number = sent(author, "changes/", body, 201)["number"]
    drain()
    change = asked(author, f"changes/{number}/")
    assert change["state"] in ("draft", "plan_failed")
    assert "author" in change["next"]
    found = [problem for document in change["documents"] for problem in document["problems"]]
    errors = [problem for problem in found if problem["severity"] == "error"]
    assert errors, change
    assert all(problem["message"] and problem["fix"] and problem["line"] for problem in errors)
    assert all(len(problem["message"]) < 400 for problem in errors)


def test_a_time_before_now_is_advice_the_plan_shows(world: World) -> None:
    author = world.mine.browser("author")
    text = SCHEDULE.replace("UTC}", 'UTC, start_time: "2001-01-01T00:00:00"}')
    documents = [{"path": "s.yml", "content": text}]
    found = sent(author, "documents/check/", {"workspace": MINE, "documents": documents}, 200)
    assert any("start_time" in problem["path"] for problem in found[0]["problems"]), found
