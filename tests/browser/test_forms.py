"""The forms as people use and misuse them: typed, mistyped, sent twice, gone back to, and without script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.people import Person, person, violations
from tests.browser.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NEW_SCHEDULE = "/changes/new/?action=schedule&ws=demo&pipeline=component:churn_training:6"


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def author(signed_in: SignedIn) -> Person:
    return signed_in("author")


@pytest.fixture
def team(signed_in: SignedIn) -> Team:
    return Team(signed_in("reviewer"), signed_in("operator"))


COMPONENT = """\
name: NAME
version: "1"
type: command
command: "true"
environment: azureml:data-prep-env:1
"""


class Team:
    """Those who let a change through; by REST, since test_story presses their buttons."""

    def __init__(self, reviewer: Person, operator: Person) -> None:
        self.reviewer, self.operator = reviewer, operator
        for someone in (reviewer, operator):
            someone.goes("/help/")  # brings the token that posting needs

    def approves(self, number: int) -> None:
        change = self.reviewer.waits_for(number, "in_review")
        review = {"verdict": "approve", "plan_digest": change["plan"]["digest"], "comment": ""}
        self.reviewer.sends(f"changes/{number}/reviews/", review)

    def lets_through(self, number: int) -> None:
        self.approves(number)
        self.operator.sends(f"changes/{number}/apply/", {})
        self.operator.waits_for(number, "applied")


def sent(author: Person) -> int:
    """Press the form's main button; return the number of the change that is now open."""
    author.presses("Open and ask for review")
    author.page.wait_for_url(re.compile(r"/changes/\d+/$"))
    # The page loads itself anew when the plan is made; without script somebody has to ask for that.
    look_again = author.page.get_by_role("link", name="Look again")
    if look_again.count():
        author.waits_for(number_of(author.page), "in_review")
        look_again.click()
    expect(author.page.locator("#state")).to_contain_text("In review")
    return number_of(author.page)


def number_of(page: Page) -> int:
    return int(page.url.rstrip("/").rpartition("/")[2])


def fill_schedule(page: Page, name: str) -> None:
    page.get_by_label("Title").fill(f"Schedule {name}")
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    for port in page.locator("[name^=input_]").all():
        if not port.input_value():
            port.fill("azureml:raw-data:1")


def fires(page: Page) -> list[list[str]]:
    """Return the preview's rows: the fire on the zone's clock, then in UTC where that differs."""
    rows = page.locator("#preview").get_by_role("region", name="Fires").locator("tbody tr")
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def test_a_recurrence_is_previewed_while_it_is_typed(author: Person, team: Team) -> None:
    page = author.goes(NEW_SCHEDULE)
    fill_schedule(page, "typed-recurrence")
    page.get_by_label("Tuesday").check()
    page.get_by_label("Thursday").check()
    page.locator("[name=hours]").fill("6, 18")
    page.locator("[name=minutes]").fill("30")
    page.get_by_label("Time zone").select_option("Tokyo Standard Time")
    preview = page.locator("#preview")
    expect(preview.get_by_text("06:30 and 18:30 (Tokyo Standard Time)")).to_be_visible()
    shown = fires(page)
    assert len(shown) == 10
    assert {local.split()[0] for local, _ in shown} == {"Tue", "Thu"}
    assert {(local[-5:], utc[-5:]) for local, utc in shown} == {("06:30", "21:30"), ("18:30", "09:30")}
    number = sent(author)
    team.lets_through(number)
    page = author.goes("/w/demo/schedules/typed-recurrence/")
    expect(page.get_by_role("region", name="Fires").locator("tbody tr")).to_have_count(10)
    expect(page.locator(".title .pill")).to_contain_text("Enabled")


def test_a_cron_expression_is_previewed_and_a_wrong_one_explained(author: Person) -> None:
    page = author.goes(NEW_SCHEDULE)
    fill_schedule(page, "typed-cron")
    page.get_by_label("Cron expression").check()
    page.locator("[name=expression]").fill("15 5 * * 1-5")
    expect(page.locator("#preview tbody tr").first).to_contain_text("05:15")
    assert len(fires(page)) == 10
    page.locator("[name=expression]").fill("61 5 * * *")
    expect(page.locator("#preview").get_by_text("No fires to show yet")).to_be_visible()
    page.locator("[name=expression]").fill("45 5 * * *")
    expect(page.locator("#preview tbody tr").first).to_contain_text("05:45")
    number = sent(author)
    author.waits_for(number, "in_review")


