"""A mirrored version written as the YAML a person would have written."""

from __future__ import annotations

import pytest

from mlopsportal.specs import digest, normalize
from mlopsportal.specs.parse import parse
from registry.models import Version, Workspace
from registry.raw import raw_of
from registry.rendering import document_of, yaml_of


@pytest.mark.django_db
def test_the_yaml_of_every_component_says_what_the_version_is(mirrored: Workspace) -> None:
    """Read back, its definition is the mirrored one: nothing that executes was lost on the way."""
    rows = Version.objects.filter(kind="component", asset__is_anonymous=False).select_related("part", "definition")
    for row in rows:
        parsed = parse(yaml_of(document_of(row.kind, row.name, row.version, raw_of(row))))
        assert not parsed.problems, row
        assert row.definition
        assert digest.definition_digest(normalize.definition_of_value(parsed.value)) == row.definition.digest, row


def test_wrappers_and_long_references_are_gone() -> None:
    base = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w"
    node = {
        "type": "command",
        "componentId": f"{base}/components/train/versions/3",
        "_source": "REMOTE.WORKSPACE.COMPONENT",
        "inputs": {"x": {"value": "${{parent.inputs.x}}", "job_input_type": "literal"}},
        "outputs": {"y": {"mode": "ReadWriteMount", "job_output_type": "uri_folder"}},
    }
    raw = {"properties": {"componentSpec": {"type": "pipeline", "jobs": {"train": node}, "_source": "YAML"}}}
    assert document_of("component", "p", "1", raw)["jobs"]["train"] == {
        "type": "command",
        "component": "azureml:train:3",
        "inputs": {"x": "${{parent.inputs.x}}"},
        "outputs": {"y": {"type": "uri_folder", "mode": "rw_mount"}},
    }


def test_defaults_are_numbers_and_booleans_again() -> None:
    ports = {
        "rate": {"type": "number", "default": "0.05", "min": "0", "max": "1e-4"},
        "depth": {"type": "integer", "default": "-3"},
        "fast": {"type": "boolean", "default": "False"},
        "zip": {"type": "string", "default": "01234"},
        "odd": {"type": "number", "default": "007"},
    }
    raw = {"properties": {"componentSpec": {"type": "command", "inputs": ports}}}
    assert document_of("component", "c", "1", raw)["inputs"] == {
        "rate": {"type": "number", "default": 0.05, "min": 0, "max": "1e-4"},
        "depth": {"type": "integer", "default": -3},
        "fast": {"type": "boolean", "default": False},
        "zip": {"type": "string", "default": "01234"},
        "odd": {"type": "number", "default": "007"},
    }


def test_a_text_of_several_lines_is_a_block() -> None:
    assert yaml_of({"command": "a\nb\n"}) == "command: |\n  a\n  b\n"
    assert yaml_of({"a": {"b": 1}, "c": "\x07\n"}) == 'a:\n  b: 1\nc: "\\a\\n"\n'


def test_texts_that_azure_keeps_beside_the_component_are_not_lost() -> None:
    beside = {"description": "Lists.", "tags": {"owner": "churn"}}
    written = document_of("component", "ls", "1", {"properties": {"componentSpec": {"type": "command"}, **beside}})
    assert (written["description"], written["tags"]) == ("Lists.", {"owner": "churn"})
    own = {"description": "Lists files.", "tags": {"team": "churn"}}
    written = document_of("component", "ls", "1", {"properties": {"componentSpec": own, **beside}})
    assert (written["description"], written["tags"]) == ("Lists files.", {"team": "churn"})
