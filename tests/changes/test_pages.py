"""The pages of changes: what they show to whom, what their buttons do, and that nothing typed is lost."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mlopsportal.audit import log
from mlopsportal.audit.actions import SYSTEM, Action
from mlopsportal.changes import workflow
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.changes.views.pages import ChangePage
from tests.changes.building import (
    PREP,
    Team,
    applied,
    approved,
    component_text,
    fresh,
    guide_documents,
    opened,
    schedule_text,
)
from tests.queue.draining import drain

pytestmark = pytest.mark.django_db


def browser(team: Team, name: str) -> Client:
    client = Client()
    client.force_login(team[name])
    return client


def page(team: Team, name: str, change: ChangeRequest, query: str = "") -> str:
    response = browser(team, name).get(reverse("change-detail", args=[change.pk]) + query)
    assert response.status_code == 200
    return response.content.decode()


def documents(*pairs: tuple[str, str], **more: str) -> dict[str, str]:
    data = {"doc-TOTAL_FORMS": str(len(pairs)), "doc-INITIAL_FORMS": "0", "ws": "demo", "title": "A change"}
    for index, (path, content) in enumerate(pairs):
        data |= {f"doc-{index}-path": path, f"doc-{index}-content": content}
    return data | {"do": "submit"} | more


def test_the_guide_is_opened_by_form_and_shown_with_every_repair(team: Team) -> None:
    response = browser(team, "author").post(reverse("change-new"), documents(*guide_documents()))
    change = ChangeRequest.objects.get()
    assert response.headers["Location"] == reverse("change-detail", args=[change.pk])
    drain()
    shown = page(team, "reviewer", fresh(change))
    assert "${{parent.jobs." in shown
    assert "time_zone" in shown
    assert "create_job" in shown
    assert "PUT" in shown
    assert "it does not fire yet" in shown


def test_each_tab_is_there_for_whoever_may_read(team: Team) -> None:
    change = opened(team, guide_documents())
    for tab in ("plan", "conversation", "documents", "checks", "timeline"):
        assert f"#{change.pk}" in page(team, "viewer", change, f"?tab={tab}")


def test_the_timeline_tells_a_verb_whose_sentence_names_a_fact(team: Team) -> None:
    change, grant = opened(team), Action.MEMBERSHIP_GRANTED
    with transaction.atomic():
        log.record(grant, actor=SYSTEM, target="account", change=change.pk, facts={"role": "reviewer"})
    assert "gave account the role reviewer" in page(team, "viewer", change, "?tab=timeline")


def test_a_change_of_another_workspace_is_not_there(team: Team) -> None:
    change = opened(team)
    outsider = team.add("outsider")
    client = Client()
    client.force_login(outsider)
    assert client.get(reverse("change-detail", args=[change.pk])).status_code == 404
    assert client.post(reverse("change-withdraw", args=[change.pk])).status_code == 404
    assert "A change" not in client.get(reverse("change-list")).content.decode()


def test_the_author_is_told_why_not_to_approve(team: Team) -> None:
    shown = page(team, "author", opened(team))
    assert 'value="approve"' not in shown
    assert "another person has to approve it" in shown


def test_a_reviewer_approves_and_an_operator_applies(team: Team) -> None:
    change = opened(team)
    reviewed = browser(team, "reviewer").post(
        reverse("change-review", args=[change.pk]), {"verdict": "approve", "plan_digest": change.plan_digest}
    )
    assert reviewed.status_code == 302
    assert fresh(change).state == State.APPROVED
    assert browser(team, "operator").post(reverse("change-apply", args=[change.pk])).status_code == 302
    drain()
    assert fresh(change).state == State.APPLIED


def test_a_second_click_on_apply_is_told_where_it_stands(team: Team) -> None:
    change = approved(team, opened(team))
    operator = browser(team, "operator")
    assert operator.post(reverse("change-apply", args=[change.pk])).status_code == 302
    again = operator.post(reverse("change-apply", args=[change.pk]))
    assert again.status_code == 409
    assert "That was not done" in again.content.decode()


def test_a_review_of_an_older_plan_is_refused_on_the_page(team: Team) -> None:
    change = opened(team)
    response = browser(team, "reviewer").post(
        reverse("change-review", args=[change.pk]), {"verdict": "approve", "plan_digest": "0" * 64}
    )
    assert response.status_code == 409
    assert fresh(change).state == State.IN_REVIEW


def test_a_failed_soft_check_is_set_aside_with_a_reason_by_an_operator(team: Team) -> None:
    floating = component_text().replace("azureml:data-prep-env:1", "azureml:data-prep-env@latest")
    change = approved(team, opened(team, [("prep.yml", floating)]))
    operator = browser(team, "operator")
    assert operator.post(reverse("change-apply", args=[change.pk])).status_code == 409
    assert "Set aside for this plan" not in page(team, "author", change, "?tab=checks")
    shown = page(team, "operator", change, "?tab=checks")
    assert 'name="code" value="pinned-environments"' in shown
    address = reverse("change-override", args=[change.pk])
    assert operator.post(address, {"code": "pinned-environments", "reason": " "}).status_code == 400
    assert operator.post(address, {"code": "pinned-environments", "reason": "a try-out"}).status_code == 302
    assert "a try-out" in page(team, "viewer", change, "?tab=checks")
    assert operator.post(reverse("change-apply", args=[change.pk])).status_code == 302


@pytest.mark.parametrize("verdict", ["reject", "request_changes"])
def test_a_refusal_needs_words(team: Team, verdict: str) -> None:
    change = opened(team)
    response = browser(team, "reviewer").post(
        reverse("change-review", args=[change.pk]), {"verdict": verdict, "plan_digest": change.plan_digest}
    )
    assert response.status_code == 400
    assert fresh(change).state == State.IN_REVIEW


def test_what_was_typed_survives_a_refused_form(team: Team) -> None:
    response = browser(team, "author").post(
        reverse("change-new"), documents(("", PREP), title="Keep me", description="And me")
    )
    shown = response.content.decode()
    assert response.status_code == 422
    assert all(text in shown for text in ("Keep me", "And me", "data_preparation", "Give the document a file name"))


def test_documents_are_checked_without_opening_a_change(team: Team) -> None:
    response = browser(team, "author").post(
        reverse("change-new"), documents(("prep.yml", component_text("Bad Name")), do="check", title="")
    )
    assert response.status_code == 200
    assert "/help/checks/name-rule/" in response.content.decode()
    assert not ChangeRequest.objects.exists()


def test_a_draft_with_problems_cannot_be_submitted_and_says_so(team: Team) -> None:
    change = opened(team, [("bad.yml", component_text("Bad Name"))])
    assert change.state == State.DRAFT
    shown = page(team, "author", change)
    assert "The documents have problems" in shown
    assert browser(team, "author").post(reverse("change-submit", args=[change.pk])).status_code == 409


def test_an_edit_is_a_new_revision_with_its_difference_shown(team: Team) -> None:
    change = opened(team, [("prep.yml", component_text())])
    edited = documents(("prep.yml", component_text(command="python other.py")), revision="1")
    assert browser(team, "author").post(reverse("change-edit", args=[change.pk]), edited).status_code == 302
    assert fresh(change).revision_number == 2
    assert 'class="diff' in page(team, "author", change, "?tab=documents")


def test_an_edit_of_an_older_revision_is_held_up(team: Team) -> None:
    change = opened(team, [("prep.yml", component_text())])
    author = browser(team, "author")
    url = reverse("change-edit", args=[change.pk])
    author.post(url, documents(("prep.yml", component_text(command="python first.py")), revision="1"))
    late = author.post(url, documents(("prep.yml", component_text(command="python second.py")), revision="1"))
    assert late.status_code == 409
    assert "python second.py" in late.content.decode()
    assert fresh(change).revision_number == 2


def test_withdrawing_asks_once_more_and_offers_the_documents_again(team: Team) -> None:
    change = opened(team, [("prep.yml", component_text())])
    address = reverse("change-withdraw", args=[change.pk])
    author = browser(team, "author")
    assert f'href="{address}"' in page(team, "author", change)
    assert "Withdraw this change?" in author.get(address).content.decode()
    assert fresh(change).state == State.IN_REVIEW
    assert author.post(address, {"reason": "no longer wanted"}).status_code == 302
    shown = page(team, "author", change)
    assert "no longer wanted" in shown
    again = f"{reverse('change-new')}?ws=demo&amp;again={change.pk}"
    assert again in shown
    form = author.get(again.replace("&amp;", "&")).content.decode()
    assert "python prepare.py" in form
    assert 'value="A change"' in form
    assert author.get(address).status_code == 409


def test_who_may_not_withdraw_is_not_asked(team: Team) -> None:
    address = reverse("change-withdraw", args=[opened(team).pk])
    assert browser(team, "reviewer").get(address).status_code == 403


@pytest.mark.parametrize(("number", "status"), [("0", 404), ("x", 400), ("9" * 30, 400)])
def test_documents_of_no_change_cannot_be_taken_again(team: Team, number: str, status: int) -> None:
    assert browser(team, "author").get(reverse("change-new"), {"ws": "demo", "again": number}).status_code == status


def test_the_plan_is_spoken_of_as_the_state_has_it(team: Team) -> None:
    change = opened(team)
    assert "If approved" in page(team, "viewer", change)
    change = approved(team, change)
    assert "What will be done" in page(team, "viewer", change)
    workflow.withdraw(change, actor=team.actor("author"))
    shown = page(team, "viewer", change)
    assert "What it would have done" in shown
    assert "what the worker would have sent" in shown
    assert "If approved" not in shown
    assert "still needed" not in shown


def test_every_state_after_review_has_a_heading_of_its_own() -> None:
    headed = {state: ChangePage(ChangeRequest(state=state), SYSTEM).planned.heading for state in State}
    wishes = {state for state, heading in headed.items() if heading == "If approved"}
    assert wishes == {State.DRAFT, State.PLANNING, State.IN_REVIEW, State.CHANGES_REQUESTED}


@pytest.mark.parametrize("name", ["viewer", "author", "reviewer", "operator"])
def test_the_audit_log_is_offered_to_those_alone_who_may_read_it(team: Team, name: str) -> None:
    change = opened(team)
    for query in ("", "?tab=timeline"):
        assert reverse("event-list") not in page(team, name, change, query)
    assert browser(team, name).get(reverse("event-list")).status_code == 403
    assert reverse("event-list") in page(team, "auditor", change)


def test_a_document_is_taken_out_of_the_form_and_the_others_stay(team: Team) -> None:
    pairs = [("a.yml", "name: first"), ("b.yml", "name: second"), ("c.yml", "name: third")]
    address = reverse("change-new")
    response = browser(team, "author").post(address, documents(*pairs, do="remove-1", title=""))
    shown = response.content.decode()
    assert response.status_code == 200
    assert "name: first" in shown
    assert "name: third" in shown
    assert "name: second" not in shown
    assert '<label for="id_title">Title</label>' in shown
    assert 'name="doc-TOTAL_FORMS" value="2"' in shown
    last = browser(team, "author").post(address, documents(pairs[0], do="remove-0")).content.decode()
    assert 'name="doc-TOTAL_FORMS" value="1"' in last
    assert not ChangeRequest.objects.exists()


def test_a_document_has_no_optional_half(team: Team) -> None:
    shown = browser(team, "author").get(reverse("change-new")).content.decode()
    assert '<label for="id_doc-0-path">Path</label>' in shown
    assert '<label for="id_doc-0-content">YAML</label>' in shown
    assert 'Description <span class="need">optional</span>' in shown


def test_an_applied_pipeline_is_run_through_its_parameter_form(team: Team) -> None:
    assert applied(team, guide_documents()).state == State.APPLIED
    url = f"{reverse('change-new')}?action=run&ws=demo&ref=component:training_pipeline:1"
    author = browser(team, "author")
    form = author.get(url).content.decode()
    assert "azureml:raw-data:1" in form
    sent = {
        "ws": "demo",
        "title": "Run it",
        "do": "submit",
        "input_raw_data": "azureml:raw-data:1",
        "input_test_data": "azureml:test-data:1",
        "compute": "serverless",
    }
    assert author.post(url, sent).status_code == 302
    drain()
    change = ChangeRequest.objects.latest("pk")
    assert change.plan is not None
    assert [(step.action, step.with_defaults) for step in change.plan.steps.all()] == [("run", True)]


def test_deleting_a_schedule_takes_its_name_typed(team: Team) -> None:
    applied(team, [*guide_documents(), ("n.yml", schedule_text(pipeline="./training-pipeline.yml"))])
    url = f"{reverse('change-new')}?action=delete&ws=demo&ref=schedule:nightly"
    wrong = browser(team, "author").post(url, {"ws": "demo", "title": "Delete", "typed": "nightl", "do": "draft"})
    assert wrong.status_code == 422
    right = browser(team, "author").post(url, {"ws": "demo", "title": "Delete", "typed": "nightly", "do": "draft"})
    assert right.status_code == 302


@pytest.mark.parametrize("query", ["?action=fly", "?action=run&ref=nothing", "?action=archive&ref="])
def test_an_address_that_names_nothing_is_a_bad_request(team: Team, query: str) -> None:
    assert browser(team, "author").get(reverse("change-new") + query).status_code == 400


def test_who_may_not_propose_is_told_so(team: Team) -> None:
    assert "takes the role author" in browser(team, "viewer").get(reverse("change-new")).content.decode()
    assert (
        browser(team, "viewer").post(f"{reverse('change-new')}?ws=demo", documents(("p.yml", PREP))).status_code == 403
    )


def test_hostile_texts_are_shown_as_text(team: Team) -> None:
    change = opened(team, [("prep.yml", component_text().replace("Prepare", "<script>alert(1)</script>"))])
    workflow_title = "<img src=x onerror=alert(1)>"
    ChangeRequest.objects.filter(pk=change.pk).update(title=workflow_title, description="<b>x</b>")
    for tab in ("plan", "conversation", "documents", "timeline"):
        shown = page(team, "viewer", change, f"?tab={tab}")
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "<b>x</b>" not in shown


def test_the_list_asks_the_same_few_questions_however_long_it_is(team: Team) -> None:
    client = browser(team, "reviewer")
    opened(team)
    client.get(reverse("change-list"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("change-list"))
    for number in range(5):
        opened(team, [("p.yml", component_text(f"prepare{number}"))])
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("change-list"))
    assert len(many) == len(few) <= 12


@pytest.mark.parametrize("view", ["open", "review", "mine", "all"])
def test_each_list_is_narrowed_by_its_filters(team: Team, view: str) -> None:
    change = opened(team)
    client = browser(team, "author" if view == "mine" else "reviewer")
    url = reverse("change-list")
    assert f"#{change.pk}" in client.get(url, {"view": view, "q": "a ch", "workspace": "demo"}).content.decode()
    assert f"#{change.pk}<" not in client.get(url, {"view": view, "state": "applied"}).content.decode()
