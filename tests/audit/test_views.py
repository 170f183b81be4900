from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.actions import SYSTEM, Action
from mlopsportal.audit.models import Event, EventDetail
from tests.accounts.people import browser_of, make_site_admin, make_user, make_workspace
from tests.audit.events import ALICE, make_event

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert("x")</script>\u202e'


def auditor() -> Client:
    return browser_of(make_user("auditor", Role.AUDITOR, workspace=make_workspace()))


def text_of(client: Client, path: str = "/audit/", status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def shown(client: Client, query: str) -> set[int]:
    """Return the numbers of the events that the filtered list links to."""
    return {int(number) for number in re.findall(r'href="/audit/(\d+)/"', text_of(client, f"/audit/?{query}"))}


def test_it_works() -> None:
    client, event = auditor(), make_event(change=17)
    page = text_of(client)
    assert "alice opened change 17" in page
    assert f'href="/audit/{event.pk}/"' in page
    assert 'href="/changes/17/"' in page
    assert 'href="/w/demo/components/train/versions/3/"' in page


def test_an_empty_log_says_what_would_fill_it_and_an_empty_filter_how_to_widen_it() -> None:
    client = auditor()
    assert "Nothing has happened yet" in text_of(client)
    assert "No event matches" in text_of(client, "/audit/?person=nobody")


def test_an_auditor_sees_their_workspaces_only() -> None:
    client = auditor()
    here, there, site = make_event(), make_event(workspace="other"), make_event(workspace="")
    assert shown(client, "") == {here.pk}
    assert shown(client, "workspace=other") == set()
    for hidden in (there, site):
        assert client.get(f"/audit/{hidden.pk}/").status_code == 404
    assert shown(browser_of(make_site_admin()), "action=change.opened") == {here.pk, there.pk, site.pk}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_other_roles_are_refused_and_told_whom_to_ask(role: Role) -> None:
    event = make_event()
    client = browser_of(make_user("x", role, workspace=make_workspace()))
    for path in ("/audit/", f"/audit/{event.pk}/"):
        assert "It takes the role auditor" in text_of(client, path, 403)
    assert client.post("/audit/export/", {"format": "csv"}).status_code == 403


def test_visitors_are_asked_to_sign_in() -> None:
    assert Client().get("/audit/").status_code == 302


def test_every_filter_narrows_the_list() -> None:
    user = make_user("alice")
    client = auditor()
    mine = make_event(
        actor=ALICE.__class__("session", user.pk, str(user.ref), "alice", "p"), action=Action.CHANGE_APPLIED,
        target="schedule:weekly", change=17,
    )  # fmt: skip
    other = make_event(actor=SYSTEM, target="component:train:4")
    whole, part = make_event(target="component:train"), make_event(target="component:trainer:3")
    everything = {mine.pk, other.pk, whole.pk, part.pk}
    assert shown(client, "") == everything
    assert shown(client, "person=alice") == {mine.pk}
    assert shown(client, "person=mlopsportal") == {other.pk}
    assert shown(client, "action=change.applied") == {mine.pk}
    assert shown(client, "kind=schedule") == {mine.pk}
    assert shown(client, "target=component:train:4") == {other.pk}
    assert shown(client, "target=component:train") == {other.pk, whole.pk}
    assert shown(client, "target=demo/component:train") == {other.pk, whole.pk}
    assert shown(client, "change=17") == {mine.pk}
    assert shown(client, "workspace=demo") == everything
    assert shown(client, "since=2020-01-01T00:00&until=2199-01-01T00:00") == everything
    assert shown(client, "since=2199-01-01T00:00") == shown(client, "until=2020-01-01T00:00Z") == set()


@pytest.mark.parametrize(
    "query",
    [
        "change=x", "change=0", "change=9223372036854775808", "change=-1", "change=1.5", "action=nope", "kind=nope",
        "since=yesterday", "since=0001-01-01T00:00%2B14:00", "until=9999-12-31T23:59-14:00", "person=%00", "target=%00",
        "workspace=" + "x" * 65,
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_is_marked(query: str) -> None:
    client = auditor()
    event = make_event()
    page = text_of(client, f"/audit/?{query}", 400)
    assert 'aria-invalid="true"' in page
    assert f"/audit/{event.pk}/" not in page


@pytest.mark.parametrize("query", ["cursor=nonsense", "size=x", "cursor=WzAsInh5eiJd"])
def test_a_position_that_cannot_be_read_is_a_400(query: str) -> None:
    assert auditor().get(f"/audit/?{query}").status_code == 400


def test_pages_walk_through_all_events() -> None:
    client, events = auditor(), [make_event().pk for _ in range(7)]
    seen: list[int] = []
    path = "/audit/?size=3&kind=component"
    while path:
        page = text_of(client, path)
        seen += [int(number) for number in re.findall(r'href="/audit/(\d+)/"', page)]
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = "/audit/" + following[1].replace("&amp;", "&") if following else ""
    assert seen == sorted(events, reverse=True)


def test_the_list_takes_the_same_queries_for_many_events() -> None:
    client = auditor()
    counts: list[int] = []
    for _ in range(2):
        for number in range(20):
            make_event(target=f"user:{make_user(f'u{number}-{len(counts)}').ref}")
        with CaptureQueriesContext(connection) as queries:
            text_of(client)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_an_event_about_an_account_tells_its_name() -> None:
    bob = make_user("bob")
    client = auditor()
    make_event(Action.MEMBERSHIP_GRANTED, target=f"user:{bob.ref}", facts={"role": "author"})
    assert "alice gave account bob the role author in workspace demo" in text_of(client)
    bob.delete()
    assert "alice gave an erased account the role author" in text_of(client)


def test_the_detail_shows_before_after_and_a_leaf_that_matches() -> None:
    event = make_event(before={"a": 1, "b": 2}, after={"a": 1, "b": 3}, note="because", facts={"revision": 2})
    page = text_of(auditor(), f"/audit/{event.pk}/")
    for part in (
        "because",
        "Matches its leaf",
        "revision",
        "192.0.2.7",
        "req-1",
        "&quot;v&quot;:1",
        "in a browser session",
    ):
        assert part in page
    assert re.search(r"<code[^>]*>b</code>|>b<", page)


def test_the_detail_of_a_changed_row_raises_the_alarm() -> None:
    event = make_event()
    with connection.cursor() as cursor:
        trigger = "audit_event_no_update" if connection.vendor == "sqlite" else "audit_event_append_only"
        cursor.execute(f'DROP TRIGGER "{trigger}"' + ("" if connection.vendor == "sqlite" else " ON audit_event"))
        cursor.execute("UPDATE audit_event SET target = 'component:evil:1'")
    page = text_of(auditor(), f"/audit/{event.pk}/")
    assert "Does not match its leaf" in page
    assert "component:evil:1" in page


def test_the_detail_of_an_erased_event_says_so() -> None:
    event = make_event(note="secret of alice")
    EventDetail.objects.all().delete()
    client = auditor()
    page = text_of(client, f"/audit/{event.pk}/")
    assert "Erased" in page
    assert "Matches its leaf" in page
    assert "alice" not in page
    assert "an erased account opened change" in text_of(client)


def test_hostile_texts_are_shown_as_text() -> None:
    actor = ALICE.__class__("session", 7, "a11ce", HOSTILE, "p", "r", "192.0.2.7")
    event = make_event(
        actor=actor, note=HOSTILE, target=HOSTILE, before={HOSTILE: HOSTILE}, after={"x": HOSTILE}, facts={"x": HOSTILE}
    )
    client = auditor()
    for path in ("/audit/", f"/audit/{event.pk}/"):
        page = text_of(client, path)
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;" in page


def test_looking_changes_nothing() -> None:
    client, event = auditor(), make_event()
    for path in ("/audit/", f"/audit/{event.pk}/", "/audit/?person=alice"):
        client.get(path)
    assert Event.objects.count() == 1
    assert client.get("/audit/export/").status_code == 405
