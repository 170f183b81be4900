"""What every test starts from: fast settings, a database with a template to copy, and a running portal."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connections, transaction
from django.test.testcases import LiveServerThread
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import PostgresTemplate, SqliteTemplate, Template

pytest_plugins = ["tests.mirrors", "tests.teams", "tests.worlds"]
DATA = pytest.StashKey[Path]()
TEMPLATE = pytest.StashKey[Template]()
Filling = Callable[[str], AbstractContextManager[None]]
DATABASE_FIXTURES = frozenset({"db", "committed_db", "database_template"})


def pytest_configure(config: pytest.Config) -> None:
    """Make the settings cheap before Django reads them; the rules of the product stay as they are."""
    data = Path(tempfile.mkdtemp(prefix="mlopsportal-test-"))
    config.stash[DATA] = data
    (data / "static").mkdir()
    settings.DATA_DIR = data
    settings.STATIC_ROOT = data / "static"
    settings.SECRET_KEY = "only-for-tests-" * 4
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    use_own_database(settings.DATABASES["default"], data)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[DATA], ignore_errors=True)


def use_own_database(entry: dict[str, Any], data: Path) -> None:
    """Point the settings at a database of this process alone; a test may lose its last second."""
    if entry["ENGINE"].endswith("sqlite3"):
        entry["NAME"] = str(data / "portal.sqlite3")
        entry["OPTIONS"]["init_command"] = entry["OPTIONS"]["init_command"].replace("FULL", "OFF")
    else:
        entry["CONN_MAX_AGE"] = 0
        entry["NAME"] = f"portal_test_{os.getpid()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse what cannot work here, mark what needs the database, and leave PostgreSQL's own tests out on SQLite."""
    on_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and (marker.kwargs.get("transaction") or marker.args[:1] == (True,)):
            raise pytest.UsageError(f"{item.nodeid}: the audit log cannot be flushed; use the fixture committed_db")
        if marker or DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
        if on_sqlite and item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL; `manage.py test` runs it there"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Point the settings at the database that was filled for a fixture of this test, before any is set up."""
    template = item.session.stash.get(TEMPLATE, None)
    if template:
        connections.close_all()
        filled = [name for name in getattr(item, "fixturenames", ()) if name in template.forks]
        template.use(filled[0] if filled else "")


@pytest.fixture(scope="session")
def database_template(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Template]:
    """Make the migrated database of this process once, and keep a copy to start again from."""
    entry = settings.DATABASES["default"]
    template: Template
    template = SqliteTemplate(entry) if entry["ENGINE"].endswith("sqlite3") else PostgresTemplate(entry)
    with django_db_blocker.unblock():
        template.create()
        call_command("migrate", verbosity=0)
        connections.close_all()
        template.keep()
    request.session.stash[TEMPLATE] = template
    yield template
    with django_db_blocker.unblock():
        connections.close_all()
        template.drop()


@pytest.fixture(scope="session")
def django_db_setup(database_template: Template) -> None:
    """Take the place of pytest-django's set-up, which would build its database by another road."""


@pytest.fixture(scope="session")
def filling(database_template: Template, django_db_blocker: DjangoDbBlocker) -> Filling:
    """Fill a database of its own for the session's fixture of this name: all tests that need it begin there."""

    @contextmanager
    def fill(name: str) -> Iterator[None]:
        with django_db_blocker.unblock():
            connections.close_all()
            database_template.fork(name)
            with transaction.atomic():
                yield
            connections.close_all()

    return fill


@pytest.fixture
def committed_db(database_template: Template, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let a test commit, and put the template's copy back after it.

    For tests with threads, other processes or on_commit. Takes the place of `transaction=True`,
    whose flush the append-only triggers of the audit log refuse. It starts from a copy of its own too: what an
    earlier test left open (a cursor not read to its end keeps its snapshot, a thread its lock) would stand
    between this process and the others.
    """
    with django_db_blocker.unblock():
        connections.close_all()
        database_template.restore()
        yield
        connections.close_all()
        database_template.restore()


class PlainHandler(WSGIHandler):
    """Takes the place of the handler that would serve static files: whitenoise does that here as everywhere."""

    def __init__(self, inner: WSGIHandler) -> None:
        super().__init__()


@pytest.fixture
def live_portal(committed_db: None) -> Iterator[str]:
    """Serve the portal from a thread over the committed database; return its address without a slash."""
    server = LiveServerThread("127.0.0.1", PlainHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    """Forget throttles and rate limits between tests."""
    yield
    cache.clear()
