"""What surrounds each page: navigation, request ids, headers, forms, pages of refusal."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.roles import Role
from mlopsportal.logs import JsonFormatter
from mlopsportal.ui.context import Navigation
from mlopsportal.ui.forms import GroupedForm, LocalDateTimeInput, YamlField
from mlopsportal.ui.middleware import PieceRedirectMiddleware, RequestIdMiddleware, current_request_id
from mlopsportal.ui.paging import BadCursor
from mlopsportal.ui.views import bad_request, csrf_failure, help_page
from registry.models import Workspace


def request(path: str = "/", **headers: str) -> HttpRequest:
    made = RequestFactory().get(path, headers=headers)
    made.user = AnonymousUser()
    return made


@pytest.mark.parametrize(
    ("path", "section"),
    [("/", "home"), ("/changes/17/", "changes"), ("/w/demo/", "workspace"), ("/w/demo/runs/x/", "runs"),
     ("/w/demo/other/", ""), ("/help/checks/", "help"), ("/accounts/login/", "")],
)  # fmt: skip
def test_the_section_follows_the_address(path: str, section: str) -> None:
    assert Navigation(request(path)).section == section


@pytest.mark.parametrize(("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><b>', ""), ("", "")])
def test_only_known_themes_are_taken_from_the_cookie(cookie: str, theme: str) -> None:
    asked = request()
    asked.COOKIES["theme"] = cookie
    assert Navigation(asked).theme == theme


@pytest.mark.django_db
def test_a_page_without_a_person_asks_the_database_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        page = help_page(request("/help/"))
    assert page.status_code == 200
    assert b"Sign out" not in page.content


def member_of(*slugs: str) -> User:
    """Make a person who is a viewer in these workspaces, beside a workspace that is not theirs."""
    person = User.objects.create_user(username="reader")
    Workspace.objects.create(slug="foreign", subscription_id="s", resource_group="g", name="foreign")
    for slug in slugs:
        workspace = Workspace.objects.create(slug=slug, subscription_id="s", resource_group="g", name=slug)
        Membership.objects.create(user=person, workspace=workspace, role=Role.VIEWER)
    return person


def navigation_of(person: User, path: str, cookie: str = "") -> Navigation:
    asked = RequestFactory().get(path)
    asked.user = person
    asked.COOKIES["workspace"] = cookie
    return Navigation(asked)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "cookie", "slug"),
    [("/w/prod/runs/", "demo", "prod"), ("/changes/", "prod", "prod"), ("/changes/", "", "demo"),
     ("/changes/", "foreign", "demo"), ("/w/foreign/", "", "demo")],
)  # fmt: skip
def test_the_workspace_is_that_of_the_page_else_the_last_else_the_first(path: str, cookie: str, slug: str) -> None:
    nav = navigation_of(member_of("prod", "demo"), path, cookie)
    assert [workspace.slug for workspace in nav.workspaces] == ["demo", "prod"]
    assert nav.workspace is not None
    assert nav.workspace.slug == slug


@pytest.mark.django_db
def test_the_frame_asks_for_workspaces_and_for_the_log_only(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    asked = request("/help/")
    asked.user = member_of("prod", "demo")
    with django_assert_num_queries(2):
        page = help_page(asked).content.decode()
    assert "reader" in page
    assert 'href="/w/demo/pipelines/"' in page
    assert "foreign" not in page
    assert 'href="/audit/"' not in page


@pytest.mark.django_db
def test_a_person_without_a_workspace_gets_a_page() -> None:
    asked = request("/help/")
    asked.user = member_of()
    page = help_page(asked).content.decode()
    assert "Pipelines</a>" not in page
    assert 'href="/changes/"' in page


def answer_for(asked: HttpRequest) -> HttpResponse:
    seen = []

    def view(inner: HttpRequest) -> HttpResponse:
        seen.append((inner.request_id, current_request_id.get()))  # type: ignore[attr-defined]
        return HttpResponse()

    response = RequestIdMiddleware(view)(asked)
    assert seen == [(response["X-Request-ID"], response["X-Request-ID"])]
    assert isinstance(response, HttpResponse)
    return response


def test_a_fit_request_id_is_kept() -> None:
    assert answer_for(request(**{"X-Request-ID": "ci-run.1234"}))["X-Request-ID"] == "ci-run.1234"


@pytest.mark.parametrize("sent", ["", "short", "x" * 65, "has space in it", "new\\nline-in-it", "-starts-wrong"])
def test_an_unfit_request_id_is_replaced(sent: str) -> None:
    made = answer_for(request(**{"X-Request-ID": sent}))["X-Request-ID"]
    assert len(made) == 32
    assert made != sent


def test_answers_stay_out_of_shared_caches() -> None:
    response = answer_for(request())
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert "HX-Request" in response["Vary"]


def test_the_id_is_forgotten_after_the_request() -> None:
    answer_for(request())
    assert current_request_id.get() == ""


def piece_answer(method: str, **headers: str) -> HttpResponse:
    asked = RequestFactory().generic(method, "/x/", headers=headers)
    response = PieceRedirectMiddleware(lambda _: HttpResponseRedirect("/accounts/login/?next=/x/"))(asked)
    assert isinstance(response, HttpResponse)
    return response


def test_a_piece_that_is_redirected_has_its_page_loaded_again() -> None:
    response = piece_answer("GET", **{"HX-Request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (200, "true")
    assert "Location" not in response


def test_a_piece_that_did_something_leads_the_page_on() -> None:
    response = piece_answer("POST", **{"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (200, "/accounts/login/?next=/x/")


def test_a_whole_page_is_redirected_as_ever() -> None:
    assert piece_answer("GET").status_code == 302


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "403_csrf.html"])
def test_a_refused_piece_is_no_page(name: str) -> None:
    piece = get_template(name).render({}, request("/x/", **{"HX-Request": "true"}))
    assert 'role="alert"' in piece
    assert "<html" not in piece
    assert "<h1>" not in piece


def test_a_log_line_is_one_json_object() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "said %s", ("a\nb",), sys.exc_info())
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "said a\nb"
    assert "ValueError" in json.loads(line)["error"]


class PlainForm(forms.Form):
    name = forms.CharField(help_text="Letters <only>")
    note = forms.CharField(required=False)
    days = forms.MultipleChoiceField(choices=[("mon", "Monday")], widget=forms.CheckboxSelectMultiple)


def test_a_field_ties_its_help_and_errors_to_the_input() -> None:
    markup = str(PlainForm({"name": ""}))
    assert 'aria-describedby="id_name_helptext id_name_error"' in markup
    assert '<div class="help" id="id_name_helptext">Letters &lt;only&gt;</div>' in markup
    assert '<ul class="errors" id="id_name_error"><li>This field is required.</li></ul>' in markup
    assert '<label for="id_note">Note <span class="need">optional</span></label>' in markup
    assert "<legend>Days</legend>" in markup


class Grouped(GroupedForm):
    fieldsets = (("When", ("hour",)),)
    name = forms.CharField()
    hour = forms.IntegerField()
    start = forms.DateTimeField(widget=LocalDateTimeInput)
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def test_a_grouped_form_shows_each_field_once() -> None:
    markup = str(Grouped())
    assert markup.index('name="name"') < markup.index("<legend>When</legend>") < markup.index('name="hour"')
    assert 'type="datetime-local"' in markup
    assert [markup.count(f'name="{name}"') for name in ("name", "hour", "start", "secret")] == [1, 1, 1, 1]


def test_a_grouped_form_says_what_is_wrong_with_the_whole() -> None:
    form = Grouped({"name": "a", "hour": "1", "start": "2026-11-23T02:00"})
    assert form.is_valid()
    form.add_error(None, "The whole <thing>.")
    assert "The whole &lt;thing&gt;." in str(form)


class DocumentForm(forms.Form):
    text = YamlField()


def test_a_document_is_kept_as_typed() -> None:
    form = DocumentForm({"text": "\n  a: 1\r\nb: 2  \r\n"})
    assert form.is_valid()
    assert form.cleaned_data["text"] == "\n  a: 1\nb: 2  \n"


def test_a_document_that_begins_with_an_empty_line_survives_the_textarea() -> None:
    markup = str(DocumentForm(initial={"text": "\na: 1"})["text"])
    assert ">\n\na: 1</textarea>" in markup


def test_a_hostile_document_stays_text() -> None:
    assert "</textarea><script>" not in str(DocumentForm(initial={"text": "</textarea><script>"})["text"])


def test_a_bad_position_says_why() -> None:
    page = bad_request(request("/x/"), BadCursor("it is no cursor"))
    assert page.status_code == 400
    assert b"it is no cursor" in page.content
    assert issubclass(BadCursor, BadRequest)


def test_a_forged_form_gets_its_own_page() -> None:
    page = csrf_failure(request("/x/"), "reason of the framework")
    assert page.status_code == 403
    assert b"send the form again" in page.content
    assert b"reason of the framework" not in page.content


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html", "403_csrf.html"])
def test_a_page_of_refusal_needs_no_context(name: str) -> None:
    assert "<h1>" in get_template(name).render()


def test_a_refusal_says_who_to_ask() -> None:
    error = str(PermissionDenied("Reviewing needs the role reviewer; ask <admin>."))
    page = get_template("403.html").render({"exception": error}, request("/x/"))
    assert "ask &lt;admin&gt;." in page


def test_an_aside_is_there_only_where_a_page_fills_it() -> None:
    source = '{% extends "base.html" %}{% block aside %}<section>Beside</section>{% endblock %}'
    assert "<section>Beside</section></aside>" in engines["django"].from_string(source).render({}, request())
