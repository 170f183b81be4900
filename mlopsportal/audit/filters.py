"""The filters of the log, the same for the page, the export and REST; knows no right."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field

from mlopsportal.audit.actions import Action
from mlopsportal.audit.log import target_text
from mlopsportal.audit.models import Event
from mlopsportal.specs.ref import KINDS, InvalidRef, Ref
from mlopsportal.ui.forms import LocalDateTimeInput

OWN_KINDS: Final = ("user", "token", "workspace")
_YEARS: Final = range(2000, 2201)
_KNOWN_ACTORS: Final = {"mlopsportal": "system", "system": "system", "visitor": "visitor"}


class InstantField(forms.DateTimeField):
    """A time in UTC, or with an offset of its own, of a year that a database can hold."""

    widget = LocalDateTimeInput

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        if moment is not None and moment.year not in _YEARS:
            raise forms.ValidationError("The year must be between 2000 and 2200.")
        return moment


class InstantFilter(django_filters.Filter):  # type: ignore[misc]  # django-filter comes without types
    field_class = InstantField


@extend_schema_field({"type": "integer", "minimum": 1})
class NumberFilter(django_filters.Filter):  # type: ignore[misc]  # django-filter comes without types
    field_class = forms.IntegerField


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter comes without types
    """Who (a user name), what (kind, object, verb), where (workspace, change), when (UTC, from inclusive)."""

    person = django_filters.CharFilter(label="Person", method="by_person", max_length=150)
    action = django_filters.ChoiceFilter(
        label="Action", empty_label="Every action", choices=[(verb.value, verb.value) for verb in Action]
    )
    kind = django_filters.ChoiceFilter(
        label="Kind", empty_label="Every kind", choices=[(kind, kind) for kind in (*KINDS, *OWN_KINDS)]
    )
    target = django_filters.CharFilter(label="Object", method="by_target", max_length=600)
    workspace = django_filters.CharFilter(label="Workspace", max_length=64)
    change = NumberFilter(label="Change", min_value=1, max_value=2**63 - 1)
    since = InstantFilter(label="From (UTC)", field_name="at", lookup_expr="gte")
    until = InstantFilter(label="To (UTC)", field_name="at", lookup_expr="lt")

    class Meta:
        model = Event
        fields: tuple[str, ...] = ()

    def by_person(self, queryset: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        return queryset.filter(actor_ref__in=actor_refs(value))

    def by_target(self, queryset: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        """An object with a version is that version; without one it is the object in all its versions."""
        target = target_text(value.strip())
        return (
            queryset.filter(Q(target=target) | Q(target__startswith=f"{target}:"))
            if _is_whole(target)
            else (queryset.filter(target=target))
        )


def _is_whole(target: str) -> bool:
    try:
        return Ref.parse(target).version is None
    except InvalidRef:
        return False


def actor_refs(name: str) -> list[str]:
    """Return the opaque names under which the log knows the account of this user name, or the name itself."""
    if name in _KNOWN_ACTORS:
        return [_KNOWN_ACTORS[name]]
    users: Any = get_user_model()._default_manager
    return [str(ref) for ref in users.filter(username=name).values_list("ref", flat=True)] or [name]


def names_of(targets: list[str]) -> dict[str, str]:
    """Return the user name of each "user:<ref>" among the targets, in one query; an erased account has none."""
    refs = {target: _uuid(target) for target in targets if target.startswith("user:")}
    wanted = {ref for ref in refs.values() if ref}
    if not wanted:
        return {}
    users: Any = get_user_model()._default_manager
    known = dict(users.filter(ref__in=wanted).values_list("ref", "username"))
    return {target: known[ref] for target, ref in refs.items() if ref in known}


def _uuid(target: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(target.removeprefix("user:"))
    except ValueError:
        return None
