from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F, QuerySet
from django.db.models.functions import Length
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries
from rest_framework.exceptions import ParseError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.serializers import ModelSerializer

from mlopsportal.ui.api import KeysetPagination
from mlopsportal.ui.paging import MAX_SIZE, BadCursor, Cursor, page_of, paginate

START = datetime(2026, 11, 1, tzinfo=UTC)
ORDERS = [
    ("-expire_date", "-session_key"),
    ("expire_date", "-session_key"),
    ("session_data", "-expire_date", "session_key"),
    ("pk",),
]
pytestmark = pytest.mark.django_db


def fill(minutes: Sequence[int]) -> None:
    """Store one row per number; equal numbers share their time and text."""
    Session.objects.all().delete()
    Session.objects.bulk_create(
        Session(session_key=f"k{index}", session_data=f"d{minute % 3}", expire_date=START + timedelta(minutes=minute))
        for index, minute in enumerate(minutes)
    )


def walk(queryset: QuerySet[Any, Any], order: Sequence[str], size: int) -> list[Any]:
    """Walk to the end by `next`, checking that `previous` leads back the same way."""
    pages = [page_of(queryset, order, size=size)]
    while pages[-1].next:
        pages.append(page_of(queryset, order, cursor=pages[-1].next, size=size))
    at = pages[-1]
    for expected in reversed(pages[:-1]):
        assert at.previous is not None
        at = page_of(queryset, order, cursor=at.previous, size=size)
        assert at.rows == expected.rows
        assert at.next is not None
    assert at.previous is None
    return [row for page in pages for row in page.rows]


@pytest.mark.parametrize("order", ORDERS)
@given(minutes=st.lists(st.integers(0, 6), max_size=25), size=st.integers(1, 8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_walking_the_pages_gives_each_row_once_both_ways(order: tuple[str, ...], minutes: list[int], size: int) -> None:
    fill(minutes)
    assert walk(Session.objects.all(), order, size) == list(Session.objects.order_by(*order))


def test_rows_may_be_mappings_and_sorted_by_an_annotation() -> None:
    fill([3, 11, 4])
    rows = Session.objects.annotate(size=Length("session_data"), when=F("expire_date"))
    found = walk(rows.values("session_key", "size", "when"), ("-size", "when", "session_key"), 1)
    assert [row["session_key"] for row in found] == ["k0", "k2", "k1"]


def test_a_row_that_comes_between_two_pages_moves_nothing() -> None:
    fill([1, 2, 3, 4])
    first = page_of(Session.objects.all(), ("-expire_date", "-session_key"), size=2)
    Session.objects.create(session_key="new", session_data="", expire_date=START + timedelta(minutes=9))
    second = page_of(Session.objects.all(), ("-expire_date", "-session_key"), cursor=first.next or "", size=2)
    assert [row.session_key for row in (*first.rows, *second.rows)] == ["k3", "k2", "k1", "k0"]


def test_a_page_is_one_query_and_counts_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    fill(range(5))
    with django_assert_num_queries(1) as queries:
        page_of(Session.objects.all(), ("-expire_date", "-session_key"), size=2)
    sql = queries.captured_queries[0]["sql"].upper()
    assert "COUNT(" not in sql
    assert "OFFSET" not in sql


def get(query: str = "") -> Any:
    return RequestFactory().get(f"/x/{query}")


@pytest.mark.parametrize(("query", "size"), [("", 50), ("?size=7", 7), ("?size=9999", MAX_SIZE)])
def test_the_size_is_taken_from_the_query_up_to_a_cap(query: str, size: int) -> None:
    fill(range(MAX_SIZE + 5))
    assert len(paginate(Session.objects.all(), get(query), order=("pk",))) == size


def cursor(*payload: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(payload).encode()).decode()


BAD = {
    "no base64": "!!!",
    "no json": base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    "no list": base64.urlsafe_b64encode(b'{"a":1}').decode(),
    "too short": cursor(0, "2026-11-01T00:00:00+00:00"),
    "too long": cursor(0, "2026-11-01T00:00:00+00:00", "k", "k"),
    "no direction": cursor(7, "2026-11-01T00:00:00+00:00", "k"),
    "no time": cursor(0, "yesterday", "k"),
    "a time without zone": cursor(0, "2026-11-01T00:00:00", "k"),
    "a number for a time": cursor(0, 5, "k"),
    "nothing": cursor(0, None, "k"),
    "a list": cursor(0, ["2026"], "k"),
    "a null byte": cursor(0, "2026-11-01T00:00:00+00:00", "k\x00"),
    "half a character": cursor(0, "2026-11-01T00:00:00+00:00", "\ud800"),
    "deep": base64.urlsafe_b64encode(b"[" * 100_000).decode(),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_cursor_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        page_of(Session.objects.all(), ("-expire_date", "-session_key"), cursor=text)


@given(st.text())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_as_a_cursor_ends_in_another_error(text: str) -> None:
    for made in (text, base64.urlsafe_b64encode(text.encode(errors="replace")).decode(), cursor(0, text, text)):
        try:
            list(page_of(Session.objects.all(), ("-expire_date", "-session_key"), cursor=made))
        except BadCursor:
            continue


@pytest.mark.parametrize("size", ["0", "-1", "x", "1.5", "٣", ""])
def test_a_size_that_is_none_is_refused_or_left_out(size: str) -> None:
    if size == "":
        assert paginate(Session.objects.all(), get("?size="), order=("pk",)).rows == []
        return
    with pytest.raises(BadCursor):
        paginate(Session.objects.all(), get(f"?size={size}"), order=("pk",))


def test_a_huge_number_in_a_cursor_is_refused_by_its_column() -> None:
    from django.contrib.contenttypes.models import ContentType

    text = Cursor((10**30,)).encode()
    with pytest.raises(BadCursor):
        page_of(ContentType.objects.all(), ("id",), cursor=text)


class SessionSerializer(ModelSerializer[Session]):
    class Meta:
        model = Session
        fields = ["session_key"]


class SessionList(ListAPIView[Session]):
    queryset = Session.objects.all()
    serializer_class = SessionSerializer
    pagination_class = KeysetPagination
    keyset_order = ("-expire_date", "-session_key")
    page_size = 2


def test_the_rest_list_says_results_and_next() -> None:
    fill([1, 2, 3])
    view = SessionList()
    paginator = KeysetPagination()
    request = Request(get("?q=a"))
    rows = paginator.paginate_queryset(SessionList.queryset.all(), request, view)
    answer = paginator.get_paginated_response(SessionSerializer(rows, many=True).data).data
    assert [row["session_key"] for row in answer["results"]] == ["k2", "k1"]
    assert answer["next"].startswith("http://testserver/x/?q=a&cursor=")
    following = paginator.paginate_queryset(
        SessionList.queryset.all(), Request(get(answer["next"].removeprefix("http://testserver/x/"))), view
    )
    assert [row.session_key for row in following] == ["k0"]
    assert paginator.next_address() is None


def test_the_rest_list_refuses_a_bad_cursor_with_400() -> None:
    with pytest.raises(ParseError):
        KeysetPagination().paginate_queryset(SessionList.queryset.all(), Request(get("?cursor=x")), SessionList())
