from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from mlopsportal.audit import triggers
from mlopsportal.audit.models import Event, EventDetail, EventPosition
from tests.audit.events import make_event


def on_sqlite() -> bool:
    return connection.vendor == "sqlite"


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def drop_one() -> None:
    table = "audit_event"
    run(f'DROP TRIGGER "{table}_no_update"' if on_sqlite() else f'DROP TRIGGER "{table}_append_only" ON {table}')


def refused(statement: str) -> bool:
    try:
        run(statement)
    except DatabaseError as error:
        return "append-only" in str(error)
    return False


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "DELETE FROM audit_event",
        "UPDATE audit_eventdetail SET note = 'x'",
        'UPDATE audit_eventposition SET "index" = 9',
        "DELETE FROM audit_eventposition",
        "UPDATE audit_log SET id = 2",
        "DELETE FROM audit_log",
    ],
)
def test_raw_sql_cannot_change_or_delete(statement: str) -> None:
    event = make_event()
    EventPosition.objects.create(event=event, index=0, leaf_hash="0" * 64)
    assert refused(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["audit_event", "audit_eventdetail", "audit_eventposition", "audit_log"])
def test_raw_sql_cannot_replace(table: str) -> None:
    event = make_event()
    EventPosition.objects.create(event=event, index=0, leaf_hash="0" * 64)
    copy = f"INTO {table} SELECT * FROM {table}"  # noqa: S608  the names above
    if on_sqlite():
        assert refused(f"INSERT OR REPLACE {copy}")
        assert refused(f"REPLACE {copy}")
    else:
        key = "id" if table in ("audit_event", "audit_log") else "event_id"
        assert refused(f"INSERT {copy} ON CONFLICT ({key}) DO UPDATE SET {key} = 0")


@pytest.mark.django_db
def test_a_replace_is_refused_on_a_connection_without_recursive_triggers() -> None:
    if not on_sqlite():
        pytest.skip("a matter of SQLite alone")
    make_event()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers=OFF")
        assert triggers.missing() == ["recursive_triggers"]
    try:
        assert refused("INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers=ON")


@pytest.mark.django_db
@pytest.mark.postgres
@pytest.mark.parametrize("table", ["audit_event", "audit_eventdetail", "audit_eventposition", "audit_log"])
def test_truncate_is_refused(table: str) -> None:
    assert refused(f"TRUNCATE {table} CASCADE")


@pytest.mark.django_db
@pytest.mark.postgres
def test_replication_mode_does_not_switch_the_triggers_off() -> None:
    make_event()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    assert refused("DELETE FROM audit_event")


@pytest.mark.django_db
def test_a_detail_may_be_erased() -> None:
    event = make_event()
    EventDetail.objects.filter(event=event).delete()
    assert Event.objects.filter(pk=event.pk).exists()


@pytest.mark.django_db
def test_a_dropped_trigger_is_noticed_and_put_back() -> None:
    drop_one()
    assert len(triggers.missing()) == 1
    triggers.heal()
    assert triggers.missing() == []


@pytest.mark.django_db
def test_a_gutted_trigger_is_noticed() -> None:
    if on_sqlite():
        drop_one()
        run("CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT 1; END")
        assert triggers.missing() == ["audit_event_no_update"]
    else:
        run('ALTER TABLE audit_event DISABLE TRIGGER "audit_event_append_only"')
        assert triggers.missing() == ["audit_event_append_only"]


def test_a_table_made_anew_by_a_migration_gets_its_triggers_back(committed_db: None) -> None:
    if not on_sqlite():
        pytest.skip("only SQLite makes tables anew")
    make_event()
    with connection.schema_editor() as editor:
        editor._remake_table(Event)  # type: ignore[attr-defined]  # as a migration on SQLite does
    assert set(triggers.missing()) == {"audit_event_no_update", "audit_event_no_delete", "audit_event_no_replace"}
    call_command("migrate", verbosity=0)
    assert triggers.missing() == []
    assert refused("DELETE FROM audit_event")
