"""The form in which the documents of a change are written by hand; knows where they may begin, judges none."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from mlopsportal.changes.errors import InvalidDocuments
from mlopsportal.changes.forms import (
    BaseDocumentFormSet,
    DocumentFormSet,
    DocumentsWishForm,
    WishForm,
    document_data,
    documents_of,
)
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.views.wishing import NewChangePage, finish, named
from mlopsportal.specs.ref import Ref
from registry.models import Version, Workspace
from registry.raw import raw_of
from registry.rendering import document_of, yaml_of
from scheduling import documents as schedule_documents
from scheduling.models import Schedule


def from_documents(request: HttpRequest, workspace: Workspace, workspaces: list[str]) -> HttpResponse:
    page = NewChangePage("Propose a change", WishForm(workspaces=workspaces), workspace, workspaces)
    if request.method == "GET":
        initial = {"ws": workspace.slug, "title": request.GET.get("title", "")[:200] or _initial_title(request)}
        again = _change_again(request, workspace)
        if again is not None:
            initial |= {"title": again.title, "description": again.description}
        documents = stored_documents(again) if again else _initial_documents(request, workspace)
        page.form = DocumentsWishForm(workspaces=workspaces, initial=initial)
        page.documents = DocumentFormSet(prefix="doc", initial=documents)
        return render(request, "changes/change_new.html", {"page": page})
    if not take_documents(request, page):
        return render(request, "changes/change_new.html", {"page": page})
    return finish(request, page, page.form, lambda: documents_of(valid(page.documents)))


def take_documents(request: HttpRequest, page: NewChangePage) -> bool:
    """Bind the page's forms to what was posted, uploaded files among the documents; False: only show them again."""
    form, do = DocumentsWishForm(request.POST, request.FILES, workspaces=page.workspaces), request.POST.get("do", "")
    is_rearranged = do == "add" or do.startswith("remove-")
    if is_rearranged or do == "check":
        form.fields["title"].required = False  # it is asked for when the change is opened
    form.is_valid()
    form.fields["title"].required = True
    written = DocumentFormSet(request.POST, prefix="doc")
    kept = [
        {"path": item["path"].value() or "", "content": item["content"].value() or ""}
        for index, item in enumerate(written.forms)
        if item.has_text and do != f"remove-{index}"
    ]
    kept += [{"path": name, "content": text} for name, text in form.cleaned_data.get("files") or []]
    page.form = form
    if is_rearranged:
        page.documents = DocumentFormSet(prefix="doc", initial=kept)
        page.documents.extra = 1 if do == "add" or not kept else 0
        return False
    page.documents = DocumentFormSet(document_data(kept), prefix="doc")
    return True


def _change_again(request: HttpRequest, workspace: Workspace) -> ChangeRequest | None:
    """Return the change whose documents are to be proposed once more, None without one. Raises Http404."""
    number = request.GET.get("again", "")
    if not number:
        return None
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        raise BadRequest(f"“{number[:40]}” is no number of a change.")
    changes = ChangeRequest.objects.for_user(request.user)
    return get_object_or_404(changes, pk=int(number), workspace=workspace)


def stored_documents(change: ChangeRequest) -> list[dict[str, str]]:
    return [{"path": row.path, "content": row.content} for row in change.revision.documents.all()]


def _initial_title(request: HttpRequest) -> str:
    text = request.GET.get("ref", "")
    return f"New version of {named(text).name}" if request.GET.get("action") == "new_version" and text else ""


def _initial_documents(request: HttpRequest, workspace: Workspace) -> list[dict[str, str]]:
    """Begin with what the address names: a version to write the next one of, or nothing."""
    text = request.GET.get("ref", "")
    if not text:
        return []
    target = named(text)
    if target.kind == "schedule":
        schedule = get_object_or_404(Schedule.objects.select_related("part"), workspace=workspace, name=target.name)
        value = schedule_documents.yaml_document(target.name, raw_of(schedule))
        content = yaml_of(value) if value else ""
        return [{"path": f"{target.name}.yml", "content": content}]
    version = _version_to_follow(workspace, target)
    value = document_of(version.kind, version.name, version.version, raw_of(version))
    return [{"path": f"{target.name}.yml", "content": yaml_of(value | {"version": _next_version(version)})}]


def _version_to_follow(workspace: Workspace, target: Ref) -> Version:
    """Return the version a next one begins from: the one named, else the newest. Raises Http404 without one."""
    rows = Version.objects.select_related("part")
    if target.version:
        return get_object_or_404(rows.named(workspace, target))
    newest = rows.filter(workspace=workspace, kind=target.kind, name=target.name, missing_since=None)
    version = newest.order_by("-created_at", "-id").first()
    if version is None:
        raise Http404(f"There is no {target} in {workspace.slug}.")
    return version


def _next_version(version: Version) -> str:
    """Return the next free whole number after the versions of the same name; the same text where none is a number."""
    known = Version.objects.filter(asset=version.asset_id).values_list("version", flat=True)
    numbers = [int(text) for text in known if text.isascii() and text.isdigit() and len(text) < 10]
    return str(max(numbers) + 1) if numbers else version.version


def valid(formset: BaseDocumentFormSet | None) -> BaseDocumentFormSet:
    if formset is None or not formset.is_valid():
        raise InvalidDocuments("Give every document a file name.")
    return formset
