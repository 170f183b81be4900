"""The trigram index: what is missing is told, and put back."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from registry import searching
from registry.models import SearchEntry
from registry.search_index import FTS, POSTGRESQL_INDEX, install, missing_search
from registry.searching import search
from tests.registry.building import make_workspace

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    assert missing_search(connection) == []


def test_what_a_remade_table_lost_is_put_back_and_filled() -> None:
    workspace = make_workspace()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP INDEX {POSTGRESQL_INDEX}")
            lost = [POSTGRESQL_INDEX]
        else:
            cursor.execute(f"DROP TRIGGER {FTS}_insert")
            lost = [f"{FTS}_insert"]
    assert missing_search(connection) == lost
    text = "churn_training weekly"
    entry = SearchEntry(workspace=workspace, kind="run", ref="run:x", title="x", text=text, at=timezone.now())
    entry.save()
    connection.check_constraints()  # a row whose foreign key is still to be looked at holds the index up on PostgreSQL
    install(connection)
    assert missing_search(connection) == []
    assert search([workspace], "TRAINING week") == [entry]


def test_the_index_follows_what_is_written() -> None:
    workspace = make_workspace()
    entry = SearchEntry(workspace=workspace, kind="run", ref="run:x", title="x", text="before", at=timezone.now())
    entry.save()
    entry.text = "afterwards"
    entry.save()
    assert search([workspace], "before") == []
    assert search([workspace], "afterwards", "run") == [entry]
    assert search([workspace], "afterwards", "component") == []
    assert search([make_workspace(slug="other")], "afterwards") == []
    entry.delete()
    assert search([workspace], "afterwards") == []


def test_many_matches_elsewhere_take_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The candidates are capped: newer runs, or another workspace, must not hide the one component."""
    monkeypatch.setattr(searching, "CANDIDATES", 3)
    workspace, other = make_workspace(), make_workspace(slug="other")
    wanted = SearchEntry(workspace=workspace, kind="component", ref="component:train", title="train", at=timezone.now())
    wanted.text = "train_model"
    wanted.save()
    for place, kind in ((workspace, "run"), (other, "component")):
        for number in range(5):
            SearchEntry.objects.create(
                workspace=place, kind=kind, ref=f"{kind}:{number}", title="x", text="train_model", at=timezone.now()
            )
    assert search([workspace], "train_model", "component") == [wanted]
    assert len(search([other], "train_model")) >= 3


@pytest.mark.parametrize("text", ['"', "a*b(c", "NOT x OR y", "%__", "\\", "' OR 1=1 --", "\u202e\u202e\u202e"])
def test_no_text_breaks_the_search(text: str) -> None:
    assert search([make_workspace()], text) == []
