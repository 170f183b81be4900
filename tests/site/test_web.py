"""The web process stays light, and serves nothing over a database that is not its own age."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings

from mlopsportal.management.startup import ROOT
from tests.site.processes import clean_environment, database_url

CODE = """
import sys
from mlopsportal.wsgi import application
from mlopsportal.management.static_files import collect_static
collect_static()
from django.core.management import call_command
call_command('createcachetable')
from django.test import Client
from mlopsportal.accounts.models import User
client = Client(headers={'host': 'localhost'})
client.force_login(User.objects.create_superuser('root'))
pages = ['/', '/changes/', '/changes/new/', '/audit/', '/workspaces/', '/tokens/', '/api/v1/changes/']
print([(page, code) for page in pages if (code := client.get(page).status_code) != 200])
print(sorted(name for name in sys.modules if name.startswith('azure.ai')))
"""


@pytest.mark.usefixtures("committed_db")
def test_the_web_process_never_loads_the_sdk(tmp_path: object) -> None:
    env = clean_environment(
        DATABASE_URL=database_url(), MLOPSPORTAL_SECRET_KEY=settings.SECRET_KEY, MLOPSPORTAL_DATA=str(tmp_path)
    )
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["[]", "[]"], done.stderr


@pytest.mark.usefixtures("committed_db")
def test_a_database_without_its_migrations_is_not_served(tmp_path: object) -> None:
    env = clean_environment(MLOPSPORTAL_SECRET_KEY=settings.SECRET_KEY, MLOPSPORTAL_DATA=str(tmp_path))
    line = [sys.executable, str(ROOT / "manage.py"), "web", "--port", "0"]
    done = subprocess.run(line, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "manage.py migrate" in done.stderr