def test_a_bad_form_loses_nothing_and_says_what_is_wrong(author: Person) -> None:
    author.watch.expected = {422}
    page = author.goes(NEW_SCHEDULE)
    fill_schedule(page, "not a legal name")
    page.get_by_label("Description").fill("Two lines\nof why")
    page.locator("[name=hours]").fill("25")
    page.get_by_label("Friday").check()
    page.get_by_label("Time zone").select_option("Tokyo Standard Time")
    author.presses("Open and ask for review")
    expect(page.get_by_text("“25” is not a whole number from 0 to 23.").last).to_be_visible()
    expect(page.get_by_text("Use letters, digits, dash and underscore").last).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Schedule not a legal name")
    expect(page.get_by_label("Description")).to_have_value("Two lines\nof why")
    expect(page.locator("[name=hours]")).to_have_value("25")
    expect(page.get_by_label("Friday")).to_be_checked()
    expect(page.get_by_label("Time zone")).to_have_value("Tokyo Standard Time")
    expect(page.locator("[name=hours]")).to_have_attribute("aria-invalid", "true")


def test_documents_with_problems_are_shown_with_their_lines_and_kept(author: Person) -> None:
    text = "type: command\nname: half_done\nversion: 1\ncommand: echo\nenvironment: azureml:not-there:1\n"
    page = author.goes("/changes/new/?ws=demo")
    page.locator("[name=doc-0-path]").fill("half.yml")
    page.locator("[name=doc-0-content]").fill(text)
    author.presses("Check")
    expect(page.get_by_role("main").get_by_text("not-there").last).to_be_visible()
    expect(page.locator("[name=doc-0-content]")).to_have_value(text.rstrip("\n") + "\n")
    page.get_by_label("Title").fill("Half done")
    author.presses("Save as draft")
    expect(page.locator("#state")).to_contain_text("Draft")
    expect(page.get_by_role("button", name="Ask for review")).to_be_disabled()


def test_editing_a_schedule_changes_only_what_was_changed(author: Person, team: Team) -> None:
    page = author.goes("/w/demo/schedules/demand-forecast-weekly/")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_disabled()
    page.locator("[name=minutes]").fill("45")
    number = sent(author)
    change = author.waits_for(number, "in_review")
    assert change["plan"]["summary"] == {"add": 0, "change": 1, "remove": 0}
    page = author.goes(f"/changes/{number}/")
    table = page.get_by_role("region", name="Differences of schedule demand-forecast-weekly")
    assert [row.split()[2:] for row in table.locator("tbody tr").all_inner_texts()] == [
        ["trigger.schedule.minutes[0]", "0", "45"],
    ]
    team.lets_through(number)
    page = author.goes("/w/demo/schedules/demand-forecast-weekly/")
    expect(page.get_by_role("region", name="Fires").locator("tbody tr").first).to_contain_text(":45")


def test_a_schedule_is_disabled_enabled_and_deleted(author: Person, team: Team) -> None:
    place = "/w/demo/schedules/fraud-training-monthly/"
    for verb, state in (("Disable", "Disabled"), ("Enable", "Enabled")):
        page = author.goes(place)
        page.get_by_role("main").get_by_role("link", name=verb, exact=True).click()
        team.lets_through(sent(author))
        expect(author.goes(place).locator(".title .pill")).to_contain_text(state)
    author.watch.expected = {422, 404}
    page = author.goes(place)
    page.get_by_role("main").get_by_role("link", name="Delete", exact=True).click()
    page.get_by_label("Type fraud-training-monthly to confirm").fill("fraud-training")
    author.presses("Open and ask for review")
    expect(page.get_by_text("That is not fraud-training-monthly.")).to_be_visible()
    page.get_by_label("Type fraud-training-monthly to confirm").fill("fraud-training-monthly")
    number = sent(author)
    page.wait_for_function("document.querySelector('#state').textContent.includes('In review')")
    expect(page.get_by_role("region", name="If approved").locator(".mark.del")).to_be_visible()
    team.lets_through(number)
    page = author.goes("/w/demo/schedules/")
    expect(page.get_by_role("link", name="fraud-training-monthly", exact=True)).to_have_count(0)


def test_a_version_is_made_from_the_last_one_archived_and_restored(author: Person, team: Team) -> None:
    page = author.goes("/w/demo/components/model_evaluation/")
    page.get_by_role("link", name="New version", exact=True).click()
    content = page.locator("[name=doc-0-content]")
    expect(content).to_have_value(re.compile("version: '?2'?"))
    content.fill(content.input_value() + "description: Evaluated by hand\n")
    team.lets_through(sent(author))
    place = "/w/demo/components/model_evaluation/versions/2/"
    for verb, state in (("Archive", "Archived"), ("Restore", "Active")):
        author.goes(place).get_by_role("main").get_by_role("link", name=verb, exact=True).click()
        team.lets_through(sent(author))
        expect(author.goes(place).locator(".title .pill")).to_contain_text(state)


