"""Reads the parameters that several pages and REST views of the registry share; refuses what cannot be read."""

from __future__ import annotations

from django import forms
from django.core.exceptions import BadRequest
from django.http import QueryDict

from mlopsportal.specs.ref import InvalidRef, Ref
from mlopsportal.ui.parameters import strangers_in
from registry.lineage import DEEPEST, DEPTH, KINDS, Wish
from registry.models import Workspace

_STEPS = {"": "", "0": "", "false": "", "1": "1", "true": "1", "on": "1"}


def ref_in(workspace: Workspace, text: str) -> Ref:
    """Read a ref of this workspace. Raises BadRequest."""
    try:
        ref = Ref.parse(text.strip())
    except InvalidRef as error:
        raise BadRequest(str(error)) from error
    if ref.workspace not in (None, workspace.slug):
        raise BadRequest(f"{text} is not in workspace {workspace.slug}")
    if "\x00" in text or "%00" in text:
        raise BadRequest("a reference holds no NUL")
    return ref.without_workspace()


class LineageForm(forms.Form):
    """What of a lineage is asked for, as page and REST read it: `ref`, `depth`, `direction`, `kind`, `steps`.

    Without `kind` all kinds are meant; several come as `kind=run&kind=data` or as `kind=run,data`. Cleans `ref` to a
    Ref of the workspace, None where none is given.
    """

    marks_optional = False
    ref = forms.CharField(
        label="Reference",
        max_length=1000,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "data:raw-data:1"}),
    )
    depth = forms.IntegerField(label="Runs in each direction", min_value=1, max_value=DEEPEST)
    direction = forms.ChoiceField(
        label="Which way",
        choices=[("", "both"), ("up", "what led to it"), ("down", "what came of it")],
        required=False,
    )
    kind = forms.MultipleChoiceField(
        label="Show", choices=[(kind, kind) for kind in KINDS], widget=forms.CheckboxSelectMultiple
    )
    steps = forms.BooleanField(
        label="Steps by themselves", required=False, widget=forms.CheckboxInput(attrs={"value": "1"})
    )

    def __init__(self, query: QueryDict, *, workspace: Workspace) -> None:
        super().__init__(_filled(query))
        self.workspace = workspace
        self.given = query
        self.strangers = strangers_in(query, self.fields)

    def clean_ref(self) -> Ref | None:
        text = self.cleaned_data["ref"]
        try:
            return ref_in(self.workspace, text) if text else None
        except BadRequest as error:
            raise forms.ValidationError(f"{error}.") from error

    def clean_steps(self) -> bool:
        if self.given.get("steps", "") not in _STEPS:
            raise forms.ValidationError("Steps are asked for by 1 or true; leave it out for none.")
        return bool(self.cleaned_data["steps"])

    @property
    def wish(self) -> Wish:
        """What is asked for, of a form that is valid."""
        asked = self.cleaned_data
        return Wish(
            depth=asked["depth"],
            up=asked["direction"] != "down",
            down=asked["direction"] != "up",
            kinds=frozenset(asked["kind"]),
            steps=asked["steps"],
        )


def _filled(query: QueryDict) -> QueryDict:
    """Return the query with what it leaves out at its default: so the controls show what is meant."""
    filled = query.copy()
    filled["depth"] = query.get("depth", "").strip() or str(DEPTH)
    filled["steps"] = _STEPS.get(query.get("steps", ""), "")
    kinds = [kind.strip() for text in query.getlist("kind") for kind in text.split(",") if kind.strip()]
    filled.setlist("kind", kinds or [*KINDS])
    return filled
