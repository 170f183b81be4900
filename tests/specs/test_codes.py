from __future__ import annotations

import re
from pathlib import Path

import pytest

import mlopsportal.specs
from mlopsportal.specs.codes import CODES, CheckCode
from mlopsportal.specs.parse import parse

ROOT = Path(mlopsportal.specs.__file__).parent
SOURCE = "\n".join(path.read_text() for path in ROOT.rglob("*.py") if "codes" not in path.parts)


def test_every_code_that_is_reported_has_its_help() -> None:
    used = re.findall(r"(?:\.add|\.limit|_fault|_Refused|TriggerWarning|_add)\(\s*\"([a-z0-9-]+)\"", SOURCE)
    assert len(used) > 60
    assert set(used) <= set(CODES)


def test_every_help_is_of_a_code_that_is_reported() -> None:
    built = re.findall(r"f\"(binding-unknown-)\{", SOURCE)
    assert built
    unused = [code for code in CODES if f'"{code}"' not in SOURCE and not code.startswith("binding-unknown-")]
    assert unused == []


@pytest.mark.parametrize("entry", CODES.values(), ids=CODES)
def test_every_help_says_why_and_shows_a_good_example(entry: CheckCode) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.code)
    assert entry.title
    assert entry.why.endswith(".")
    assert entry.source
    assert entry.bad != entry.good
    assert not any(problem.is_error for problem in parse(entry.good).problems)
