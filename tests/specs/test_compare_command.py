from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.specs.test_commands import output

PORT = "type: command\nname: c\ncommand: x\ninputs: {n: {type: number}}\n"
OLDER = {"patch": PORT, "minor": PORT, "breaking": PORT, "unknown": "steps: [a]\n"}
NEWER = {
    "patch": PORT + "description: Says more.\n",
    "minor": PORT.replace("{n:", "{m: {type: number, optional: true}, n:"),
    "breaking": PORT.replace("number", "integer"),
    "unknown": "steps: [b]\n",
}


@pytest.mark.parametrize("verdict", NEWER)
@pytest.mark.parametrize(("bound", "failing"), [("minor", 3), ("breaking", 2), ("", 0)])
def test_a_verdict_fails_a_build_from_the_bound_on(tmp_path: Path, verdict: str, bound: str, failing: int) -> None:
    left, right = tmp_path / "a.yml", tmp_path / "b.yml"
    left.write_text(OLDER[verdict])
    right.write_text(NEWER[verdict])
    option = ["--fail-on", bound] if bound else []
    fails = verdict in ["unknown", "breaking", "minor"][:failing]
    shown = json.loads(output("compare_documents", str(left), str(right), "--json", *option, exits=int(fails)))
    assert shown["verdict"] == verdict
    assert set(shown) == {"verdict", "reasons", "changes"}


def test_two_files_that_say_the_same_are_said_to(tmp_path: Path) -> None:
    left, right = tmp_path / "a.yml", tmp_path / "b.yml"
    left.write_text(PORT)
    right.write_text("# the same\n" + PORT)
    assert "No difference." in output("compare_documents", str(left), str(right), "--fail-on", "minor")
    right.write_text(NEWER["minor"])
    assert "No difference." not in output("compare_documents", str(left), str(right))
