"""The forms of a workspace: where it is, how to sign in, the portal's settings, its practices; they write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from mlopsportal.specs.codes import CODES
from mlopsportal.specs.practices import DEFAULTS, LEVELS, Level
from mlopsportal.ui.forms import GroupedForm
from registry.models import Cloud, Tier
from registry.practices import touched
from registry.workflow import PLACE, Settings

_GUID_LENGTH = 64


class WorkspaceForm(GroupedForm):
    fieldsets = (
        ("Where it is", ("slug", "cloud", "subscription_id", "resource_group", "name", "endpoint")),
        ("How to sign in", ("credential",)),
        (
            "In the portal",
            ("display_name", "tier", "default_compute", "sync_every_seconds", "runs_window_days", "auto_apply"),
        ),
    )
    slug = forms.SlugField(max_length=64, label="Short name", help_text="Stands in addresses and references, e.g. prod")
    cloud = forms.ChoiceField(choices=Cloud.choices, initial=Cloud.AZURE)
    subscription_id = forms.RegexField(r"^[A-Za-z0-9-]+$", max_length=_GUID_LENGTH, label="Subscription id")
    resource_group = forms.RegexField(r"^[\w.()-]+$", max_length=90, label="Resource group")
    name = forms.RegexField(r"^[A-Za-z0-9_-]+$", max_length=100, label="Workspace name")
    endpoint = forms.RegexField(
        r"^http://(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$",
        max_length=200,
        required=False,
        label="Address of a sandbox",
        help_text="Only for the cloud Sandbox: its loopback address, e.g. http://127.0.0.1:7000",
    )
    credential = forms.RegexField(
        r"^[A-Za-z0-9_]*$",
        max_length=64,
        required=False,
        label="Credential",
        help_text="Name of a configuration in the workers' environment; empty: DefaultAzureCredential",
    )
    display_name = forms.CharField(max_length=200, required=False)
    tier = forms.ChoiceField(choices=Tier.choices, initial=Tier.DEVELOPMENT)
    default_compute = forms.CharField(max_length=64, required=False, initial="serverless")
    sync_every_seconds = forms.IntegerField(min_value=10, max_value=86_400, initial=120, label="Sync every (seconds)")
    runs_window_days = forms.IntegerField(min_value=1, max_value=3650, initial=90, label="Runs of the last (days)")
    auto_apply = forms.BooleanField(required=False, label="Apply approved changes by itself")

    def __init__(self, *args: Any, is_new: bool = True, may_move: bool = True, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        fixed = () if may_move else PLACE
        for name in fixed if is_new else ("slug", *fixed):
            self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (cleaned.get("cloud") == Cloud.SANDBOX) != bool(cleaned.get("endpoint")) and "endpoint" not in self.errors:
            self.add_error("endpoint", "The cloud Sandbox needs its address, and no other cloud has one.")
        return cleaned

    def settings(self) -> Settings:
        """Return what was said, of a form that is valid."""
        return Settings(**{name: value for name, value in self.cleaned_data.items() if name != "slug"})


class PracticesForm(forms.Form):
    """The level of every practice, and in `opened` the levels that the form was opened with."""

    opened = forms.JSONField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, levels: Mapping[str, Level]) -> None:
        super().__init__(data, initial={**levels, "opened": dict(levels)})
        self.sent = data
        for code in DEFAULTS:
            label = f"Level of “{CODES[code].title}”"
            self.fields[code] = forms.ChoiceField(choices=[(level, level) for level in LEVELS], label=label)

    def clean_opened(self) -> dict[str, Level]:
        given = self.cleaned_data["opened"]
        known = isinstance(given, dict) and all(
            code in DEFAULTS and isinstance(level, str) and level in LEVELS for code, level in given.items()
        )
        if not known or set(given) != set(DEFAULTS):
            raise forms.ValidationError("The form does not say what it was opened with: open the page again.")
        return dict(given)

    def levels(self) -> dict[str, Level]:
        """Return what was chosen, of a form that is valid."""
        return {code: self.cleaned_data[code] for code in DEFAULTS}

    def open_again(self, levels: Mapping[str, Level]) -> None:
        """Keep what was chosen, over the levels of now; what was not touched becomes as it is now. Valid forms only."""
        if self.sent is not None:
            self.sent = self.data = self.sent.copy()
            for code, level in {**levels, **touched(self.levels(), self.cleaned_data["opened"])}.items():
                self.sent[code] = level
            self.sent["opened"] = self.fields["opened"].prepare_value(dict(levels))
