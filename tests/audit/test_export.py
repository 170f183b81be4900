from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, cast

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from mlopsportal.accounts.permissions import Role
from mlopsportal.audit import export
from mlopsportal.audit.actions import Action
from mlopsportal.audit.models import Event
from mlopsportal.specs.digest import leaf_hash
from tests.accounts.people import browser_of, make_site_admin, make_user, make_workspace
from tests.audit.events import make_event

DATABASE = pytest.mark.django_db


def exported(client: Client, kind: str, query: str = "") -> str:
    response = client.post(f"/audit/export/?{query}", {"format": kind})
    assert response.status_code == 200
    assert f".{kind}" in response.headers["Content-Disposition"]
    return b"".join(cast("Iterable[bytes]", cast(StreamingHttpResponse, response).streaming_content)).decode()


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def auditor() -> Client:
    return browser_of(make_user("auditor", Role.AUDITOR, workspace=make_workspace()))


@DATABASE
def test_a_csv_holds_the_filtered_events_and_the_export_is_an_event() -> None:
    client = auditor()
    make_event(change=1)
    wanted = make_event(change=17, note="why", after={"a": 1})
    head, *rows = rows_of(exported(client, "csv", "change=17&workspace=demo"))
    assert head == list(export.COLUMNS)
    assert [row[0] for row in rows] == [str(wanted.pk)]
    assert dict(zip(head, rows[0], strict=True))["note"] == "why"
    event = Event.objects.select_related("detail").latest("id")
    assert (event.action, event.workspace, event.detail.note) == (
        Action.AUDIT_EXPORTED,
        "demo",
        "change=17&workspace=demo",
    )


@DATABASE
def test_a_json_export_holds_leaves_that_can_be_hashed() -> None:
    client = auditor()
    events = [make_event(note="ü"), make_event(workspace="other")]
    told: dict[str, Any] = json.loads(exported(client, "json"))
    assert told["cut"] is False
    (row,) = told["results"]
    assert row["id"] == events[0].pk
    assert leaf_hash(row["leaf"].encode()) == leaf_hash(bytes(events[0].leaf))


@DATABASE
def test_an_empty_export_is_well_formed() -> None:
    client = auditor()
    assert json.loads(exported(client, "json", "person=nobody")) == {"results": [], "cut": False}
    assert rows_of(exported(client, "csv", "person=nobody")) == [list(export.COLUMNS)]


@DATABASE
def test_an_export_is_capped_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "CHUNK", 2)
    pks = [make_event().pk for _ in range(5)]
    events = Event.objects.all()
    told = json.loads("".join(export.as_json(events, limit=3)))
    assert [row["id"] for row in told["results"]] == pks[:1:-1]
    assert told["cut"] is True
    assert rows_of("".join(export.as_csv(events, limit=3)))[-1] == [export.CUT]
    assert json.loads("".join(export.as_json(events, limit=5)))["cut"] is False


@DATABASE
def test_an_export_does_not_write_into_a_workspace_one_does_not_audit() -> None:
    client = auditor()
    exported(client, "csv", "workspace=other")
    exported(browser_of(make_site_admin()), "csv", "workspace=demo")
    assert set(Event.objects.filter(action=Action.AUDIT_EXPORTED).values_list("workspace", flat=True)) == {""}


@DATABASE
@pytest.mark.parametrize(("kind", "query"), [("xml", ""), ("", ""), ("csv", "change=x")])
def test_an_export_that_cannot_be_made_is_a_400_and_no_event(kind: str, query: str) -> None:
    assert auditor().post(f"/audit/export/?{query}", {"format": kind}).status_code == 400
    assert not Event.objects.exists()


@given(st.text() | st.builds("".join, st.lists(st.sampled_from("=+-@\t\r\n\0 '\"＝＋－＠,;|"), max_size=5)))  # noqa: RUF001
@example(" \0")
def test_no_cell_begins_as_a_formula(text: str) -> None:
    cell = export.safe_cell(text)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0"))
    assert cell in (text, f"'{text}")


@DATABASE
def test_hostile_texts_are_quoted() -> None:
    client = auditor()
    make_event(note='=HYPERLINK("http://evil","x")', target="@SUM(1)")
    row = dict(zip(export.COLUMNS, rows_of(exported(client, "csv"))[1], strict=True))
    assert row["note"].startswith("'=")
    assert row["target"].startswith("'@")
