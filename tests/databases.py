"""A migrated database kept as a template, copied for what commits and for what is filled; knows both engines."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql


class Template(Protocol):
    """The database of one test process and its untouched copy. No connection may be open in any call.

    `fork` copies the template under a name, for what many tests start from, and points the settings there;
    `use` points them at such a copy, or at the database itself where there is none of this name.
    """

    @property
    def forks(self) -> Collection[str]: ...

    def create(self) -> None: ...

    def keep(self) -> None: ...

    def restore(self) -> None: ...

    def fork(self, name: str) -> None: ...

    def use(self, name: str) -> None: ...

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
        first = self.path
        self.names = (first.with_stem(f"{first.stem}-{number}") for number in count(1))
        self.forks: dict[str, Path] = {}

    def create(self) -> None:
        remove(self.path)

    def keep(self) -> None:
        # Django's last connection has folded the write-ahead log into the file by closing.
        shutil.copyfile(self.path, self.copy)

    def restore(self) -> None:
        remove(self.path)
        self.path = next(self.names)
        self.entry["NAME"] = str(self.path)
        shutil.copyfile(self.copy, self.path)

    def fork(self, name: str) -> None:
        self.forks[name] = self.copy.with_name(f"{name}.sqlite3")
        shutil.copyfile(self.copy, self.forks[name])
        self.use(name)

    def use(self, name: str) -> None:
        self.entry["NAME"] = str(self.forks.get(name, self.path))

    def drop(self) -> None:
        for path in (self.path, self.copy, *self.forks.values()):
            remove(path)


def remove(path: Path) -> None:
    """Remove an SQLite file, its log and the index of that."""
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)


class PostgresTemplate:
    """A database and a second one that PostgreSQL copies by `CREATE DATABASE ... TEMPLATE`."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.entry = entry
        self.name = entry["NAME"]
        self.copy = f"{self.name}_template"
        self.forks: dict[str, str] = {}
        known = {"host": entry["HOST"], "port": entry["PORT"], "user": entry["USER"], "password": entry["PASSWORD"]}
        self.server = {key: value for key, value in known.items() if value} | entry.get("OPTIONS", {})

    def create(self) -> None:
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)
        self.run("CREATE DATABASE {}", self.name)

    def keep(self) -> None:
        self.run("CREATE DATABASE {} TEMPLATE {}", self.copy, self.name)

    def restore(self) -> None:
        self.use("")
        self.run("DROP DATABASE {} WITH (FORCE)", self.name)
        self.run("CREATE DATABASE {} TEMPLATE {}", self.name, self.copy)

    def fork(self, name: str) -> None:
        self.forks[name] = f"{self.name}_{name}"
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.forks[name])
        self.run("CREATE DATABASE {} TEMPLATE {}", self.forks[name], self.copy)
        self.use(name)

    def use(self, name: str) -> None:
        self.entry["NAME"] = self.forks.get(name, self.name)

    def drop(self) -> None:
        for name in (self.name, self.copy, *self.forks.values()):
            self.run("DROP DATABASE {} WITH (FORCE)", name)

    def run(self, statement: str, *names: str) -> None:
        with psycopg.connect(dbname="postgres", autocommit=True, **self.server) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
