"""Forms that yield the documents of a change, as YAML or as action documents; they write nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from mlopsportal.changes.bundling import MOST_DOCUMENTS
from mlopsportal.specs.problems import Problem, Repair
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.forms import GroupedForm, YamlField
from mlopsportal.ui.port_fields import PREFIX
from registry.rendering import yaml_of

LONGEST_FILE = 1024 * 1024
_VERBS = {
    "archive": "Archive",
    "restore": "Restore",
    "enable": "Enable",
    "disable": "Disable",
    "delete": "Delete",
    "cancel": "Cancel",
}


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of uploaded text files, as (name, text)."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[tuple[str, str]]:
        files = data if isinstance(data, list) else [data] if data else []
        return [self._text(super(FilesField, self).clean(file, initial)) for file in files]

    def _text(self, file: UploadedFile[Any]) -> tuple[str, str]:
        if (file.size or 0) > LONGEST_FILE:
            raise forms.ValidationError(f"{file.name} is larger than 1 MiB.")
        try:
            return str(file.name), file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(f"{file.name} is not UTF-8 text (byte {error.start}).") from error


class WishForm(forms.Form):
    """What every change says of itself."""

    ws = forms.ChoiceField(label="Workspace")
    title = forms.CharField(max_length=200, help_text="One line: what will be different.")
    description = forms.CharField(
        required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}), help_text="Why, for the reviewer."
    )

    def __init__(self, *args: Any, workspaces: Sequence[str], **kwargs: Any) -> None:  # Django's own form arguments
        super().__init__(*args, **kwargs)
        field = self.fields["ws"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker which field this is
        field.choices = [(slug, slug) for slug in workspaces]
        if len(workspaces) == 1:
            field.initial, field.widget = workspaces[0], forms.HiddenInput()


class DocumentsWishForm(WishForm):
    """A change whose documents are written or uploaded."""

    files = FilesField(  # type: ignore[assignment]  # Django takes declared fields out of the class
        required=False, label="YAML files", help_text="Files are added to the documents below, under their names."
    )


class DocumentForm(forms.Form):
    """One document. An empty one is left out."""

    path = forms.CharField(max_length=255, required=False, help_text="A file name, for example train.yml")
    content = YamlField(required=False, label="YAML")

    marks_optional = False  # a document takes both; only one that is left empty wholly is left out
    problem_values: Sequence[Problem] = ()
    repairs: Sequence[Repair] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Django's own form arguments
        super().__init__(*args, **kwargs)
        lines = (self["content"].value() or "").count("\n") + 2
        self.fields["content"].widget.attrs["rows"] = max(8, min(lines, 30))

    @property
    def has_text(self) -> bool:
        return bool((self["content"].value() or "").strip())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("content", "").strip() and not cleaned.get("path"):
            self.add_error("path", "Give the document a file name.")
        return cleaned


if TYPE_CHECKING:
    BaseDocumentFormSet = forms.BaseFormSet[DocumentForm]
else:
    BaseDocumentFormSet = forms.BaseFormSet
DocumentFormSet = forms.formset_factory(DocumentForm, extra=1, max_num=MOST_DOCUMENTS, validate_max=True)


def document_data(documents: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the posted data of a formset that holds these `{path, content}`, or one empty document."""
    count = len(documents)
    if count:
        data = {"doc-TOTAL_FORMS": str(count), "doc-INITIAL_FORMS": "0"}
    else:
        data = {
            "doc-TOTAL_FORMS": str(count + 1),
            "doc-INITIAL_FORMS": "0",
            f"doc-{count}-path": "",
            f"doc-{count}-content": "",
        }
    for index, document in enumerate(documents):
        data |= {f"doc-{index}-path": document["path"], f"doc-{index}-content": document["content"]}
    return data


def documents_of(formset: BaseDocumentFormSet) -> list[tuple[str, str]]:
    """Return (path, text) of the forms that hold a document."""
    return [
        (form.cleaned_data["path"], form.cleaned_data["content"])
        for form in formset.forms
        if form.is_valid() and form.cleaned_data.get("content", "").strip()
    ]


class ActionForm(WishForm):
    """One action on what exists. Deleting asks for the name to be typed."""

    def __init__(self, *args: Any, action: str, target: Ref, **kwargs: Any) -> None:  # Django's own form arguments
        super().__init__(*args, **kwargs)
        self.action, self.target = action, target
        self.fields["title"].initial = f"{_VERBS[action]} {target.kind} {target.name} {target.version or ''}".strip()
        if action == "delete":
            self.fields["typed"] = forms.CharField(
                label=f"Type {target.name} to confirm", max_length=255, help_text="Deleting cannot be taken back."
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.action == "delete" and cleaned.get("typed") != self.target.name:
            self.add_error("typed", f"That is not {self.target.name}.")
        return cleaned

    def documents(self) -> list[tuple[str, str]]:
        value = {"action": self.action, "target": str(self.target.without_workspace())}
        return [(f"{self.action}-{self.target.name}.yml", yaml_of(value))]


class RunForm(WishForm, GroupedForm):
    """A run of a registered pipeline version; the fields of its inputs are added by the caller."""

    display_name = forms.CharField(max_length=255, required=False)
    experiment = forms.CharField(max_length=255, required=False)
    compute = forms.CharField(max_length=64, required=False, help_text="Empty: the pipeline's default.")
    force_rerun = forms.BooleanField(required=False, label="Run every step anew, reuse nothing")

    field_order = ["ws", "title", "description"]
    fieldsets = (("Run", ("display_name", "experiment", "compute", "force_rerun")),)

    def grouped(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the groups, the pipeline's own inputs before how they are run."""
        inputs = [field for field in self.visible_fields() if field.name.startswith(PREFIX)]
        shown = [(legend, [field for field in group if field not in inputs]) for legend, group in super().grouped()]
        return [*shown[:-1], *([("Inputs", inputs)] if inputs else []), shown[-1]]

    def documents(
        self, target: Ref, inputs: Mapping[str, Any], *, defaults: Mapping[str, Any]
    ) -> list[tuple[str, str]]:
        """Return the action document; what is left at its default is left out, and stays the version's own."""
        given = {name: value for name, value in self.cleaned_data.items() if defaults.get(name) != value}
        value: dict[str, Any] = {"action": "run", "target": str(target.without_workspace())}
        if inputs:
            value["inputs"] = dict(inputs)
        for name, key in (("display_name", "display_name"), ("experiment", "experiment_name"), ("compute", "compute")):
            if given.get(name):
                value[key] = given[name]
        if given.get("force_rerun"):
            value["force_rerun"] = True
        return [(f"run-{target.name}.yml", yaml_of(value))]
