from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlopsportal.specs.comparison import compare_documents
from mlopsportal.specs.documents import Document, of_value
from mlopsportal.specs.interface import compare_components

HERE = Path(__file__).parent
PAIRS: list[dict[str, Any]] = yaml.safe_load((HERE / "verdicts.yml").read_text(encoding="utf-8"))
PIPELINES: list[dict[str, Any]] = yaml.safe_load((HERE / "pipeline_verdicts.yml").read_text(encoding="utf-8"))
COMPONENT = {
    "type": "command",
    "inputs": {"n": {"type": "integer", "max": 9}, "d": {"type": "string", "default": "z"}},
    "outputs": {"o": {"type": "uri_folder"}},
}


def pipeline(changes: dict[str, Any]) -> Document:
    """The pipeline that the table speaks of, with these changes; null takes something out."""
    step = {"type": "command", "component": COMPONENT, "inputs": {"n": "${{parent.inputs.x}}"}}
    value: dict[str, Any] = {"type": "pipeline", "name": "p", "version": "1", "inputs": {"x": {"type": "integer"}}}
    jobs = {name: node and step | node for name, node in ({"a": step} | changes.get("jobs", {})).items()}
    jobs = {name: step if node == {} else node for name, node in jobs.items() if node is not None}
    whole = value | changes | {"jobs": jobs}
    return of_value("p.yml", {key: item for key, item in whole.items() if item is not None})


@pytest.mark.parametrize("pair", PIPELINES, ids=lambda pair: str(pair["change"]).replace(" ", "-"))
def test_a_change_of_a_pipeline_gets_its_verdict_for_its_reason(pair: dict[str, Any]) -> None:
    compared = compare_documents(pipeline(pair.get("older", {})), pipeline(pair.get("newer", {})))
    rules = [reason.rule for reason in compared.reasons if reason.verdict is compared.verdict]
    assert (str(compared.verdict), pair.get("rule") in (None, *rules)) == (pair["verdict"], True), compared.reasons


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
