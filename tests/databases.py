"""A migrated database kept as a template, copied back after each test that commits; knows both engines."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql


class Template(Protocol):
    """The database of one test process and its untouched copy. No connection may be open in any call."""

    def create(self) -> None: ...

    def keep(self) -> None: ...

    def restore(self) -> None: ...

    def drop(self) -> None: ...


class SqliteTemplate:
    """A file and its copy, which comes back under another name each time.

    A connection that a thread left open keeps the old file. When it is closed at last, SQLite takes away the log
    beside that file by its name: under the same name it would be the new file's, with all that was written since.
    """

    def __init__(self, entry: dict[str, Any]) -> None:
        self.entry = entry
        self.path = Path(entry["NAME"])
        self.copy = self.path.with_suffix(".template")
        self.names = (self.path.with_stem(f"{self.path.stem}-{number}") for number in count(1))

    def create(self) -> None:
        self.remove()

    def keep(self) -> None:
        # Django's last connection has folded the write-ahead log into the file by closing.
        shutil.copyfile(self.path, self.copy)

    def restore(self) -> None:
        self.remove()
        self.path = next(self.names)
        self.entry["NAME"] = str(self.path)
        shutil.copyfile(self.copy, self.path)

    def drop(self) -> None:
        self.remove()
        self.copy.unlink()

    def remove(self) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)


class PostgresTemplate:
    """A database and a second one that PostgreSQL copies by `CREATE DATABASE ... TEMPLATE`."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.name = entry["NAME"]
        self.copy = f"{self.name}_template"
        known = {"host": entry["HOST"], "port": entry["PORT"], "user": entry["USER"], "password": entry["PASSWORD"]}
        self.server = {key: value for key, value in known.items() if value} | entry.get("OPTIONS", {})

    def create(self) -> None:
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)
        self.run("CREATE DATABASE {}", self.name)

    def keep(self) -> None:
        self.run("CREATE DATABASE {} TEMPLATE {}", self.copy, self.name)

    def restore(self) -> None:
        self.run("DROP DATABASE {} WITH (FORCE)", self.name)
        self.run("CREATE DATABASE {} TEMPLATE {}", self.name, self.copy)

    def drop(self) -> None:
        self.run("DROP DATABASE {} WITH (FORCE)", self.name)
        self.run("DROP DATABASE {} WITH (FORCE)", self.copy)

    def run(self, statement: str, *names: str) -> None:
        with psycopg.connect(dbname="postgres", autocommit=True, **self.server) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
