"""The page of a workspace's practices: what each finds, its level, and the form that sets the levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, can, require
from registry import workflow
from registry.errors import LevelsChanged
from registry.forms import PracticesForm
from registry.models import Workspace
from registry.practices import SetPractice, levels_of, settings_shown, weakened
from registry.views.access import visible_workspace


@dataclass(frozen=True)
class PracticesPage:
    """What `registry/practices.html` shows; `form` is None for who may not set levels, `moved` what somebody else
    has set since the form was opened."""

    workspace: Workspace
    practices: list[SetPractice]
    form: PracticesForm | None = None
    moved: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> Iterator[tuple[SetPractice, BoundField | None]]:
        """Each practice with its field of the form."""
        for practice in self.practices:
            yield practice, self.form[practice.code] if self.form is not None else None

    @property
    def news(self) -> list[SetPractice]:
        return [practice for practice in self.practices if practice.code in self.moved]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def practices(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the practices and their levels; who manages the workspace sets them."""
    workspace = visible_workspace(request, slug)
    if request.method == "POST":
        return _set_levels(request, workspace)
    levels = levels_of(workspace)
    form = PracticesForm(levels=levels) if can(actor_of(request), Permission.MANAGE, workspace) else None
    return render(request, "registry/practices.html", {"page": PracticesPage(workspace, settings_shown(levels), form)})


def _set_levels(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    actor = actor_of(request)
    require(actor, Permission.MANAGE, workspace)
    levels, moved = levels_of(workspace), {}
    form = PracticesForm(request.POST, levels=levels)
    if form.is_valid():
        try:
            workflow.set_practice_levels(workspace, form.levels(), actor=actor, opened=form.cleaned_data["opened"])
        except LevelsChanged as error:
            moved, levels = dict(error.now), levels_of(workspace)
            form.open_again(levels)
        else:
            messages.success(request, f"The levels of {workspace.slug} were saved. They hold from now on.")
            weaker = weakened(levels, form.levels())
            if weaker:
                messages.warning(request, f"Weaker than before, as the audit log tells too: {', '.join(weaker)}.")
            return redirect("workspace-practices", workspace.slug)
    page = PracticesPage(workspace, settings_shown(levels), form, moved)
    return render(request, "registry/practices.html", {"page": page}, status=409 if moved else 422)
