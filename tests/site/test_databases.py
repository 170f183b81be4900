"""The databases that tests start from."""

from __future__ import annotations

from pathlib import Path

from tests.databases import SqliteTemplate


def test_a_database_that_comes_back_often_keeps_a_short_name(tmp_path: Path) -> None:
    entry = {"NAME": str(tmp_path / "portal.sqlite3")}
    Path(entry["NAME"]).touch()
    template = SqliteTemplate(entry)
    template.keep()
    for _ in range(300):
        template.restore()
    assert entry["NAME"] == str(tmp_path / "portal-300.sqlite3")
