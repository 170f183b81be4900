from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.ui.paging import KeysetPage
from tests.ui.rendering import Elements, render

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=3), "now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=12, seconds=50), "12 min ago"),
        (timedelta(hours=-3, seconds=-1), "in 3 h"),
        (timedelta(days=5), "5 d ago"),
        (timedelta(days=200), "2026-05-07"),
    ],
)
def test_a_time_is_relative_and_tells_the_exact_one(before: timedelta, words: str) -> None:
    markup = render("{% ago moment %}", moment=NOW - before)
    assert f">{words}</time>" in markup
    assert (NOW - before).strftime('datetime="%Y-%m-%dT%H:%M:%SZ" title="%Y-%m-%d %H:%M:%S UTC" tabindex="0"') in markup


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0.12, "120 ms"), (8.4, "8.4 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3723, "1 h 02 min"),
     (90000, "1 d 1 h"), (timedelta(minutes=5), "5 min 00 s"), (-1, "–")],
)  # fmt: skip
def test_a_duration_is_said_in_words(seconds: float | timedelta | None, words: str) -> None:
    assert render("{{ value|duration }}", value=seconds) == words


@pytest.mark.parametrize(("size", "words"), [(812, "812 B"), (1800, "1.8 kB"), (6_200_000, "6.2 MB"), (None, "–")])
def test_a_size_is_said_in_words(size: int | None, words: str) -> None:
    assert render("{{ size|bytes }}", size=size) == words


def test_a_query_keeps_filters_replaces_one_and_forgets_the_page() -> None:
    markup = render("{% query state='failed' owner=None %}", url="/x/?q=a+b&state=all&owner=me&cursor=abc")
    assert markup == "?q=a+b&amp;state=failed"


def test_the_pager_is_silent_when_there_is_one_page() -> None:
    assert render("{% pager page %}", page=KeysetPage([1], None, None)).strip() == ""


def test_the_pager_keeps_the_filters() -> None:
    markup = render("{% pager page %}", url="/x/?state=failed&cursor=old", page=KeysetPage([1], "new", None))
    assert 'href="?state=failed&amp;cursor=new"' in markup


def test_a_sorted_heading_turns_and_says_so() -> None:
    source = "<th{% sort_state 'started' %}>{% sort_link 'started' 'Started' %}</th>"
    assert '<th aria-sort="ascending"><a href="?sort=-started">' in render(source, url="/x/?sort=started")
    assert '<th aria-sort="descending"><a href="?sort=started">' in render(source, url="/x/?sort=-started")
    assert "aria-sort" not in render(source)


def test_a_json_tree_shows_every_leaf() -> None:
    text = Elements(render("{% json_view value %}", value={"a": [1, {"b": "x"}], "c": None, "d": {}})).text
    assert text == '{3}a: [2]0: 11: {1}b: "x"c: nulld: {}'


def test_a_very_deep_value_ends_as_text() -> None:
    deep: Any = "end"
    for _ in range(100):
        deep = [deep]
    assert "end" in render("{% json_view value %}", value=deep)


def test_a_digest_is_short_and_copied_whole() -> None:
    markup = render("{% digest_copy digest %}", digest="9b1e" + "0" * 56 + "c07a")
    assert ">9b1e…c07a</code>" in markup
    assert f'data-copy="9b1e{"0" * 56}c07a"' in markup


def test_studio_is_linked_for_azure_and_not_for_the_sandbox() -> None:
    workspace = SimpleNamespace(cloud="azure", subscription_id="s", resource_group="g", name="n")
    markup = render("{% studio_link workspace 'run:x y' %}", workspace=workspace)
    assert "/runs/x%20y?wsid=%2Fsubscriptions%2Fs%2FresourceGroups%2Fg%2F" in markup
    workspace.cloud = "sandbox"
    assert render("{% studio_link workspace 'run:x' %}", workspace=workspace) == ""


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.text(), st.lists, max_leaves=8)))
def test_a_charts_data_comes_back_as_it_was_sent(value: dict[str, Any]) -> None:
    markup = render('{% include "ui/_chart.html" with id="c" figure=value %}', value=value)
    source = markup.split('type="application/json">')[1].split("</script>")[0]
    assert json.loads(source) == value
