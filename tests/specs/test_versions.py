from __future__ import annotations

import pytest

from mlopsportal.specs.comparison import compare_documents
from mlopsportal.specs.versions import declared
from tests.specs.building import document

COMPONENT = (
    "type: command\nname: c\nversion: 1.2.0\ncommand: x\nenvironment: azureml:e:1\ninputs: {n: {type: number}}\n"
)


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("1.2.3", "1.2.4", "patch"),
        ("1.2.3", "1.3.0", "minor"),
        ("1.2.3", "2.0.0", "breaking"),
        ("1.2", "1.2.1", "patch"),
        ("1.2", "1.3", "minor"),
        ("v1.2", "v2", "breaking"),
        ("0.1.0", "0.2.0", "breaking"),
        ("0.1.0", "0.1.1", "patch"),
        ("1.0.0-beta", "1.1.0", "minor"),
        ("5", "6", "breaking"),
        ("6", "5", None),
        ("1.2.0", "1.2.0", None),
        ("1.2", "1.2.0", None),
        ("1.3.0", "1.2.0", None),
        ("friday", "monday", None),
        (None, "1", None),
    ],
)
def test_versions_declare_how_large_a_change_is(left: str | None, right: str, said: str | None) -> None:
    assert declared(left, right) == said


@pytest.mark.parametrize(
    ("version", "after", "message"),
    [
        ("1.3.0", "integer", "Declared minor (1.2.0 → 1.3.0), is breaking."),
        ("1.2.1", "integer", "Declared a patch (1.2.0 → 1.2.1), is breaking."),
        ("1.2.1", "number, default: 1", "Declared a patch (1.2.0 → 1.2.1), is minor."),
        ("2.0.0", "integer", None),
        ("1.3.0", "number", None),
    ],
)
def test_a_version_that_says_less_than_the_verdict_is_told(version: str, after: str, message: str | None) -> None:
    newer = COMPONENT.replace("1.2.0", version).replace("number", after)
    found = compare_documents(document(COMPONENT), document(newer))
    assert [reason.message for reason in found.reasons if reason.rule == "version-understates"] == (
        [] if message is None else [message]
    )
