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
from mlopsportal.specs.codes import CODES
from mlopsportal.specs.practices import Level
from registry import workflow
from registry.errors import LevelsChanged
from registry.forms import PracticesForm
from registry.models import Workspace
from registry.practices import SetPractice, levels_of, settings_shown, touched, weakened
from registry.views.access import visible_workspace


@dataclass(frozen=True)
class Rivals:
    """A level that two people have set: what it was when the form was opened, what it is now, and what was chosen."""

    title: str
    opened: Level
    now: Level
    chosen: Level


@dataclass(frozen=True)
class PracticesPage:
    """What `registry/practices.html` shows; `form` is None for who may not set levels, `rivals` go by code."""

    workspace: Workspace
    practices: list[SetPractice]
    form: PracticesForm | None = None
    rivals: Mapping[str, Rivals] = field(default_factory=dict)

    @property
    def rows(self) -> Iterator[tuple[SetPractice, BoundField | None, Rivals | None]]:
        """Each practice with its field of the form."""
        for practice in self.practices:
            shown = self.form[practice.code] if self.form is not None else None
            yield practice, shown, self.rivals.get(practice.code)


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
    form = PracticesForm(request.POST, levels=levels_of(workspace))
    rivals: dict[str, Rivals] = {}
    if form.is_valid():
        opened = form.cleaned_data["opened"]
        try:
            after = workflow.set_practice_levels(workspace, form.levels(), actor=actor, opened=opened)
        except LevelsChanged as error:
            rivals = _rivals(form, error.now)
            form.open_again(levels_of(workspace))
            for code in rivals:
                form.fields[code].widget.attrs["aria-describedby"] = f"rivals-{code}"
        else:
            _tell(request, workspace, opened, after, form.levels())
            return redirect("workspace-practices", workspace.slug)
    page = PracticesPage(workspace, settings_shown(levels_of(workspace)), form, rivals)
    return render(request, "registry/practices.html", {"page": page}, status=409 if rivals else 422)


def _rivals(form: PracticesForm, now: Mapping[str, Level]) -> dict[str, Rivals]:
    opened, chosen = form.cleaned_data["opened"], form.levels()
    return {code: Rivals(CODES[code].title, opened[code], level, chosen[code]) for code, level in now.items()}


def _tell(
    request: HttpRequest,
    workspace: Workspace,
    opened: Mapping[str, Level],
    after: Mapping[str, Level],
    chosen: Mapping[str, Level],
) -> None:
    """Say what was saved, what of it is weaker, and what somebody else has set and was left alone."""
    messages.success(request, f"The levels of {workspace.slug} were saved. They hold from now on.")
    weaker = weakened(opened, touched(chosen, opened))
    if weaker:
        messages.warning(request, f"Weaker than before, as the audit log tells too: {', '.join(weaker)}.")
    kept = [f"{CODES[code].title} is {after[code]}" for code in opened if after[code] != chosen[code]]
    if kept:
        messages.info(request, f"Set by somebody else meanwhile, and left so: {'; '.join(kept)}.")
