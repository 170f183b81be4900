"""The README's recipes work as they are printed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlopsportal.management.startup import ROOT
from tests.changes.building import stock
from tests.sandbox_server import running_sandbox
from tests.site.processes import clean_environment

pytestmark = pytest.mark.slow


def printed(language: str) -> str:
    """Return the one block of the README in this language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    return str(block)


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_other_tools_use_the_sandbox_as_the_readme_says(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "recipe.py").write_text(printed("python"))
    with running_sandbox(time_scale=6000) as sandbox:
        stock(sandbox)  # what the recipe names, without the demo's sixty days
        told = {name: getattr(sandbox, name) for name in ("url", "subscription_id", "resource_group", "workspace")}
        (tmp_path / "sandbox.json").write_text(json.dumps(told) + "\n")
        assert run(tmp_path, sys.executable, "recipe.py").split() == ["count_rows", "1", "counted"]
        if shutil.which("curl") is None:
            pytest.skip("the second recipe needs curl")
        found = json.loads(run(tmp_path, "sh", "-c", printed("sh")))
    assert [version["name"] for version in found["value"]] == ["1"]
