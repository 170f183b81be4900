"""Form fields for a pipeline's inputs: what they take, what they refuse, what they leave out."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms

from mlopsportal.specs.interface import interface_of
from mlopsportal.ui.port_fields import fields_of, values_of

INTERFACE = interface_of(
    {
        "inputs": {
            "rate": {"type": "number", "default": 0.1, "min": 0, "max": 1},
            "epochs": {"type": "integer"},
            "fast": {"type": "boolean", "optional": True},
            "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
            "data": {"type": "uri_folder"},
        }
    }
)


def filled(defaults: dict[str, Any] | None = None, **given: str) -> forms.Form:
    form = forms.Form({f"input_{name}": value for name, value in given.items()})
    form.fields.update(fields_of(INTERFACE, defaults or {}))
    return form


def test_values_come_back_in_the_types_of_their_ports() -> None:
    form = filled(rate="0.5", epochs="3", fast="true", mode="b", data="azureml:raw:1")
    assert form.is_valid(), form.errors
    assert values_of(form.cleaned_data, INTERFACE, {}) == {
        "rate": 0.5,
        "epochs": 3,
        "fast": True,
        "mode": "b",
        "data": {"type": "uri_folder", "path": "azureml:raw:1"},
    }


def test_what_repeats_the_components_own_default_is_left_out() -> None:
    form = filled(rate="0.1", epochs="3", fast="", mode="a", data="azureml:raw:1")
    assert form.is_valid(), form.errors
    assert set(values_of(form.cleaned_data, INTERFACE, {})) == {"epochs", "data"}


def test_a_default_left_alone_keeps_its_mode() -> None:
    defaults = {"data": {"type": "uri_folder", "path": "azureml:raw:1", "mode": "download"}}
    form = filled(defaults, rate="0.1", epochs="3", mode="a", data="azureml:raw:1")
    assert form.is_valid(), form.errors
    assert values_of(form.cleaned_data, INTERFACE, defaults)["data"] == defaults["data"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rate", "2", "at most 1"),
        ("rate", "-1", "at least 0"),
        ("rate", "nan", "finite"),
        ("rate", "1e999", "finite"),
        ("epochs", "1.5", "not an integer"),
        ("epochs", "²", "not an integer"),
        ("epochs", "9" * 400, "fewer digits"),
        ("epochs", "", "required"),
        ("fast", "perhaps", "true or false"),
        ("mode", "c", "one of a, b"),
        ("data", "raw", "azureml:name:version"),
        ("data", "file:///etc/passwd", "azureml:name:version"),
    ],
)
def test_a_wrong_value_is_refused_in_words(name: str, text: str, words: str) -> None:
    good = {"rate": "0.1", "epochs": "3", "mode": "a", "data": "azureml:raw:1"}
    form = filled(None, **good | {name: text})
    assert words in str(form.errors[f"input_{name}"])


def test_known_references_are_offered_and_others_taken() -> None:
    form = forms.Form()
    form.fields.update(fields_of(INTERFACE, {}, known={"uri_folder": ['azureml:a"<b>:1']}))
    assert '<option value="azureml:a&quot;&lt;b&gt;:1">' in str(form["input_data"])
