"""Find a Chromium for the browser tests, or get one; knows no test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def chromium() -> str | None:
    """Return the path of a Chromium: $CHROMIUM, PATH, Playwright's own, else (as root) Debian's; None without one."""
    return named() or shutil.which("chromium") or playwright() or debian()


def named() -> str | None:
    path = os.environ.get("CHROMIUM", "")
    return shutil.which(path) if path else None


def playwright() -> str | None:
    """Return the browser that `playwright install chromium` left, if it did."""
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(found[-1]) if found else None


def debian() -> str | None:
    """Install Debian's Chromium; only root can, and only where there is apt-get."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", *arguments], stdout=sys.stderr, env=env, check=False)
    return shutil.which("chromium")
