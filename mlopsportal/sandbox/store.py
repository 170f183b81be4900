"""The sandbox's SQLite file: rows in and out under one writer lock; knows no rule of Azure ML."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlopsportal.sandbox.arm import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS resource(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL DEFAULT '',
  archived INTEGER NOT NULL DEFAULT 0, anonymous INTEGER NOT NULL DEFAULT 0, properties TEXT NOT NULL,
  created_at REAL NOT NULL, created_by TEXT NOT NULL, modified_at REAL NOT NULL, modified_by TEXT NOT NULL,
  visible_at REAL NOT NULL DEFAULT 0, previous TEXT, UNIQUE(kind, name, version));
CREATE INDEX IF NOT EXISTS resource_pages ON resource(kind, version, archived, seq);
CREATE INDEX IF NOT EXISTS resource_versions ON resource(kind, name, archived, seq);
CREATE TABLE IF NOT EXISTS run(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, parent TEXT, root TEXT NOT NULL,
  node TEXT NOT NULL DEFAULT '', job_type TEXT NOT NULL, hidden INTEGER NOT NULL DEFAULT 0,
  schedule TEXT NOT NULL DEFAULT '', spec TEXT NOT NULL, detail TEXT NOT NULL, created_by TEXT NOT NULL,
  created_at REAL NOT NULL, ready_at REAL NOT NULL, starts_at REAL NOT NULL, ends_at REAL NOT NULL,
  outcome TEXT NOT NULL, fingerprint TEXT NOT NULL DEFAULT '', settled INTEGER NOT NULL DEFAULT 0,
  modified_at REAL NOT NULL, visible_at REAL NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS run_parent ON run(parent, seq);
CREATE INDEX IF NOT EXISTS run_root ON run(root, seq);
CREATE INDEX IF NOT EXISTS run_fingerprint ON run(fingerprint, ends_at);
CREATE INDEX IF NOT EXISTS run_unsettled ON run(settled, ends_at);
CREATE INDEX IF NOT EXISTS run_schedule ON run(schedule, seq);
CREATE TABLE IF NOT EXISTS fire(schedule TEXT PRIMARY KEY, next_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS operation(id TEXT PRIMARY KEY, done_at REAL NOT NULL, error TEXT);
CREATE TABLE IF NOT EXISTS blob(path TEXT PRIMARY KEY, content BLOB NOT NULL, metadata TEXT NOT NULL,
  modified_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS journal(
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  query TEXT NOT NULL, body BLOB NOT NULL, body_sha256 TEXT NOT NULL, status INTEGER, request_id TEXT NOT NULL,
  client_request_id TEXT NOT NULL, actor TEXT NOT NULL, fault TEXT NOT NULL DEFAULT '');
"""


@dataclass(frozen=True)
class Resource:
    """One container, version or flat thing; times are seconds since the epoch."""

    seq: int
    kind: str
    name: str
    version: str
    archived: bool
    anonymous: bool
    properties: Json
    created_at: float
    created_by: str
    modified_at: float
    modified_by: str


_COLUMNS = (
    "seq, kind, name, version, archived, anonymous, properties, created_at, created_by, modified_at, modified_by, "
    "visible_at, previous"
)


def _resource(row: Sequence[Any], now: float | None) -> Resource | None:
    """The row as a reader at `now` sees it (None: without delayed visibility)."""
    seq, kind, name, version, archived, anonymous, properties, *who, visible_at, previous = row
    if now is not None and now < visible_at:
        if previous is None:
            return None
        properties = previous
    state = json.loads(properties)
    return Resource(seq, kind, name, version, bool(archived), bool(anonymous), state, *who)


