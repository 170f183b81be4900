"""Collect the static files when they have changed since the last time; knows files, not pages."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_static() -> bool:
    """Run collectstatic unless every source is as it was; return whether it ran. One process at a time."""
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    stamp = root.with_name(f"{root.name}.stamp")
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = sources()
        if stamp.is_file() and stamp.read_text() == state:
            return False
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(state)
    return True


def sources() -> str:
    """Return a digest over name, size and time of change of every static file of every app."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            facts = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
