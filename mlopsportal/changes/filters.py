"""What the list of changes can be narrowed by; each filter is a parameter of the query string."""

from __future__ import annotations

from typing import Any

import django_filters as filters

from mlopsportal.changes.models import ChangeQuerySet, ChangeRequest
from mlopsportal.changes.states import State
from registry.models import Workspace


class ChangeFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter comes without types
    state = filters.ChoiceFilter(label="State", empty_label="Every state", choices=State.choices)
    workspace = filters.ModelChoiceFilter(
        label="Workspace", field_name="workspace", to_field_name="slug", queryset=Workspace.objects.none()
    )
    author = filters.CharFilter(label="Author", field_name="author__username")
    q = filters.CharFilter(label="Title contains", method="by_title")

    class Meta:
        model = ChangeRequest
        fields: list[str] = []

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:  # django-filter's own arguments
        super().__init__(*args, **kwargs)
        self.filters["workspace"].field.queryset = Workspace.objects.for_user(user)

    def by_title(self, queryset: ChangeQuerySet, name: str, value: str) -> ChangeQuerySet:
        return queryset.filter(title__icontains=value[:100])
