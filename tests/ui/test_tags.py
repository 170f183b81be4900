from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db.models import TextChoices
from django.template import engines
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.diff import Change
from mlopsportal.specs.graph import Edge, Graph, Node
from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.textdiff import text_diff
from mlopsportal.ui.badges import GROUPS, badge_of
from mlopsportal.ui.code import MAX_LINES
from mlopsportal.ui.drawing import drawing_of
from mlopsportal.ui.paging import KeysetPage

HOSTILE = "\"'><script data-evil>alert(1)</script><img src=x onerror=alert(1)>\u202e\u200b\x07"
NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)


class Elements(HTMLParser):
    """Collects what a browser would make of a piece of markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def render(source: str, url: str = "/w/demo/runs/", **context: Any) -> str:
    template = engines["django"].from_string("{% load ui %}" + source)
    return str(template.render(context, RequestFactory().get(url)))


def problem(line: int | None, message: str = "No.", severity: Severity = Severity.ERROR) -> Problem:
    return Problem("some-code", "inputs.x", line, 1, severity, message, "Do this.")


def hostile_problem() -> Problem:
    return Problem(HOSTILE, HOSTILE, 1, 1, Severity.ERROR, HOSTILE, HOSTILE)


def hostile_graph() -> Graph:
    nodes = (Node(HOSTILE, HOSTILE, HOSTILE), Node("b", "command", str(Ref("component", HOSTILE, HOSTILE))))
    return Graph(nodes, (Edge(HOSTILE, HOSTILE, "b", HOSTILE),))


HOSTILE_USES = {
    "badge": "{% badge bad %}",
    "badge detail": "{% badge 'failed' detail=bad word=bad %}",
    "pill": "{% pill bad %}",
    "mark": "{% mark bad bad %}",
    "ago": "{% ago None bad %}",
    "at": "{% at None bad %}",
    "ref_link of a ref": "{% ref_link ref bad %}",
    "ref_link of a text": "{% ref_link bad bad text=bad %}",
    "ref_url": '<a href="{% ref_url ref bad %}">x</a>',
    "section_url": "<a href=\"{% section_url 'runs' bad %}\">x</a>",
    "site_url": '<a href="{% site_url bad %}">x</a>',
    "compare_url": '<a href="{% compare_url bad bad %}">x</a>',
    "lineage_url": '<a href="{% lineage_url bad bad %}">x</a>',
    "studio_link": "{% studio_link workspace ref %}",
    "copy": "{% copy bad shown=bad label=bad %}",
    "copy_button": "{% copy_button bad bad %}",
    "digest_copy": "{% digest_copy bad bad %}",
    "short_digest": "{{ bad|short_digest }}",
    "visible": "{{ bad|visible }}",
    "ticked": "{% with ticks='`' %}{{ ticks|add:bad|add:ticks|ticked }}{% endwith %}",
    "plain": "{{ bad|plain }}",
    "plural_ref": "{% plural_ref 2 bad %}",
    "code": "{% code bad problems=problems label=bad %}",
    "problem_list": "{% problem_list problems %}",
    "diff": "{% diff hunks label=bad %}",
    "fields_diff": "{% fields_diff changes label=bad %}",
    "graph": "{% graph drawing %}",
    "graph_table": "{% graph_table drawing %}",
    "json_view": "{% json_view value label=bad %}",
    "query": '<a href="{% query x=bad %}">x</a>',
    "pager": "{% pager page label=bad %}",
    "sort_link": "{% sort_link bad bad %}",
    "empty": "{% empty bad bad url='/x/' action=bad %}",
    "error": '{% include "ui/_error.html" with title=bad text=bad next=bad %}',
    "loading": '{% include "ui/_loading.html" with text=bad %}',
    "chart": '{% include "ui/_chart.html" with id="c" figure=value caption=bad %}',
}


def hostile_context() -> dict[str, Any]:
    graph = hostile_graph()
    return {
        "bad": HOSTILE,
        "ref": Ref("component", HOSTILE, HOSTILE),
        "workspace": SimpleNamespace(cloud="azure", subscription_id=HOSTILE, resource_group=HOSTILE, name=HOSTILE),
        "problems": [hostile_problem()],
        "hunks": text_diff(HOSTILE, f"x{HOSTILE}"),
        "changes": [Change(HOSTILE, "changed", HOSTILE, {HOSTILE: [HOSTILE]})],
        "drawing": drawing_of(graph, workspace=HOSTILE, states={"b": HOSTILE}, notes={HOSTILE: HOSTILE}, label=HOSTILE),
        "value": {HOSTILE: [HOSTILE]},
        "page": KeysetPage([], HOSTILE, HOSTILE),
    }


@pytest.mark.parametrize("source", HOSTILE_USES.values(), ids=HOSTILE_USES.keys())
def test_a_hostile_string_never_becomes_markup(source: str) -> None:
    markup = render(source, url="/w/demo/runs/?sort=%22%3E%3Cscript%3E", **hostile_context())
    elements = Elements(markup)
    assert "img" not in elements.tags
    if source != HOSTILE_USES["chart"]:  # its one script element holds JSON
        assert "script" not in elements.tags
    names = {name for name, _ in elements.attributes}
    assert not {"onerror", "data-evil", "style"} & names
    assert not any((value or "").lower().startswith("javascript:") for _, value in elements.attributes)


def test_every_tag_and_filter_is_tried_with_a_hostile_string() -> None:
    from mlopsportal.ui.templatetags.ui import register

    harmless = {"duration", "bytes", "sort_state"}  # they return numbers and fixed words only
    missing = {
        name
        for name in {*register.tags, *register.filters}
        if not any(name in source for source in HOSTILE_USES.values())
    }
    assert missing == harmless


@pytest.mark.parametrize("state", [state for states in GROUPS.values() for state in states])
def test_every_known_state_has_a_word_a_sign_and_a_tone(state: str) -> None:
    known = badge_of(state)
    assert known.word
    assert known.sign
    assert known.tone in {"good", "warn", "bad", "info", "plain"}


def test_every_state_of_every_model_is_known() -> None:
    from mlopsportal.changes.states import PlanState, State, StepAction, StepState, Verdict
    from registry.models import RunStatus

    groups: dict[type[TextChoices], str] = {
        State: "change",
        StepState: "step",
        StepAction: "difference",
        Verdict: "verdict",
        RunStatus: "run",
    }
    unknown = [
        value for states, group in groups.items() for value in states.values if badge_of(value, group).sign == "·"
    ]
    assert unknown == []
    assert all(badge_of(state, "sync").sign != "·" for state in PlanState)


def test_azures_spelling_of_a_state_is_understood() -> None:
    assert "Cancel requested" in render("{% badge 'CancelRequested' %}")


def test_an_unknown_state_is_shown_with_its_own_word() -> None:
    assert "Half baked" in render("{% badge 'half_baked' %}")
    assert 'class="pill plain"' in render("{% badge 'half_baked' %}")


def test_a_badge_says_its_detail() -> None:
    assert "In review · 1 of 2 approvals" in render("{% badge 'in_review' detail='1 of 2 approvals' %}")


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


def test_code_numbers_lines_and_puts_problems_under_theirs() -> None:
    markup = render("{% code text problems=problems anchor='t' %}", text="a: 1\nb: 2\n", problems=[problem(2)])
    assert '<li id="t-L1"><code>a: 1</code></li>' in markup
    assert '<li id="t-L2" class="error"><code>b: 2</code><span class="problem error">' in markup
    assert 'href="/help/checks/some-code/"' in markup
    assert "t-L3" not in markup


@pytest.mark.parametrize("line", [None, 0, 99, -1])
def test_a_problem_without_a_line_comes_before_the_text(line: int | None) -> None:
    markup = render("{% code text problems=problems %}", text="a: 1", problems=[problem(line)])
    assert markup.index("some-code") < markup.index("<ol>")


def test_a_very_long_text_is_cut_and_says_so() -> None:
    markup = render(
        "{% code text problems=problems %}", text="x\n" * (MAX_LINES + 1), problems=[problem(MAX_LINES + 1)]
    )
    assert markup.count("<li id=") == MAX_LINES
    assert f"{MAX_LINES} of {MAX_LINES + 1} lines are shown" in markup


def test_hidden_characters_are_written_out() -> None:
    markup = render("{{ text|visible }}", text="a\u202eb\u200bc\u00a0d\te")
    assert Elements(markup).text == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+00A0⟩d\te"
    assert 'title="RIGHT-TO-LEFT OVERRIDE"' in markup


@given(st.text(st.characters(exclude_characters="⟨⟩")))
def test_what_is_shown_holds_no_hidden_character_and_loses_none(text: str) -> None:
    from mlopsportal.ui.visible import is_hidden, plain_visible, segments

    shown = plain_visible(text)
    assert not any(is_hidden(character) for character in shown)
    assert "".join(piece for _, piece in segments(text)) == text


def test_a_diff_marks_words_and_says_added_and_removed() -> None:
    markup = render("{% diff hunks label='t.yml' %}", hunks=text_diff("a: 1\nb: 2\n", "a: 1\nb: 3\nc: 4\n"))
    assert 'aria-label="Differences in t.yml"' in markup
    assert '<span class="sr">removed</span>' in markup
    assert "<del>2</del>" in markup
    assert "<ins>3</ins>" in markup
    assert markup.count('class="cell none"') == 1


def test_equal_texts_say_so() -> None:
    assert "No difference in the text." in render("{% diff hunks %}", hunks=[])


def test_changed_fields_are_a_table() -> None:
    changes = [Change("a", "added", None, "x"), Change("b", "removed", 1, None), Change("l[0]", "moved", 1, 0)]
    text = Elements(render("{% fields_diff changes %}", changes=changes)).text
    assert "+Added" in text
    assert "−Removed" in text
    assert "place 2place 1" in text


def test_fields_can_stand_below_the_step_they_are_of() -> None:
    changes = [
        Change("jobs.a.component", "changed", "x", "y", ("jobs", "a", "component")),
        Change("jobs.a.inputs.rate", "changed", 1, 2, ("jobs", "a", "inputs", "rate")),
        Change("jobs.b", "added", None, {"type": "command", "inputs": {"rate": 1}}, ("jobs", "b")),
        Change("description", "changed", "old", "new", ("description",)),
    ]
    markup = render("{% fields_diff changes grouped=True %}", changes=changes)
    assert markup.count('scope="rowgroup"') == 3
    assert '<tr id="field-jobs.a">' in markup
    assert '<a href="#field-jobs.a" data-change>a</a>' in markup
    assert "<code>inputs.<wbr>rate</code>" in markup
    assert '<code class="lines">type: command\ninputs:\n  rate: 1</code>' in markup


def test_a_value_of_many_lines_is_opened_by_whoever_wants_to_see_it() -> None:
    change = Change("a", "added", None, {f"k{number}": number for number in range(20)}, ("a",))
    assert "<summary>20 lines</summary>" in render("{% fields_diff changes %}", changes=[change])


def test_pieces_of_a_text_say_where_they_are_and_have_addresses() -> None:
    hunks = text_diff("jobs:\n  a: 1\n", "jobs:\n  a: 2\n")
    markup = render("{% diff hunks places=places %}", hunks=hunks, places=["jobs <b>"])
    assert '<div class="hunk" id="text-1"><a href="#text-1" data-change>Lines 1–2, now 1–2</a>' in markup
    assert "jobs &lt;b&gt;" in markup


def drawn_graph() -> Graph:
    nodes = (Node("prep", "command", "component:prep:1"), Node("train", "pipeline", "component:train:2"))
    return Graph(nodes, (Edge("prep", "clean", "train", "data"), Edge("prep", "stats", "train", "stats")))


def test_graph_nodes_are_links_that_say_their_state() -> None:
    drawing = drawing_of(drawn_graph(), workspace="demo", states={"train": "Failed"}, notes={"train": "3 min"})
    markup = render("{% graph drawing %}", drawing=drawing)
    assert '<a href="/w/demo/components/prep/versions/1/" aria-label="prep, prep:1">' in markup
    assert '<a href="/w/demo/pipelines/train/versions/2/" aria-label="train, train:2, Failed, 3 min">' in markup
    assert 'class="node bad"' in markup
    assert "✗" in markup
    assert "prep.clean → train.data\nprep.stats → train.stats" in markup


def test_a_comparison_says_what_does_not_fit_and_what_became_of_each_edge() -> None:
    fine, wrong = drawn_graph().edges
    drawing = drawing_of(
        drawn_graph(),
        workspace="demo",
        states={"train": "changed"},
        group="difference",
        edge_kinds={fine: "added", wrong: "broken"},
        faults={"train": "does not fit"},
        notes={"prep": "was clean"},
    )
    markup = render("{% graph drawing %}", drawing=drawing)
    assert 'class="node changed faulty"' in markup
    assert 'aria-label="train, train:2, Changed, does not fit" data-change>' in markup
    assert "✗ does not fit" in markup
    assert 'class="edge broken"' in markup
    assert "prep.clean → train.data (added)\nprep.stats → train.stats (does not fit)" in markup
    assert markup.count("data-change") == 1


def test_a_wide_graph_has_buttons_that_only_script_shows() -> None:
    nodes = tuple(Node(f"n{number}", "command") for number in range(6))
    edges = tuple(Edge(f"n{number}", "out", f"n{number + 1}", "in") for number in range(5))
    plain = render("{% graph drawing %}", drawing=drawing_of(Graph(nodes, edges)))
    assert plain.count("data-zoom=") == plain.count("hidden>") == 3
    compared = drawing_of(Graph(nodes, edges), states={"n1": "added"}, group="difference")
    assert render("{% graph drawing %}", drawing=compared).count("data-walk=") == 2


def test_long_names_stay_apart_in_a_graph() -> None:
    names = [f"train_lightgbm_with_a_very_long_name_{number}" for number in (1, 2)]
    markup = render(
        "{% graph drawing %}", drawing=drawing_of(Graph(tuple(Node(name, "command") for name in names), ()))
    )
    assert ">train_lightgbm_w…g_name_1</text>" in markup
    assert ">train_lightgbm_w…g_name_2</text>" in markup


def test_the_graphs_table_says_what_flows() -> None:
    text = Elements(render("{% graph_table drawing %}", drawing=drawing_of(drawn_graph()))).text
    assert "data from prep.clean" in text
    assert "stats to train.stats" in text


def test_an_empty_graph_says_so() -> None:
    assert "no steps" in render("{% graph drawing %}", drawing=drawing_of(Graph((), ())))


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


def test_what_stands_in_backticks_is_code() -> None:
    assert render("{{ text|ticked }}", text="`a<b` became `c`, it is said") == (
        "<code>a&lt;b</code> became <code>c</code>, it is said"
    )
    assert render("{{ text|ticked }}", text="one ` alone") == "one ` alone"