class Store:
    """One connection, one re-entrant lock: every request runs in one IMMEDIATE transaction, so no write is lost."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an inner call joins the outer one."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, parameters).fetchall()

    def insert_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._lock:
            self._db.executemany(sql, rows)

    def meta(self, key: str, default: str = "") -> str:
        rows = self.execute("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else default

    def set_meta(self, key: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def clear(self) -> None:
        """Forget everything but the tables."""
        with self.transaction():
            for table in ("meta", "resource", "run", "fire", "operation", "blob", "journal"):
                self.execute(f"DELETE FROM {table}")  # noqa: S608  # fixed words

    def get(self, kind: str, name: str, version: str = "", *, now: float | None = None) -> Resource | None:
        """With `now`, as an outside reader sees it; without, as it is."""
        sql = f"SELECT {_COLUMNS} FROM resource WHERE kind = ? AND name = ? AND version = ?"  # noqa: S608  # fixed words
        rows = self.execute(sql, (kind, name, version))
        return _resource(rows[0], now) if rows else None

    def demand(self, kind: str, name: str, version: str = "") -> Resource:
        """What was just written; raises KeyError when it is not there."""
        found = self.get(kind, name, version)
        if found is None:
            raise KeyError((kind, name, version))
        return found

    def put(
        self,
        kind: str,
        name: str,
        version: str,
        properties: Json,
        *,
        now: float,
        actor: str,
        hide_for: float = 0.0,
    ) -> bool:
        """Insert or replace; True when it is new. `hide_for` seconds the outside goes on seeing what was there."""
        text = json.dumps(properties)
        archived, anonymous = bool(properties.get("isArchived")), bool(properties.get("isAnonymous"))
        visible_at = now + hide_for if hide_for else 0.0
        changed = self.execute(
            "UPDATE resource SET previous = properties, properties = ?, archived = ?, anonymous = ?, modified_at = ?,"
            " modified_by = ?, visible_at = ? WHERE kind = ? AND name = ? AND version = ? RETURNING seq",
            (text, archived, anonymous, now, actor, visible_at, kind, name, version),
        )
        if changed:
            return False
        self.execute(
            "INSERT INTO resource(kind, name, version, archived, anonymous, properties, created_at, created_by,"
            " modified_at, modified_by, visible_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (kind, name, version, archived, anonymous, text, now, actor, now, actor, visible_at),
        )
        return True

    def delete(self, kind: str, name: str, version: str = "") -> bool:
        """True when there was something to delete."""
        sql = "DELETE FROM resource WHERE kind = ? AND name = ? AND version = ? RETURNING seq"
        return bool(self.execute(sql, (kind, name, version)))

    def page(
        self,
        kind: str,
        *,
        now: float,
        name: str = "",
        archived: bool | None = None,
        before: int | None = None,
        limit: int,
        ascending: bool = False,
    ) -> tuple[list[Resource], str | None]:
        """Containers (no name) or the versions of one name, newest first; and the key of the next page, if any."""
        where, values = ["kind = ?"], [kind]  # type: list[str], list[Any]
        where.append("name = ? AND version <> ''" if name else "version = ''")
        values += [name] if name else []
        if archived is not None:
            where.append("archived = ?")
            values.append(int(archived))
        if before is not None:
            where.append("seq > ?" if ascending else "seq < ?")
            values.append(before)
        order = "ASC" if ascending else "DESC"
        head = f"SELECT {_COLUMNS} FROM resource WHERE {' AND '.join(where)}"  # noqa: S608  # fixed words
        sql = f"{head} ORDER BY seq {order} LIMIT ?"
        rows = self.execute(sql, (*values, limit + 1))
        found = [_resource(row, now) for row in rows[:limit]]
        next_key = str(rows[limit - 1][0]) if len(rows) > limit else None
        return [item for item in found if item is not None], next_key

    def versions(self, kind: str, name: str) -> list[str]:
        """All version names, newest first."""
        sql = "SELECT version FROM resource WHERE kind = ? AND name = ? AND version <> '' ORDER BY seq DESC"
        return [str(row[0]) for row in self.execute(sql, (kind, name))]
