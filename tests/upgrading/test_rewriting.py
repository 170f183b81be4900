"""References moved in documents, as plain values."""

from __future__ import annotations

import pytest

from mlopsportal.specs.ref import Ref
from mlopsportal.upgrading.rewriting import names_any, rewritten, value_for

OLD, NEW = Ref("component", "train", "3"), Ref("component", "train", "4")
DOCUMENT = {
    "name": "p",
    "version": "1",
    "jobs": {
        "a": {"component": "azureml:train:3", "inputs": {"data": {"path": "azureml:raw:1"}}},
        "b": {"component": "azureml:train:30"},
        "c": {"component": "azureml:train@latest"},
        "d": {"component": "azureml://registries/shared/components/train/versions/3"},
        "e": {"type": "sweep", "trial": "azureml:train:3"},
    },
}


def test_every_fixed_reference_is_moved_and_nothing_else() -> None:
    jobs = rewritten(DOCUMENT, {OLD: NEW})["jobs"]
    assert jobs["a"]["component"] == jobs["e"]["trial"] == "azureml:train:4"
    assert [jobs[name] for name in "bcd"] == [DOCUMENT["jobs"][name] for name in "bcd"]  # type: ignore[index]


def test_the_document_given_stays_as_it_is() -> None:
    before = repr(DOCUMENT)
    rewritten(DOCUMENT, {OLD: NEW}, version="2", values={("a", "rate"): 0.5})
    assert repr(DOCUMENT) == before


def test_version_and_values_are_put_in() -> None:
    moved = rewritten(DOCUMENT, {OLD: NEW}, version="2", values={("a", "rate"): 0.5})
    assert moved["version"] == "2"
    assert moved["jobs"]["a"]["inputs"] == {"data": {"path": "azureml:raw:1"}, "rate": 0.5}


def test_data_and_environments_move_too() -> None:
    moves = {Ref("data", "raw", "1"): Ref("data", "raw", "2")}
    assert rewritten(DOCUMENT, moves)["jobs"]["a"]["inputs"]["data"]["path"] == "azureml:raw:2"
    moves = {Ref("environment", "env", "1"): Ref("environment", "env", "2")}
    assert rewritten({"environment": "azureml:env:1"}, moves) == {"environment": "azureml:env:2"}


def test_a_reference_written_as_an_arm_id_is_moved() -> None:
    base = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w"
    text = f"azureml:{base}/components/train/versions/3"
    assert rewritten({"jobs": {"a": {"component": text}}}, {OLD: NEW})["jobs"]["a"]["component"] == "azureml:train:4"


@pytest.mark.parametrize(
    "document", [{}, {"jobs": None}, {"jobs": [1]}, {"component": 3}, {"component": "\x00"}, None, "x"]
)
def test_documents_of_any_shape_are_left_alone(document: object) -> None:
    assert not names_any(document, {OLD: NEW})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "0.5", 0.5),
        ("integer", " 7 ", 7),
        ("boolean", "True", True),
        ("string", "a b", "a b"),
        ("uri_folder", "azureml:raw:1", {"type": "uri_folder", "path": "azureml:raw:1"}),
    ],
)
def test_what_is_typed_becomes_a_value_of_the_port(kind: str, text: str, value: object) -> None:
    assert value_for(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"), [("number", "much"), ("integer", "1.5"), ("boolean", "maybe"), ("string", " ")]
)
def test_what_is_no_value_of_the_port_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError):
        value_for(kind, text)
