"""The page on which every form of a new change is shown, and how each of them ends: checked, refused or opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from mlopsportal.accounts.actors import actor_of
from mlopsportal.changes import bundling, workflow
from mlopsportal.changes.errors import ChangeError
from mlopsportal.changes.forms import BaseDocumentFormSet, WishForm
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.views.sending import REVIEWED, Sending
from mlopsportal.specs.ref import InvalidRef, Ref
from registry.mirror import WorkspaceMirror
from registry.models import Workspace
from registry.practices import levels_of

Pairs = list[tuple[str, str]]


@dataclass
class NewChangePage:
    """What `changes/change_new.html` shows."""

    heading: str
    form: WishForm
    workspace: Workspace | None
    workspaces: Sequence[str]
    documents: BaseDocumentFormSet | None = None
    crumb: str = "New change"
    hidden: Sequence[tuple[str, str]] = ()
    preview: bool = False
    checked: bool = False
    back: str = "/changes/"
    refusal: str = ""
    editing: ChangeRequest | None = field(default=None)
    sending: Sending = REVIEWED
    address: str = ""
    strangers: Sequence[str] = ()

    @property
    def asks_sending(self) -> bool:
        """Does what will happen depend on what is typed?"""
        return bool(self.address)


def finish(request: HttpRequest, page: NewChangePage, form: WishForm, documents: Callable[[], Pairs]) -> HttpResponse:
    """Open the change the form stands for, or show the form again with what is wrong: nothing typed is lost."""
    assert page.workspace is not None  # noqa: S101 - a form is shown for a chosen workspace only
    if not form.is_valid():
        return render(request, "changes/change_new.html", {"page": page}, status=422)
    try:
        pairs = bundling.confined(documents())
        if request.POST.get("do") == "check":
            examine(page, pairs)
            return render(request, "changes/change_new.html", {"page": page})
        if request.POST.get("do") == "submit" and page.documents is not None and examine(page, pairs):
            page.refusal = "The documents have problems. Correct them, or save what you have as a draft."
            return render(request, "changes/change_new.html", {"page": page}, status=422)
        change = workflow.open_change(
            page.workspace,
            pairs,
            actor=actor_of(request),
            title=form.cleaned_data["title"],
            description=form.cleaned_data["description"],
            submit=request.POST.get("do") != "draft",
        )
    except ChangeError as error:
        page.refusal = str(error)
        return render(request, "changes/change_new.html", {"page": page}, status=422)
    return redirect("change-detail", number=change.pk)


def examine(page: NewChangePage, pairs: Pairs) -> bool:
    """Lay beside each document what the checker says after the repairs a plan would make; is any of it an error?"""
    assert page.workspace is not None  # noqa: S101 - a form is shown for a chosen workspace only
    mirror = WorkspaceMirror(page.workspace)
    examined = bundling.examine(
        pairs,
        mirror=mirror,
        default_compute=page.workspace.default_compute or None,
        now=timezone.now(),
        levels=levels_of(page.workspace),
    )
    by_path = {item.document.path: item for item in examined}
    page.checked = True
    for form in page.documents.forms if page.documents else []:
        item = by_path.get(form.cleaned_data.get("path", ""))
        if item is not None:
            form.problem_values, form.repairs = item.problems, item.repairs
    return any(problem.is_error for item in examined for problem in item.problems)


def posted(request: HttpRequest) -> MultiValueDict[str, str] | None:
    return request.POST if request.method == "POST" else None


def named(text: str) -> Ref:
    """Return the reference an address names. Raises BadRequest (400) with what is wrong with it."""
    try:
        return Ref.parse(text).without_workspace()
    except InvalidRef as error:
        raise BadRequest(f"“{text[:100]}” names nothing: {error.reason}.") from error
