#!/usr/bin/env python3
"""Run any command of the portal, making the Python environment first where it is missing.

Knows the standard library only: on the first call there is nothing else. The first call makes `.venv`
beside this file, puts uv into it and installs the pinned requirements with their hashes; later calls
compare one stamp and hand over. Everything it has to say goes to stderr.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / ".requirements"
OLDEST = (3, 11)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def stop(text: str) -> None:
    say(text)
    raise SystemExit(2)


def run(*command: str, hint: str) -> None:
    """Run one set-up command with its output on stderr; say `hint` and leave when it fails."""
    import subprocess  # costs 15 ms, and a warm start has no use for it

    # uv brings its own list of certificate authorities; a proxy with its own authority needs the system's.
    env = {**os.environ, "UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", "UV_NO_PROGRESS": "1"}
    if subprocess.run(command, stdout=sys.stderr, env=env, check=False).returncode:
        stop(f"Set-up failed: {hint}")


def stamp_of(requirements: Path) -> tuple[Path, str]:
    """Return where the stamp of an installed requirements file lies, and what it must say."""
    return VENV / f".{requirements.stem}.sha256", hashlib.sha256(requirements.read_bytes()).hexdigest()


def is_installed(requirements: Path) -> bool:
    stamp, digest = stamp_of(requirements)
    return PYTHON.exists() and stamp.is_file() and stamp.read_text() == digest


def make_environment() -> None:
    """Make `.venv` with pip and uv; one whose interpreter has gone is made anew."""
    if not PYTHON.exists():
        say(f"Making {VENV} ...")
        for part in ("bin", "lib"):
            shutil.rmtree(VENV / part, ignore_errors=True)
        for stamp in VENV.glob(".*.sha256"):
            stamp.unlink()
        hint = "python3 -m venv did not work. On Debian and Ubuntu: apt-get install python3-venv"
        run(sys.executable, "-m", "venv", str(VENV), hint=hint)
    if not (VENV / "bin" / "uv").exists():
        pip = (str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")
        run(*pip, "-r", str(REQUIREMENTS / "uv.txt"), hint="uv could not be installed; is a package index reachable?")


def install(requirements: Path) -> None:
    """Install one pinned requirements file, once, however many calls ask for it at the same time."""
    VENV.mkdir(exist_ok=True)
    # Not .lock: uv waits five minutes for whoever holds the file of that name.
    with (VENV / ".set-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(requirements):
            return
        make_environment()
        say(f"Installing {requirements.relative_to(ROOT)} ...")
        uv = (str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--require-hashes", "--python", str(PYTHON))
        run(*uv, "-r", str(requirements), hint="the pinned packages could not be installed; see the lines above")
        stamp, digest = stamp_of(requirements)
        stamp.write_text(digest)


def main() -> None:
    if sys.version_info < OLDEST:
        stop(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]} at {sys.executable}."
        )
    requirements = REQUIREMENTS / ("test.txt" if sys.argv[1:2] == ["test"] else "runtime.txt")
    if not is_installed(requirements):
        install(requirements)
    if Path(sys.prefix) != VENV:
        os.execv(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *sys.argv[1:]])
    from mlopsportal.management import startup  # only now is the environment there

    startup.run(sys.argv)


if __name__ == "__main__":
    main()
