"""A clean clone needs nothing but Python: the first call makes everything, also when it comes twice at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlopsportal.management.startup import ROOT

BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)
EMPTY = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a copy of the project without an environment or data."""
    for name in ("mlopsportal", "registry", "scheduling", ".requirements"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", tmp_path / "clone" / "manage.py")
    return tmp_path / "clone"


def call(clone: Path, *arguments: str) -> subprocess.Popen[str]:
    env = {**EMPTY, "HOME": str(clone.parent / "home")}
    line = [BASE_PYTHON, str(clone / "manage.py"), *arguments]
    return subprocess.Popen(line, cwd="/", env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_first_calls_at_once_both_work_and_the_next_does_not_install(clone: Path) -> None:
    calls = [call(clone, "help") for _ in range(2)]
    told = [process.communicate(timeout=300) for process in calls]
    assert [process.returncode for process in calls] == [0, 0], told
    assert all("check_documents" in stdout and "Installing" not in stdout for stdout, _ in told)
    assert sum("Installing" in stderr for _, stderr in told) == 1
    again = call(clone, "help")
    assert "Installing" not in again.communicate(timeout=60)[1]
    (clone / ".venv" / "bin" / "python").unlink()
    (clone / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    repaired = call(clone, "help")
    assert "check_documents" in repaired.communicate(timeout=300)[0]


def test_an_old_python_is_refused_in_words() -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 10, 1); sys.argv = ['manage.py', 'check'];"
        f"runpy.run_path({str(ROOT / 'manage.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in done.stderr


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_production_process_demands_its_key(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("of-a-demo")
    env = {**EMPTY, "HOME": str(tmp_path), "MLOPSPORTAL_DATA": str(tmp_path)}
    line = [sys.executable, str(ROOT / "manage.py"), name]
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "MLOPSPORTAL_SECRET_KEY" in done.stderr


def test_an_offline_command_makes_no_data_folder(tmp_path: Path) -> None:
    env = {**EMPTY, "HOME": str(tmp_path), "MLOPSPORTAL_DATA": str(tmp_path / "data"), "PYTHONDONTWRITEBYTECODE": "1"}
    line = [sys.executable, str(ROOT / "manage.py"), "check_documents", "--json", str(ROOT / "tests" / "guide")]
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("["), done.stderr
    assert not list(tmp_path.iterdir())
