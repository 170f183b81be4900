"""Form fields for the inputs of a pipeline, made from its interface; knows no pipeline by name and no table."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from mlopsportal.specs.interface import LITERAL_TYPES, Interface, Port

PREFIX = "input_"
_REFERENCE = re.compile(r"(azureml:[^\s:@]+[:@][^\s]+|azureml://\S+|https://\S+|wasbs://\S+|abfss://\S+)")


class PortField(forms.CharField):
    """One input. Cleans to its YAML form: a literal, or `{type, path}` for data and models; None when left empty."""

    def __init__(self, port: Port, *, known: Iterable[str] = (), **kwargs: Any) -> None:  # Django's own field arguments
        self.port = port
        super().__init__(
            label=port.name,
            required=port.is_required,
            help_text=_help(port),
            max_length=4000,
            widget=_widget(port, list(known)),
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text == "":
            return None
        if self.port.type in LITERAL_TYPES:
            return _literal(self.port, text)
        if not _REFERENCE.fullmatch(text):
            raise forms.ValidationError("Write azureml:name:version, or a full azureml:// or https:// address.")
        return {"type": self.port.type, "path": text}


def fields_of(
    interface: Interface, defaults: Mapping[str, Any], *, known: Mapping[str, Iterable[str]] | None = None
) -> dict[str, PortField]:
    """Return a field for each input, by its form name.

    `defaults` are values in YAML form (run defaults, or what a schedule has now); `known` gives, by port type,
    references to offer.
    """
    fields = {}
    for name, port in interface.inputs.items():
        field = PortField(port, known=(known or {}).get(port.type, ()))
        given = defaults.get(name, port.default)
        field.initial = written(given)
        fields[f"{PREFIX}{name}"] = field
    return fields


def values_of(cleaned: Mapping[str, Any], interface: Interface, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that were given, by port, in YAML form.

    A default that was left alone comes back whole: it may say more (a mode) than its field shows. What only repeats
    the component's own default is left out.
    """
    values = {name: cleaned.get(f"{PREFIX}{name}") for name in interface.inputs}
    return {
        name: _unless_same(value, defaults[name]) if name in defaults else value
        for name, value in values.items()
        if value is not None and (name in defaults or written(value) != written(interface.inputs[name].default))
    }


def _unless_same(value: Any, default: Any) -> Any:
    return default if written(default) == written(value) else value


def _help(port: Port) -> str:
    parts = [port.type]
    if port.description:
        parts.append(port.description)
    if port.minimum is not None or port.maximum is not None:
        low = "" if port.minimum is None else f"at least {port.minimum}"
        high = "" if port.maximum is None else f"at most {port.maximum}"
        parts.append(" and ".join(part for part in (low, high) if part))
    if port.has_default:
        parts.append(f"default {port.default}")
    return " · ".join(parts)


def _widget(port: Port, known: list[str]) -> forms.Widget:
    options = list(port.enum) if port.enum else ["true", "false"] if port.type == "boolean" else known
    closed = bool(port.enum) or port.type == "boolean"
    if not options:
        return forms.TextInput()
    blank = [] if port.is_required and closed else [("", "not set")]
    if closed:
        return forms.Select(choices=[*blank, *((option, option) for option in options)])
    return DataListInput(options)


class DataListInput(forms.TextInput):
    """A text field that offers known values and takes others too."""

    template_name = "ui/forms/datalist.html"

    def __init__(self, options: list[str]) -> None:
        super().__init__()
        self.options = options

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        list_id = f"{context['widget']['attrs'].get('id', name)}_options"
        context["widget"]["attrs"]["list"] = list_id
        return context | {"options": self.options, "list_id": list_id}


def _literal(port: Port, text: str) -> Any:
    """Return a literal as its type. Raises ValidationError with what is expected."""
    if port.enum and text not in port.enum:
        raise forms.ValidationError(f"Use one of {', '.join(port.enum)}.")
    if port.type == "string":
        return text
    if port.type == "boolean":
        if text not in ("true", "false"):
            raise forms.ValidationError("Use true or false.")
        return text == "true"
    try:
        number = int(text) if port.type == "integer" else float(text)
        is_finite = math.isfinite(number)
    except ValueError as error:
        raise forms.ValidationError(f"“{text[:40]}” is not {_a(port.type)}.") from error
    except OverflowError as error:  # a whole number beyond every float
        raise forms.ValidationError("Use a number with fewer digits.") from error
    if not is_finite:
        raise forms.ValidationError("Use a finite number.")
    low, high = _number(port.minimum), _number(port.maximum)
    if low is not None and number < low:
        raise forms.ValidationError(f"Use at least {port.minimum}.")
    if high is not None and number > high:
        raise forms.ValidationError(f"Use at most {port.maximum}.")
    return number


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def written(value: Any) -> str:
    """Return a value in YAML form as the text its field shows."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return str(value.get("path", ""))
    return value if isinstance(value, str) else json.dumps(value)
