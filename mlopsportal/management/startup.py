"""What a process needs before Django reads its settings: the data folder and the secret key; imports no app."""

from __future__ import annotations

import ctypes
import importlib
import os
import secrets
import signal
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

ROOT = Path(__file__).resolve().parents[2]
# These need neither key, database nor data folder; a key of the moment satisfies Django.
OFFLINE = {"check_documents", "compare_documents", "forecast", "help", "sandbox", "test", "verify_audit"}
# These are production's: their key comes from the environment or they do not start.
DEMANDING = {"cluster", "web", "worker"}
KEY = "MLOPSPORTAL_SECRET_KEY"
SHORTEST_KEY = 32
DATA = "MLOPSPORTAL_DATA"
SUPERVISOR = "MLOPSPORTAL_SUPERVISOR"
PR_SET_PDEATHSIG = 1


def run(argv: list[str]) -> None:
    """Prepare the environment for the command in `argv` and hand over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlopsportal.settings")
    if supervisor := os.environ.pop(SUPERVISOR, ""):
        die_with(int(supervisor))
    command = argv[1] if len(argv) > 1 else "help"
    if command == "up":
        os.environ[DATA] = str(data_folder(argv))
    if not os.environ.get(KEY):
        if command in DEMANDING:
            raise SystemExit(f"{command} needs {KEY} in its environment: a long random text, the same on every host.")
        os.environ[KEY] = secret_key(command)
    if command in DEMANDING and len(os.environ[KEY]) < SHORTEST_KEY:
        raise SystemExit(f"{KEY} has {len(os.environ[KEY])} characters; {command} wants at least {SHORTEST_KEY}.")
    if command not in OFFLINE:
        make_private(data_folder([]))
    read_settings()
    execute_from_command_line(argv)


def read_settings() -> None:
    """Read the settings now; leave with one sentence, and status 1, when the environment has something wrong."""
    try:
        importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None


def die_with(parent: int) -> None:
    """Ask Linux to SIGKILL this process when its parent ends; leave at once when it has ended already.

    Elsewhere the supervisor's own signals have to do: only its SIGKILL then leaves processes behind.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(1)


def data_folder(argv: list[str]) -> Path:
    """Return the folder named by `--data`, by the environment, or the default one."""
    for position, word in enumerate(argv):
        if word.startswith("--data="):
            return Path(word.partition("=")[2]).resolve()
        if word == "--data" and position + 1 < len(argv):
            return Path(argv[position + 1]).resolve()
    return Path(os.environ.get(DATA) or ROOT / ".data").resolve()


def secret_key(command: str) -> str:
    """Return the key this command works with; "" leaves it to Django to refuse on first use."""
    if command in OFFLINE:
        return secrets.token_urlsafe(50)
    path = data_folder([]) / "secret_key"
    if command == "up":
        return kept_secret(path)
    return path.read_text().strip() if path.is_file() else ""


def kept_secret(path: Path, length_bytes: int = 48) -> str:
    """Return the secret kept in this file, made at the first call and readable by its owner alone."""
    make_private(path.parent)
    if not path.is_file():
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_text(secrets.token_urlsafe(length_bytes))
        fresh.replace(path)
    return path.read_text().strip()


def make_private(folder: Path) -> None:
    """Make a folder that nobody else can look into."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
