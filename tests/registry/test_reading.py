"""What several pages read of their address: how far a lineage goes, which kinds it shows, and what is no parameter."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from registry.lineage import DEEPEST, DEPTH, KINDS
from registry.models import Workspace
from registry.reading import LineageForm

WORKSPACE = Workspace(slug="demo")


def asked(query: str) -> LineageForm:
    return LineageForm(QueryDict(query), workspace=WORKSPACE)


def test_what_is_left_out_is_at_its_default_and_is_shown_so() -> None:
    form = asked("ref=model:a:1")
    assert form.is_valid(), form.errors
    assert (form.wish.depth, form.wish.up, form.wish.down, form.wish.steps) == (DEPTH, True, True, False)
    assert form["kind"].value() == [*KINDS]


def test_kinds_come_one_by_one_or_in_a_row() -> None:
    for query in ("kind=run&kind=data", "kind=run,data", "kind=run, data,"):
        form = asked(query)
        assert form.is_valid(), form.errors
        assert form.wish.kinds == {"run", "data"}


def test_a_depth_is_a_whole_number_that_is_not_too_deep() -> None:
    form = asked(f"depth={DEEPEST}")
    assert form.is_valid()
    assert form.wish.depth == DEEPEST


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *((f"depth={text}", "depth") for text in ("0", "²", "x", "1.5", DEEPEST + 1, "0015", "001" + "0" * 5000)),
        ("kind=run&kind=bogus", "kind"),
        ("direction=sideways", "direction"),
        ("steps=perhaps", "steps"),
        ("ref=nothing", "ref"),
        ("ref=other/run:x", "ref"),
        ("ref=run:a%2500", "ref"),
    ],
)
def test_what_cannot_be_read_is_told_beside_its_field_and_stays_there(query: str, field: str) -> None:
    form = asked(query)
    assert not form.is_valid()
    assert [*form.errors] == [field]
    if field == "depth":
        assert form[field].value() == query.partition("=")[2]


def test_a_name_that_nothing_reads_is_told() -> None:
    assert asked("ref=&kinds=run&zz=1&kinds=data").strangers == ["kinds", "zz"]
