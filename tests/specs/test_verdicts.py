from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlopsportal.specs.interface import compare_components

PAIRS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "verdicts.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(pair["change"]).replace(" ", "-"))
def test_a_change_gets_its_verdict_for_its_reason(pair: dict[str, Any]) -> None:
    comparison = compare_components(pair["before"], pair["after"])
    assert str(comparison.verdict) == pair["verdict"]
    rules = [reason.rule for reason in comparison.reasons]
    assert rules[:1] == ([pair["rule"]] if "rule" in pair else [])
    assert all(reason.message.endswith(".") and reason.path for reason in comparison.reasons)


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(PAIRS) >= 60
    assert {pair["verdict"] for pair in PAIRS} == {"patch", "minor", "breaking", "unknown"}
    assert len({pair["change"] for pair in PAIRS}) == len(PAIRS)
