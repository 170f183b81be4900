"""A change of many documents: every one is listed, each opens by itself, and the page asks no more than a short one."""

from __future__ import annotations

import html
import re

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mlopsportal.changes import bundling, workflow
from mlopsportal.changes.models import ChangeRequest, Plan
from mlopsportal.changes.states import State
from mlopsportal.changes.views.folding import MOST_OPEN, Folding
from registry.models import Use
from scheduling.models import Schedule
from tests.changes.building import PREP, Team, approved, drained, fresh, opened, plan_of, queued
from tests.changes.test_impact import BROKEN
from tests.upgrading.building import stocked

pytestmark = pytest.mark.django_db
MANY = MOST_OPEN + 2


def numbered(count: int) -> list[tuple[str, str]]:
    """As many components, each with a word of its own in its command."""
    named = [(f"prep_{number:03d}", f"own-word-{number:03d}") for number in range(count)]
    return [
        (
            f"{name}.yml",
            PREP.replace("name: data_preparation", f"name: {name}").replace("python ", f"echo {word} && python ", 1),
        )
        for name, word in named
    ]


def page(team: Team, change: ChangeRequest, query: str = "", **headers: str) -> str:
    client = Client()
    client.force_login(team["reviewer"])
    answer = client.get(reverse("change-detail", args=[change.pk]) + query, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def words_in(shown: str) -> set[str]:
    return set(re.findall(r"own-word-\d{3}", shown))


@pytest.mark.parametrize(("tab", "anchor"), [("plan", "step"), ("documents", "doc")])
def test_every_part_is_listed_by_name_and_one_is_opened_by_its_address(team: Team, tab: str, anchor: str) -> None:
    change = opened(team, numbered(MANY))
    assert change.state == State.IN_REVIEW, change.reason
    shown = page(team, change, f"?tab={tab}")
    assert all(f"prep_{number:03d}" in shown and f'id="{anchor}-{number}"' in shown for number in range(MANY))
    assert words_in(shown) == set()
    assert f'href="{reverse("change-detail", args=[change.pk])}?tab={tab}&amp;item=3#{anchor}-3"' in shown
    assert words_in(page(team, change, f"?tab={tab}&item=3")) == {"own-word-003"}
    assert len(words_in(page(team, change, f"?tab={tab}&whole=1"))) == MANY


@pytest.mark.parametrize("tab", ["plan", "documents"])
def test_a_part_is_loaded_into_the_list_when_it_is_opened(team: Team, tab: str) -> None:
    change = opened(team, numbered(MANY))
    piece = page(team, change, f"?tab={tab}&item=3", **{"HX-Request": "true"})
    assert words_in(piece) == {"own-word-003"}
    assert "<html" not in piece
    client = Client()
    client.force_login(team["reviewer"])
    address = reverse("change-detail", args=[change.pk]) + f"?tab={tab}&item=99"
    assert client.get(address, headers={"HX-Request": "true"}).status_code == 404


def test_a_few_parts_stand_on_the_page_with_all_there_is_to_them(team: Team) -> None:
    change = opened(team, numbered(3))
    for tab in ("plan", "documents"):
        assert len(words_in(page(team, change, f"?tab={tab}"))) == 3


def test_the_reviewer_of_many_is_told_that_all_of_them_are_approved(team: Team) -> None:
    change = opened(team, numbered(MANY))
    assert f"with all its {MANY} requests, also those that you have not opened" in page(team, change)
    done = drained(queued(team, approved(team, change)))
    assert done.state == State.APPLIED
    assert "Verified" in page(team, done)


def test_the_list_says_what_was_told_and_an_opened_part_what_holds_now(team: Team) -> None:
    stocked(team)
    change = opened(team, [BROKEN, *numbered(MANY)])
    stays, same = "with train 1", "Its score and users are still the same."
    at = plan_of(change).steps.get(ref="component:train:2").position
    assert stays in page(team, change)
    assert same in page(team, change, f"?tab=plan&item={at}", **{"HX-Request": "true"})
    Use.objects.all().delete()
    Schedule.objects.all().delete()
    shown = page(team, change)
    assert stays in shown
    assert "as they were when the plan was made" in shown
    assert "An opened request says whether that has changed." in shown
    piece = page(team, change, f"?tab=plan&item={at}", **{"HX-Request": "true"})
    assert "As of now: nobody is concerned." in piece
    assert stays not in piece
    assert same not in piece


def test_of_what_is_over_nothing_is_asked_again(team: Team) -> None:
    change = workflow.withdraw(opened(team, numbered(MOST_OPEN + 1)), actor=team.actor("author"))
    done = drained(queued(team, approved(team, opened(team, numbered(MOST_OPEN + 1)))))
    assert (change.state, done.state) == (State.WITHDRAWN, State.APPLIED)
    for over in (change, done):
        assert "An opened request says whether" not in page(team, over)
        piece = page(team, over, "?tab=plan&item=3", **{"HX-Request": "true"})
        assert words_in(piece) == {"own-word-003"}
        assert "still the same" not in piece
        assert "As of now" not in piece


def test_the_links_of_a_page_that_answers_a_refused_verb_lead_to_the_change(team: Team) -> None:
    change = opened(team, numbered(MANY))
    client = Client()
    client.force_login(team["reviewer"])
    stale = {"verdict": "approve", "plan_digest": "0" * 64}
    for tab, verb, data, status in (
        ("plan", "review", stale, 409),
        ("documents", "review", stale, 409),
        ("checks", "review", {"verdict": "reject"}, 400),
        ("plan&whole=1", "apply", stale, 409),
    ):
        answer = client.post(f"/changes/{change.pk}/{verb}/?tab={tab}", data)
        assert answer.status_code == status
        links = re.findall(r'(?:href|hx-get)="([^"]*)"', answer.content.decode())
        assert [link for link in links if link.startswith("?")] == []
        own = {html.unescape(link) for link in links if link.startswith(f"/changes/{change.pk}/?tab=")}
        assert own
        assert {client.get(link).status_code for link in own} == {200}


def test_the_page_asks_no_more_for_fifty_documents_than_for_five(team: Team) -> None:
    changes = [opened(team, numbered(5)), opened(team, [(f"b{path}", text) for path, text in numbered(50)])]
    client = Client()
    client.force_login(team["reviewer"])
    for query in ("?tab=plan", "?tab=documents", "?tab=checks", "?tab=timeline", "?tab=plan&item=1"):
        counts = []
        for change in changes:
            address = reverse("change-detail", args=[change.pk]) + query
            client.get(address)
            with CaptureQueriesContext(connection) as asked:
                client.get(address)
            counts.append(len(asked))
        assert counts[1] <= counts[0], query


def test_a_place_of_a_check_leads_to_its_document_opened(team: Team) -> None:
    change = opened(team, numbered(MANY))
    shown = page(team, change, "?tab=checks")
    assert re.search(rf'href="/changes/{change.pk}/\?tab=documents&amp;item=(\d+)#doc-\1-L\d+"', shown)


def test_where_a_check_found_more_than_is_kept_the_rest_stands_in_the_documents(team: Team) -> None:
    change = opened(team, numbered(MANY))
    plan = plan_of(change)
    failed = next(check for check in plan.checks if check["level"] == "advisory" and len(check["places"]) >= MANY)
    document = next(iter(change.revision.documents.filter(position=3)))
    assert failed["code"] in {problem["code"] for problem in document.problems}
    assert failed["code"] not in page(team, change, "?tab=documents&item=3")
    checks = [check | {"found": 99} if check is failed else check for check in plan.checks]
    Plan.objects.filter(pk=plan.pk).update(checks=checks)
    assert "and in 89 more places, shown in the" in page(team, change, "?tab=checks")
    assert failed["code"] in page(team, change, "?tab=documents&item=3")


def test_while_many_are_sent_those_are_shown_that_are_under_way(team: Team) -> None:
    change = opened(team, numbered(MANY))
    ChangeRequest.objects.filter(pk=change.pk).update(state=State.APPLYING)
    steps = plan_of(change).steps
    steps.filter(position__lt=4).update(state="verified")
    steps.filter(position=4).update(state="sending")
    live = page(team, change).partition('aria-label="Apply"')[2].partition("</section>")[0]
    assert f"4 of {MANY} done" in live
    assert live.count("<li>") == 1


def test_a_change_of_many_documents_is_edited_in_its_form(team: Team) -> None:
    many = numbered(60)
    change = opened(team, many[:2], submit=False)
    client = Client()
    client.force_login(team["author"])
    data = {"ws": "demo", "title": "Many", "revision": "1", "doc-TOTAL_FORMS": "60", "doc-INITIAL_FORMS": "0"}
    for index, (path, text) in enumerate(many):
        data |= {f"doc-{index}-path": path, f"doc-{index}-content": text}
    answer = client.post(reverse("change-edit", args=[change.pk]), data | {"do": "submit"})
    assert answer.status_code == 302
    assert fresh(change).revision.documents.count() == 60
    shown = client.get(reverse("change-edit", args=[change.pk])).content.decode()
    assert all(f'value="{path}"' in shown for path, _ in many)


def test_whatever_may_be_opened_may_be_sent_in_again() -> None:
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE > bundling.MOST_BYTES
    assert settings.DATA_UPLOAD_MAX_NUMBER_FILES > bundling.MOST_DOCUMENTS
    assert 4 * bundling.MOST_DOCUMENTS < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_what_is_no_position_opens_nothing() -> None:
    for text in ("", "x", "-1", "²", "9" * 30):
        assert Folding.of({"item": text}).item is None
    assert Folding.of({"item": "7", "whole": "1"}) == Folding(7, is_whole=True)
