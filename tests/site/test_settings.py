"""The settings refuse what they do not know: a typing error must not leave a default in force."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from mlopsportal import settings
from mlopsportal.management.startup import ROOT
from tests.site.processes import clean_environment


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own, in this environment."""
    code = "import mlopsportal.settings as s; print(s.DATABASES['default']['ENGINE'], s.SESSION_COOKIE_SECURE)"
    env = clean_environment(**variables)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_defaults_are_enough() -> None:
    done = start()
    assert done.stdout.split() == ["django.db.backends.sqlite3", "False"]


def test_an_unknown_variable_stops_the_start_and_is_named() -> None:
    done = start(MLOPSPORTAL_ALOWED_HOSTS="example.org")
    assert done.returncode != 0
    assert "MLOPSPORTAL_ALOWED_HOSTS" in done.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"MLOPSPORTAL_TLS": "maybe"},
        {"MLOPSPORTAL_LOG_LEVEL": "LOUD"},
        {"DATABASE_URL": "mysql://localhost/portal"},
    ],
)
def test_a_value_that_means_nothing_stops_the_start(variables: dict[str, str]) -> None:
    done = start(**variables)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr


def test_tls_makes_the_cookies_secure() -> None:
    assert start(MLOPSPORTAL_TLS="on").stdout.split()[1] == "True"


@pytest.mark.parametrize(("word", "value"), [("on", True), ("YES", True), ("0", False), ("false", False), ("", True)])
def test_a_switch_reads_the_usual_words(monkeypatch: pytest.MonkeyPatch, word: str, value: bool) -> None:
    monkeypatch.setenv("MLOPSPORTAL_TEST_SWITCH", word)
    assert settings.switch("MLOPSPORTAL_TEST_SWITCH", default=True) is value


def test_a_choice_refuses_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPSPORTAL_TEST_CHOICE", "c")
    with pytest.raises(ImproperlyConfigured, match="one of a, b"):
        settings.choice("MLOPSPORTAL_TEST_CHOICE", "a", ("a", "b"))


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the portal in this environment."""
    command, env = [sys.executable, "manage.py", *arguments], clean_environment(**variables)
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("MLOPSPORTAL_ALOWED_HOSTS", "example.org", "did you mean MLOPSPORTAL_ALLOWED_HOSTS?"),
        ("MLOPSPORTAL_COLOUR", "red", "MLOPSPORTAL_SECRET_KEY"),
        ("MLOPSPORTAL_CREDENTIAL_PROD_CLIENT_SECERT", "hidden", "Did you mean …_CLIENT_SECRET?"),
        ("MLOPSPORTAL_CREDENTIAL_PROD_TENANT_ID", "hidden", "The credential PROD lacks CLIENT_ID"),
        ("MLOPSPORTAL_TLS", "maybe", "MLOPSPORTAL_TLS must be on or off"),
    ],
)
def test_a_command_leaves_with_one_sentence_and_status_1(variable: str, value: str, told: str) -> None:
    done = manage("check_documents", "--help", **{variable: value})
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert told in done.stderr
    assert variable in done.stderr or "PROD" in done.stderr
    assert "hidden" not in done.stderr
