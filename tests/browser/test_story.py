"""The whole story in a real browser: three people bring the guide's four files to life, and run what they made."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.people import Person
from tests.browser.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.slow]
GUIDE = Path(__file__).resolve().parents[1] / "guide"
FILES = ("data-prep-component.yml", "training-pipeline.yml", "pipeline-schedule.yml", "data-driven-schedule.yml")
TITLE = "Train weekly, and when data arrives"


@pytest.fixture(autouse=True)
def patience() -> None:
    expect.set_options(timeout=30_000)


def number_of(page: Page) -> int:
    found = re.search(r"/changes/(\d+)/", page.url)
    assert found, page.url
    return int(found[1])


def see_state(page: Page, words: str) -> None:
    """Wait until the page itself, without being loaded again by us, says that the change is in this state."""
    expect(page.locator("#state")).to_contain_text(words)


def open_the_guide(author: Person) -> int:
    """Upload the four files as they are in one change; return its number."""
    page = author.goes("/")
    page.get_by_role("link", name="Propose a change").click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Description").fill("The training pipeline of the guide, with both of its schedules.")
    page.get_by_label("YAML files").set_input_files([GUIDE / name for name in FILES])
    author.presses("Open and ask for review")
    page.wait_for_url("**/changes/*/")
    see_state(page, "In review · 0 of 1 approval")
    return number_of(page)


def plan_rows(page: Page) -> list[str]:
    return page.get_by_role("region", name="If approved").locator(".rows > li").all_inner_texts()


def test_three_people_bring_the_guide_to_life(portal: Portal, signed_in: SignedIn) -> None:
    author, reviewer, operator = (signed_in(name) for name in ("author", "reviewer", "operator"))

    number = open_the_guide(author)
    the_author_sees_the_repairs_and_may_not_approve(author)
    the_reviewer_finds_reads_and_approves_it(reviewer, number)
    the_operator_applies_it(operator, number)
    what_was_made_is_there_at_once(author)
    the_log_tells_all_of_it(signed_in("auditor"), number)
    the_workspace_got_what_was_approved_once(portal, author, number)

    run_number, job = a_run_is_wished_approved_and_started(author, reviewer, operator)
    the_run_is_seen_to_its_end(author, job)
    the_workspace_got_what_was_approved_once(portal, author, run_number)


def the_author_sees_the_repairs_and_may_not_approve(author: Person) -> None:
    page = author.page
    component, pipeline, schedule, trigger = plan_rows(page)
    assert "Create component data_preparation 1" in component
    assert "Create pipeline training_pipeline 1" in pipeline
    assert "line 19: ${{jobs. became ${{parent.jobs." in pipeline
    assert "line 5: no compute was set; the workspace's default compute is serverless" in pipeline
    assert "line 2: the pipeline job became a pipeline version" in pipeline
    assert "Create schedule weekly_training" in schedule
    assert "line 13: schedule.time_zone became trigger.time_zone" in schedule
    assert "fires every week at 02:00 (UTC)" in schedule
    assert "trigger data_driven_training" in trigger
    assert "it does not fire yet" in trigger
    expect(
        page.get_by_text("You are the author of this change (author); another person has to approve it.")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Approve this plan")).to_have_count(0)


def the_reviewer_finds_reads_and_approves_it(reviewer: Person, number: int) -> None:
    page = reviewer.goes("/")
    page.get_by_role("region", name="Waiting for your review").get_by_role("link", name=TITLE).click()
    page.wait_for_url(f"**/changes/{number}/")
    requests = page.get_by_role("region", name="Exact requests")
    requests.get_by_text("PUT …/components/data_preparation/versions/1").click()
    expect(requests.get_by_text('"environment": ')).to_contain_text("data-prep-env/versions/1")
    page.get_by_role("link", name="Documents").click()
    document = page.get_by_role("region", name="training-pipeline.yml as written")
    expect(document).to_be_visible()
    written = document.locator("code").all_text_contents()
    assert written == (GUIDE / "training-pipeline.yml").read_text().rstrip("\n").split("\n")
    page.get_by_role("link", name=re.compile("^Plan")).click()
    page.get_by_label("What you say").fill("Read it all; the guide says the same.")
    reviewer.presses("Approve this plan")
    see_state(page, "Approved")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()


def the_operator_applies_it(operator: Person, number: int) -> None:
    page = operator.goes("/")
    page.get_by_role("region", name="Approved, to be applied").get_by_role("link", name=TITLE).click()
    operator.presses("Apply")
    see_state(page, "Applied")
    expect(page.get_by_role("region", name="Applied").get_by_text("Verified")).to_have_count(4)
    page.get_by_role("link", name="Timeline").click()
    for line in (
        f"author opened change {number}",
        f"reviewer approved the plan of change {number}",
        f"operator started the apply of change {number}",
        "mlopsportal finished writing schedule:weekly_training",
        f"mlopsportal applied change {number}",
    ):
        expect(page.get_by_role("region", name="Timeline").get_by_text(line)).to_be_visible()


def what_was_made_is_there_at_once(author: Person) -> None:
    page = author.goes("/w/demo/components/data_preparation/versions/1/")
    expect(
        page.get_by_role("region", name="Ports").get_by_role("row", name=re.compile("raw_data input"))
    ).to_be_visible()
    page = author.goes("/w/demo/pipelines/training_pipeline/versions/1/?tab=graph")
    for node in ("data_prep_job", "train_job", "evaluate_job"):
        expect(page.locator(".graph").get_by_text(node, exact=True)).to_be_visible()
    page = author.goes("/w/demo/schedules/weekly_training/")
    expect(page.get_by_role("link", name="pipeline training_pipeline 1")).to_be_visible()
    expect(page.get_by_text("Every week at 02:00 (UTC).")).to_be_visible()
    page = author.goes("/w/demo/schedules/data_driven_training/")
    expect(page.get_by_text("stored, does not fire yet")).to_be_visible()


def the_log_tells_all_of_it(auditor: Person, number: int) -> None:
    page = auditor.goes("/audit/")
    page.get_by_role("main").locator("[name=change]").fill(str(number))
    auditor.presses("Filter")
    page.wait_for_url("**change=*")
    events = page.get_by_role("region", name="Events")
    actions = [text.strip() for text in events.locator("tbody td:last-child").all_inner_texts()]
    assert actions[0] == "change.applied"
    assert actions[-2:] == ["change.submitted", "change.opened"]
    assert actions.count("step.begin") == actions.count("step.end") == 4
    changes = {text.strip() for text in events.locator("tbody td:nth-child(4)").all_inner_texts()}
    assert changes == {str(number)}
    events.get_by_role("link", name=f"reviewer approved the plan of change {number}").click()
    expect(page.get_by_text("Matches its leaf")).to_be_visible()


def the_workspace_got_what_was_approved_once(portal: Portal, reader: Person, number: int) -> None:
    """Compare the sandbox's own journal with the plan: the digests people saw, and the bodies REST tells."""
    requests = reader.asks(f"changes/{number}/")["plan"]["requests"]
    page = reader.goes(f"/changes/{number}/")
    labels = page.locator("[aria-label='Copy body digest']")
    shown = [label.get_attribute("data-copy") for label in labels.all()]
    assert len(shown) == len(requests) > 0
    for request, digest in zip(requests, shown, strict=True):
        writes = portal.writes(request["arm_id"])
        assert [(write["method"], write["body_sha256"]) for write in writes] == [(request["method"], digest)]
        assert hashlib.sha256(writes[0]["body"].encode()).hexdigest() == digest
        assert json.loads(writes[0]["body"]) == request["body"]


