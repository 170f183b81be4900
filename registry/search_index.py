"""Makes the trigram index of the text search on SQLite and PostgreSQL, and says what of it is missing.

Django remakes a SQLite table to change it, and silently drops its triggers on the way: the index is
therefore installed by a migration and again after every `migrate`.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "registry_searchentry"
FTS = "registry_search_fts"
POSTGRESQL_INDEX = "registry_search_trigram"
_ADD = f"INSERT INTO {FTS}(rowid, text) VALUES (new.id, new.text);"  # noqa: S608  # fixed words
_REMOVE = f"INSERT INTO {FTS}({FTS}, rowid, text) VALUES ('delete', old.id, old.text);"  # noqa: S608  # fixed words
_TRIGGERS = {
    f"{FTS}_insert": f"AFTER INSERT ON {TABLE} BEGIN {_ADD} END",
    f"{FTS}_delete": f"AFTER DELETE ON {TABLE} BEGIN {_REMOVE} END",
    f"{FTS}_update": f"AFTER UPDATE OF id, text ON {TABLE} BEGIN {_REMOVE} {_ADD} END",
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Make what is missing; an index that had to be made, or missed a trigger for a while, is filled anew."""
    absent = missing_search(connection)
    if not absent:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {POSTGRESQL_INDEX} ON {TABLE} USING gin (text gin_trgm_ops)")
            return
        cursor.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {FTS} "
            f"USING fts5(text, content='{TABLE}', content_rowid='id', tokenize='trigram')"
        )
        for name, body in _TRIGGERS.items():
            cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")
        cursor.execute(f"INSERT INTO {FTS}({FTS}) VALUES ('rebuild')")  # noqa: S608  # fixed words


def missing_search(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the parts of the index that are not there, for `/readyz`."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = %s", [TABLE])
            wanted = {POSTGRESQL_INDEX}
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'trigger')")
            wanted = {FTS, *_TRIGGERS}
        return sorted(wanted - {row[0] for row in cursor.fetchall()})
