"""Sending in a new revision of a change: the form with its documents, against what came in meanwhile."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, require
from mlopsportal.audit.actions import Actor
from mlopsportal.changes import bundling, workflow
from mlopsportal.changes.errors import ChangeError
from mlopsportal.changes.forms import DocumentFormSet, DocumentsWishForm, documents_of
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import REVISABLE
from mlopsportal.changes.views.reading import show_change, visible_change
from mlopsportal.changes.views.wishing import NewChangePage, examine
from mlopsportal.changes.views.writing import stored_documents, take_documents, valid


@login_required
@require_http_methods(["GET", "POST"])
def change_edit(request: HttpRequest, number: int) -> HttpResponse:
    """Send in a new revision of the documents. What was approved before does not count for it."""
    change = visible_change(request, number)
    actor: Actor = actor_of(request)
    require(actor, Permission.EDIT, change.workspace)
    if change.state not in REVISABLE:
        return show_change(
            request, change, refusal=f"{change.get_state_display()}: it cannot be edited now.", status=409
        )
    slugs = [change.workspace.slug]
    initial = {"ws": slugs[0], "title": change.title, "description": change.description}
    page = NewChangePage(
        f"Edit change #{change.number}",
        DocumentsWishForm(workspaces=slugs, initial=initial),
        change.workspace,
        slugs,
        DocumentFormSet(prefix="doc", initial=stored_documents(change)),
        crumb=f"#{change.number}",
        back=reverse("change-detail", args=[number]),
        hidden=[("revision", str(change.revision_number))],
        editing=change,
    )
    if request.method == "GET":
        return render(request, "changes/change_new.html", {"page": page})
    if not take_documents(request, page):
        return render(request, "changes/change_new.html", {"page": page})
    return _revise(request, page, change, actor)


def _revise(request: HttpRequest, page: NewChangePage, change: ChangeRequest, actor: Actor) -> HttpResponse:
    form = page.form
    if not form.is_valid():
        return render(request, "changes/change_new.html", {"page": page}, status=422)
    if request.POST.get("revision") != str(change.revision_number):
        page.refusal = (
            f"Revision {change.revision_number} came in since you opened this form. Compare before you send yours."
        )
        page.hidden = [("revision", str(change.revision_number))]
        return render(request, "changes/change_new.html", {"page": page}, status=409)
    try:
        pairs = bundling.confined(documents_of(valid(page.documents)))
        if request.POST.get("do") == "check":
            examine(page, pairs)
            return render(request, "changes/change_new.html", {"page": page})
        given = form.cleaned_data
        workflow.edit(change, actor=actor, title=given["title"], description=given["description"])
        workflow.revise(change, pairs, actor=actor)
    except ChangeError as error:
        page.refusal = str(error)
        return render(request, "changes/change_new.html", {"page": page}, status=422)
    return redirect("change-detail", number=change.pk)