def a_run_is_wished_approved_and_started(author: Person, reviewer: Person, operator: Person) -> tuple[int, str]:
    """Ask for a run through the parameter form and bring it through; return the change and the run's name."""
    page = author.goes("/w/demo/pipelines/training_pipeline/versions/1/")
    page.get_by_role("link", name="Run", exact=True).click()
    expect(page.get_by_label("raw_data")).to_have_value("azureml:raw-data:1")
    page.get_by_label("Display name").fill("First training")
    page.get_by_label("Experiment").fill("guide")
    author.presses("Open and ask for review")
    page.wait_for_url("**/changes/*/")
    number = number_of(page)
    see_state(page, "In review")
    reviewer.goes(f"/changes/{number}/")
    reviewer.presses("Approve this plan")
    see_state(reviewer.page, "Approved")
    operator.goes(f"/changes/{number}/")
    operator.presses("Apply")
    see_state(operator.page, "Applied")
    [step] = author.asks(f"changes/{number}/")["plan"]["steps"]
    return number, step["ref"].removeprefix("run:")


def the_run_is_seen_to_its_end(author: Person, job: str) -> None:
    """Watch the run on its page, which refreshes itself, then its logs, its numbers and where its data came from."""
    page = author.goes(f"/w/demo/runs/{job}/")
    live = page.locator("#run-live")
    expect(page.get_by_text("First training")).to_be_visible()
    expect(live.locator(".graph .node", has_text="Running").first).to_be_visible()
    expect(live.locator("header", has_text="State").get_by_text("Completed")).to_be_visible(timeout=60_000)
    expect(live.locator(".graph .node", has_text="Completed")).to_have_count(3)
    expect(live.get_by_role("region", name="Last values").locator("tbody tr").first).to_be_visible()
    row = live.get_by_role("region", name="Step timings").get_by_role("row", name=re.compile("^data_prep_job"))
    expect(row.get_by_role("link", name="data raw-data 1")).to_be_visible()
    row.get_by_role("link", name="Logs of data_prep_job").click()
    expect(page.locator("pre.block").first).to_contain_text("data_prep")
    page = author.goes("/w/demo/lineage/?ref=data:raw-data:1")
    node = page.locator(".graph .node", has_text=job[:12]).first
    expect(node).to_contain_text("Completed")
    node.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(job)
