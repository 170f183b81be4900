"""No text of a person, whichever tag shows it, becomes markup."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mlopsportal.specs.diff import Change
from mlopsportal.specs.graph import Edge, Graph, Node
from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.specs.ref import Ref
from mlopsportal.specs.textdiff import text_diff
from mlopsportal.ui.drawing import drawing_of
from mlopsportal.ui.paging import KeysetPage
from tests.ui.rendering import Elements, render

HOSTILE = "\"'><script data-evil>alert(1)</script><img src=x onerror=alert(1)>\u202e\u200b\x07"


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
