"""The forms of the accounts pages; each yields plain values, none changes a row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from mlopsportal.accounts.models import User
from mlopsportal.accounts.permissions import Role
from mlopsportal.accounts.workflow import TOKEN_DAYS

_ROLE_WORDS = {
    Role.VIEWER: "Viewer – reads",
    Role.AUTHOR: "Author – opens, edits, submits and withdraws changes",
    Role.REVIEWER: "Reviewer – reviews changes",
    Role.OPERATOR: "Operator – applies, overrides soft checks, runs, cancels, pauses",
    Role.AUDITOR: "Auditor – reads the audit log and exports it",
    Role.ADMIN: "Admin – manages members, workspace and policies, may apply",
}


class UserField(forms.CharField):
    """A user name that must be one of an account; cleans to the account."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=150, **kwargs)
        self.widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}

    def clean(self, value: Any) -> User:
        name = super().clean(value)
        user = None if "\x00" in name else User.objects.filter(username=name).first()
        if user is None:
            raise forms.ValidationError("There is no account of this name. Names are exact: mind capitals.")
        return user


class GrantForm(forms.Form):
    user = UserField(label="User name", help_text="The name the person signs in with.")
    role = forms.ChoiceField(label="Role", choices=[(role.value, words) for role, words in _ROLE_WORDS.items()])

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class TokenForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80, help_text="What will use it, e.g. “nightly build”.")
    days = forms.IntegerField(
        label="Valid for (days)",
        min_value=TOKEN_DAYS[0],
        max_value=TOKEN_DAYS[-1],
        initial=90,
        help_text="1 to 365. After that it is refused; make a new one then.",
    )


class PasswordField(forms.CharField):
    """A new password, shown as dots, never sent back into the page."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            strip=False, max_length=200, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), **kwargs
        )


class UserForm(forms.Form):
    username = forms.CharField(label="User name", max_length=150, validators=[UnicodeUsernameValidator()])
    full_name = forms.CharField(label="Full name", max_length=150, required=False)
    password = PasswordField(
        label="First password", help_text="At least 12 characters. Hand it over in person; the owner changes it."
    )


class NewPasswordForm(forms.Form):
    password = PasswordField(label="New password", help_text="At least 12 characters. All sessions of the account end.")


class LinkForm(forms.Form):
    same_as = UserField(
        label="Is the same person as",
        help_text="User name of the other account. From then on both count as one reviewer.",
    )