def test_a_double_click_on_apply_is_one_effect_and_going_back_is_none(
    portal: Portal, author: Person, team: Team
) -> None:
    page = author.goes(NEW_SCHEDULE)
    fill_schedule(page, "clicked-twice")
    number = sent(author)
    author.page.go_back()
    expect(author.page.get_by_label("Title")).to_have_value("Schedule clicked-twice")
    team.approves(number)
    page = team.operator.goes(f"/changes/{number}/")
    page.get_by_role("button", name="Apply").dblclick()
    expect(page.locator("#state")).to_contain_text("Applied")
    page.go_back()
    team.operator.watch.expected = {409}
    again = team.operator.page.get_by_role("button", name="Apply")
    if again.count():
        again.click()
        expect(page.get_by_text("That was not done.")).to_be_visible()
    [request] = author.asks(f"changes/{number}/")["plan"]["requests"]
    assert [write["method"] for write in portal.writes(request["arm_id"])] == ["PUT"]
    titles = [change["title"] for change in author.asks("changes/")["results"]]
    assert titles.count("Schedule clicked-twice") == 1


def test_a_viewer_is_offered_nothing_that_writes(signed_in: SignedIn, author: Person) -> None:
    number = author.asks("changes/")["results"][0]["number"]
    viewer = signed_in("viewer")
    for path in (
        "/",
        "/w/demo/schedules/churn-training-weekly/",
        "/w/demo/pipelines/churn_training/versions/6/",
        "/w/demo/components/prepare_customers/",
        "/changes/",
        f"/changes/{number}/",
        f"/changes/{number}/?tab=conversation",
    ):
        main = viewer.goes(path).get_by_role("main")
        offered = main.locator("form[method=post] button, a[href*='/changes/new/']").all_inner_texts()
        assert offered == [], path


def test_a_revision_by_somebody_else_is_told_and_what_is_typed_stays(author: Person, team: Team) -> None:
    reviewer = team.reviewer
    author.goes("/help/")
    text = COMPONENT.replace("NAME", "watched_step")
    body = {"workspace": "demo", "title": "Watched", "description": "", "submit": True}
    number = author.sends("changes/", {**body, "documents": [{"path": "step.yml", "content": text}]})["number"]
    reviewer.waits_for(number, "in_review")
    page = reviewer.goes(f"/changes/{number}/")
    page.get_by_label("What you say").fill("Half a sente")
    edited = author.goes(f"/changes/{number}/edit/")
    edited.get_by_label("YAML", exact=True).first.fill(text.replace("true", "false"))
    author.presses("Send as revision 2")
    expect(page.get_by_text("This change was revised since you opened it")).to_be_visible()
    expect(page.get_by_label("What you say")).to_have_value("Half a sente")
    page.get_by_role("link", name="reload").click()
    expect(page.get_by_text("revision 2").first).to_be_visible()
    assert violations(page) == []


def test_enter_in_a_form_of_several_documents_removes_none(author: Person) -> None:
    author.watch.expected = {422}
    page = author.goes("/changes/new/?ws=demo")
    page.get_by_label("Path").fill("one.yml")
    page.get_by_label("YAML", exact=True).fill("name: one")
    author.presses("Add a document")
    page.get_by_label("Path").nth(1).fill("two.yml")
    page.get_by_label("YAML", exact=True).nth(1).fill("name: two")
    page.get_by_label("Path").nth(1).press("Enter")
    expect(page.get_by_text("Please correct the marked fields.")).to_be_visible()
    expect(page.get_by_label("YAML", exact=True)).to_have_count(2)
    page.get_by_role("button", name="Remove document 1").press("Enter")
    expect(page.get_by_label("YAML", exact=True)).to_have_value("name: two")


def test_without_script_pages_are_read_and_forms_are_sent(
    browser: Browser, portal: Portal, signed_in: SignedIn, author: Person, team: Team
) -> None:
    state = author.context.storage_state()
    with person(browser, portal, "author", state, java_script_enabled=False) as plain:
        page = plain.goes("/w/demo/pipelines/churn_training/versions/6/?tab=graph")
        expect(page.locator(".graph").get_by_text("prepare", exact=True)).to_be_visible()
        page.get_by_text("As a table").click()
        expect(page.get_by_role("table").last).to_be_visible()
        page = plain.goes(NEW_SCHEDULE)
        fill_schedule(page, "without-script")
        number = sent(plain)
        change = plain.waits_for(number, "in_review")
        page.goto(portal.at(f"/changes/{number}/?tab=conversation"))
        page.get_by_role("textbox", name="Comment").fill("Sent without script.")
        plain.presses("Comment")
        page.goto(portal.at(f"/changes/{number}/?tab=conversation"))
        expect(page.get_by_text("Sent without script.")).to_be_visible()
        page.get_by_role("main").get_by_role("link", name="Withdraw", exact=True).click()
        page.get_by_role("heading", name="Withdraw this change?").wait_for()
        plain.presses(f"Withdraw #{number}")
        expect(page.locator("#state")).to_contain_text("Withdrawn")
        assert change["author"] == "author"
