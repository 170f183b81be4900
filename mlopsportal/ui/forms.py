"""How forms look: one field template with label, help and errors tied together; knows no form of the portal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    """Renders each form, fieldset and field with the portal's templates."""

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"
    formset_template_name = "ui/forms/formset.html"


class YamlTextarea(forms.Textarea):
    """A monospace textarea for a document: no wrapping, no spell check, no correction of quotes."""

    template_name = "ui/forms/yaml_textarea.html"

    def __init__(self, attrs: dict[str, Any] | None = None, rows: int = 24) -> None:
        fixed = {
            "class": "yaml",
            "rows": rows,
            "wrap": "off",
            "spellcheck": "false",
            "autocomplete": "off",
            "autocapitalize": "off",
            "data-submit-keys": "",
        }
        super().__init__({**fixed, **(attrs or {})})


class YamlField(forms.CharField):
    """Text of one document, kept exactly as typed but for line ends (browsers send CRLF)."""

    widget = YamlTextarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if text else ""


class LocalDateTimeInput(forms.DateTimeInput):
    """The browser's date and time control; the value is wall-clock time of the zone the form names."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class GroupedForm(forms.Form):
    """A form in fieldsets: `fieldsets = (("Trigger", ("frequency", "interval")), …)`; other fields come first."""

    template_name = "ui/forms/grouped.html"
    fieldsets: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def grouped(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return (legend, bound fields) in order; the legend is "" for the fields that no group names."""
        named = {name for _, names in self.fieldsets for name in names}
        rest = [field for field in self.visible_fields() if field.name not in named]
        groups = [("", rest)] if rest else []
        return groups + [(legend, [self[name] for name in names]) for legend, names in self.fieldsets]
