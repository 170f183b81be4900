"""The database triggers that keep the audit tables append-only, on SQLite and PostgreSQL; knows no model.

Installed by a migration, and again after every `migrate`: when Django alters a table on SQLite it makes
a new one and drops the old one, and with it, silently, the triggers.

An event, its position and the log's identity are never updated, deleted, replaced or truncated. The
erasable detail of an event is never updated or replaced; deleting it is erasure, and allowed.
On SQLite this makes tampering harder, not impossible: whoever owns the file can drop the triggers.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "audit_event": ("id",),
    "audit_eventposition": ("event_id", "index"),
    "audit_log": ("id",),
    "audit_eventdetail": ("event_id",),
}
"""The protected tables with their unique columns."""
ERASABLE: Final = frozenset({"audit_eventdetail"})

_FUNCTION: Final = "audit_append_only"
_FUNCTION_BODY: Final = " BEGIN RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP; END "


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Create every trigger, replacing one of the same name. Harmless to repeat."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in _statements(connection):
            cursor.execute(statement)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return the names of the triggers that are absent, changed or switched off; empty when all is well.

    On SQLite "recursive_triggers" is among them when this connection does not have that pragma on.
    """
    connection = connections[using]
    if connection.vendor == "sqlite":
        return _missing_on_sqlite(connection)
    return _missing_on_postgresql(connection)


def heal(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Put back what a migration took away. The receiver of `post_migrate`."""
    if not set(KEYS) <= set(connections[using].introspection.table_names()):
        return  # migrated back to before this app
    if missing(using):
        install(using)


def _statements(connection: BaseDatabaseWrapper) -> list[str]:
    if connection.vendor == "sqlite":
        triggers = _sqlite_triggers()
        return [f'DROP TRIGGER IF EXISTS "{name}"' for name in triggers] + list(triggers.values())
    signature = f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql"
    function = f"{signature} AS $body${_FUNCTION_BODY}$body$"
    return [function, *(statement for table in KEYS for statement in _postgresql_trigger(table))]


def _sqlite_triggers() -> dict[str, str]:
    """Return the CREATE statement of each trigger, by name, as SQLite keeps it."""
    triggers = {}
    for table, keys in KEYS.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        name = f"{table}_no_update"
        triggers[name] = f'CREATE TRIGGER "{name}" BEFORE UPDATE ON "{table}" {refuse}'
        if table not in ERASABLE:
            name = f"{table}_no_delete"
            triggers[name] = f'CREATE TRIGGER "{name}" BEFORE DELETE ON "{table}" {refuse}'
        # INSERT OR REPLACE deletes without a trigger wherever recursive_triggers is off: another client's connection.
        taken = " OR ".join(f'"{key}" = NEW."{key}"' for key in keys)
        name = f"{table}_no_replace"
        exists = f'EXISTS (SELECT 1 FROM "{table}" WHERE {taken})'  # noqa: S608  the names are ours
        triggers[name] = f'CREATE TRIGGER "{name}" BEFORE INSERT ON "{table}" WHEN {exists} {refuse}'
    return triggers


def _postgresql_trigger(table: str) -> tuple[str, ...]:
    verbs = "UPDATE OR TRUNCATE" if table in ERASABLE else "UPDATE OR DELETE OR TRUNCATE"
    name = f"{table}_append_only"
    return (
        f'CREATE OR REPLACE TRIGGER "{name}" BEFORE {verbs} ON "{table}" '
        f"FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()",
        # ALWAYS: session_replication_role = replica does not switch it off.
        f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER "{name}"',
    )


def _missing_on_sqlite(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        present = dict(cursor.fetchall())
        cursor.execute("PRAGMA recursive_triggers")
        recursive = bool(cursor.fetchone()[0])
    absent = [name for name, sql in _sqlite_triggers().items() if present.get(name) != sql]
    return absent if recursive else [*absent, "recursive_triggers"]


def _missing_on_postgresql(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgtype FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname = c.relname || '_append_only' "
            "AND t.tgenabled = 'A' AND p.proname = %s AND p.prosrc = %s AND pg_table_is_visible(c.oid)",
            [_FUNCTION, _FUNCTION_BODY],
        )
        present = dict(cursor.fetchall())
    return [f"{table}_append_only" for table in KEYS if present.get(table) != _tgtype(table)]


def _tgtype(table: str) -> int:
    """Return pg_trigger.tgtype: BEFORE 2, DELETE 8, UPDATE 16, TRUNCATE 32; 0 for FOR EACH STATEMENT."""
    return 2 + 16 + 32 + (0 if table in ERASABLE else 8)
