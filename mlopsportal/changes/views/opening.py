"""Opening a change from YAML or from a form, and sending in a new revision; the documents are the forms' work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, require, workspaces_for
from mlopsportal.audit.actions import Actor
from mlopsportal.changes import bundling, workflow
from mlopsportal.changes.errors import ChangeError, InvalidDocuments
from mlopsportal.changes.forms import (
    ActionForm,
    BaseDocumentFormSet,
    DocumentFormSet,
    DocumentsWishForm,
    RunForm,
    WishForm,
    document_data,
    documents_of,
)
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import REVISABLE
from mlopsportal.changes.views.reading import show_change, visible_change
from mlopsportal.changes.views.sending import REVIEWED, Sending, sending_of
from mlopsportal.specs.interface import Interface
from mlopsportal.specs.ref import InvalidRef, Ref
from mlopsportal.ui.port_fields import fields_of, values_of
from registry.mirror import WorkspaceMirror
from registry.models import AssetKind, Version, Workspace
from registry.pipelines import data_references, pipeline_parameters
from registry.practices import levels_of
from registry.raw import raw_of
from registry.rendering import document_of, yaml_of
from scheduling import documents as schedule_documents
from scheduling.forms import ScheduleForm, pipeline_text
from scheduling.models import Schedule

STANDING: Final = {"run": Permission.RUN, "cancel": Permission.CANCEL, "disable": Permission.PAUSE}
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

    @property
    def asks_sending(self) -> bool:
        """Does what will happen depend on what is typed?"""
        return bool(self.address)


@login_required
@require_http_methods(["GET", "POST"])
def change_new(request: HttpRequest) -> HttpResponse:
    """Open a change: `?action=` chooses the form (schedule, run, archive, …), without it the documents are written."""
    given = request.POST if request.method == "POST" else request.GET
    action = request.GET.get("action", "")
    workspaces = _workspaces(request, action)
    slug = given.get("ws", "") or (workspaces[0] if workspaces else "")
    if slug and slug not in workspaces:
        workspace = get_object_or_404(Workspace.objects.for_user(request.user), slug=slug)
        require(actor_of(request), STANDING.get(action, Permission.OPEN), workspace)
    chosen = Workspace.objects.filter(slug=slug).first() if slug in workspaces else None
    if chosen is None:
        page = NewChangePage("Propose a change", WishForm(workspaces=[]), None, [])
        return render(request, "changes/change_new.html", {"page": page})
    opener = _OPENERS.get(action)
    if action and opener is None:
        raise BadRequest(f"There is no form for “{action[:40]}”.")
    return (opener or _from_documents)(request, chosen, workspaces)


def _workspaces(request: HttpRequest, action: str) -> list[str]:
    """Return the slugs of the workspaces in which the reader may open such a change."""
    allowed = [Permission.OPEN, *([STANDING[action]] if action in STANDING else [])]
    slugs: set[str] = set()
    for permission in allowed:
        rows = Workspace.objects.filter(pk__in=workspaces_for(request.user, permission))
        slugs |= set(rows.values_list("slug", flat=True))
    return sorted(slugs)


def _from_documents(request: HttpRequest, workspace: Workspace, workspaces: list[str]) -> HttpResponse:
    page = NewChangePage("Propose a change", WishForm(workspaces=workspaces), workspace, workspaces)
    if request.method == "GET":
        initial = {"ws": workspace.slug, "title": request.GET.get("title", "")[:200] or _initial_title(request)}
        again = _change_again(request, workspace)
        if again is not None:
            initial |= {"title": again.title, "description": again.description}
        documents = _stored_documents(again) if again else _initial_documents(request, workspace)
        page.form = DocumentsWishForm(workspaces=workspaces, initial=initial)
        page.documents = DocumentFormSet(prefix="doc", initial=documents)
        return render(request, "changes/change_new.html", {"page": page})
    if not _take_documents(request, page):
        return render(request, "changes/change_new.html", {"page": page})
    return _finish(request, page, page.form, lambda: documents_of(_valid(page.documents)))


def _take_documents(request: HttpRequest, page: NewChangePage) -> bool:
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


def _stored_documents(change: ChangeRequest) -> list[dict[str, str]]:
    return [{"path": row.path, "content": row.content} for row in change.revision.documents.all()]


def _initial_title(request: HttpRequest) -> str:
    text = request.GET.get("ref", "")
    return f"New version of {_ref(text).name}" if request.GET.get("action") == "new_version" and text else ""


def _initial_documents(request: HttpRequest, workspace: Workspace) -> list[dict[str, str]]:
    """Begin with what the address names: a version to write the next one of, or nothing."""
    text = request.GET.get("ref", "")
    if not text:
        return []
    target = _ref(text)
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


def _valid(formset: BaseDocumentFormSet | None) -> BaseDocumentFormSet:
    if formset is None or not formset.is_valid():
        raise InvalidDocuments("Give every document a file name.")
    return formset


def _finish(request: HttpRequest, page: NewChangePage, form: WishForm, documents: Callable[[], Pairs]) -> HttpResponse:
    """Open the change the form stands for, or show the form again with what is wrong: nothing typed is lost."""
    assert page.workspace is not None  # noqa: S101 - a form is shown for a chosen workspace only
    if not form.is_valid():
        return render(request, "changes/change_new.html", {"page": page}, status=422)
    try:
        pairs = bundling.confined(documents())
        if request.POST.get("do") == "check":
            _examine(page, pairs)
            return render(request, "changes/change_new.html", {"page": page})
        if request.POST.get("do") == "submit" and page.documents is not None and _examine(page, pairs):
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


def _examine(page: NewChangePage, pairs: Pairs) -> bool:
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


# One form an action


def _schedule(request: HttpRequest, workspace: Workspace, workspaces: list[str]) -> HttpResponse:
    existing = _existing_schedule(request, workspace)
    raw = raw_of(existing) if existing else {}
    if existing and not schedule_documents.is_form_editable(raw):
        query = urlencode({"ws": workspace.slug, "ref": str(existing.ref)})
        return redirect(f"{reverse('change-new')}?{query}")
    wish = _ScheduleWish(request, workspace, workspaces, existing, raw)
    heading = f"Edit schedule {existing.name}" if existing else "New schedule"
    page = NewChangePage(heading, wish.form, workspace, workspaces, preview=True, hidden=wish.hidden)
    if request.method == "GET" or not wish.is_ready:
        return render(request, "changes/change_new.html", {"page": page})
    return _finish(request, page, wish.form, wish.documents)


class ScheduleWishForm(WishForm, ScheduleForm):
    """A change made of one schedule."""

    field_order = ["ws", "title", "description"]


class _ScheduleWish:
    """The schedule form of one request: its pipeline decides which inputs it asks for."""

    def __init__(
        self,
        request: HttpRequest,
        workspace: Workspace,
        workspaces: list[str],
        existing: Schedule | None,
        raw: dict[str, Any],
    ) -> None:
        self.kept: dict[str, Any] = {}
        if existing:
            outputs = schedule_documents.job_outputs(raw)
            texts = schedule_documents.job_texts(raw)
            self.kept = {
                "tags": existing.tags,
                "outputs": outputs,
                "job_texts": texts,
                "is_enabled": existing.is_enabled,
            }
        self.defaults: dict[str, Any] = schedule_documents.job_inputs(raw)
        posted = request.POST if request.method == "POST" else None
        initial = _schedule_initial(request, workspace, existing, raw)
        self.interface = self._interface(workspace, (posted or initial).get("pipeline"))
        self.form = ScheduleWishForm(posted, workspaces=workspaces, initial=initial)
        if existing:
            self.form.fields["name"].disabled = True
        fields = fields_of(self.interface, self.defaults, known=data_references(workspace))
        self.form.fields.update(fields)
        asked = ",".join(sorted(fields))
        self.hidden = [("asked", asked)]
        # The first post of a new pipeline has not been asked for its inputs yet: ask, then take it.
        self.is_ready = posted is None or not fields or posted.get("asked", "") == asked

    def _interface(self, workspace: Workspace, pipeline: Any) -> Interface:
        name, _, version = pipeline_text(pipeline).partition(":")
        found = Version.objects.filter(workspace=workspace, kind=AssetKind.COMPONENT, name=name, version=version)
        row = found.select_related("definition").first()
        if row is None or row.definition is None:
            return Interface()
        parameters = pipeline_parameters(row)
        self.defaults = {**parameters.defaults, **self.defaults}
        return parameters.interface

    def documents(self) -> Pairs:
        inputs = values_of(self.form.cleaned_data, self.interface, self.defaults)
        return [self.form.document(inputs, **self.kept)]


def _schedule_initial(
    request: HttpRequest, workspace: Workspace, existing: Schedule | None, raw: dict[str, Any]
) -> dict[str, Any]:
    pipeline = pipeline_text(request.GET.get("pipeline"))
    if existing is None:
        return {"ws": workspace.slug, "pipeline": pipeline, "title": "New schedule"}
    ref = schedule_documents.scheduled_pipeline(raw)
    return {
        "ws": workspace.slug,
        "title": f"Edit schedule {existing.name}",
        "name": existing.name,
        "display_name": existing.display_name,
        "pipeline": pipeline or (f"{ref.name}:{ref.version}" if ref else ""),
        "experiment": schedule_documents.job_experiment(raw),
        "compute": schedule_documents.job_compute(raw),
        "force_rerun": schedule_documents.job_force_rerun(raw),
        **ScheduleForm.initial_of(schedule_documents.trigger_of(raw)),
    }


def _existing_schedule(request: HttpRequest, workspace: Workspace) -> Schedule | None:
    text = request.GET.get("ref", "")
    if not text:
        return None
    rows = Schedule.objects.present().select_related("part")
    return get_object_or_404(rows, workspace=workspace, name=_ref(text).name)


def _run(request: HttpRequest, workspace: Workspace, workspaces: list[str]) -> HttpResponse:
    target = _ref(request.GET.get("ref", ""))
    version = get_object_or_404(
        Version.objects.named(workspace, target).select_related("definition", "part"), type="pipeline"
    )
    parameters = pipeline_parameters(version)
    initial = {
        "ws": workspace.slug,
        "title": f"Run {target.name} {target.version}",
        "experiment": parameters.experiment,
        "compute": parameters.compute,
    }
    form = RunForm(_data(request), workspaces=[workspace.slug], initial=initial)
    form.fields.update(fields_of(parameters.interface, parameters.defaults, known=data_references(workspace)))

    def documents() -> Pairs:
        inputs = values_of(form.cleaned_data, parameters.interface, parameters.defaults)
        changed = {name: value for name, value in inputs.items() if parameters.defaults.get(name) != value}
        return form.documents(target, changed, defaults=initial)

    page = NewChangePage(f"Run {target.name} {target.version}", form, workspace, workspaces, crumb="Run")
    form.is_valid()  # what is wrong with other fields does not hide what these values mean
    pairs = documents() if form.is_bound else []
    page.sending = sending_of(workspace, actor_of(request), "run", pairs, parameters.open_inputs)
    page.address = request.get_full_path()
    if request.POST.get("do") == "words":
        return render(request, "changes/_sending.html", {"page": page})
    if request.method == "GET":
        return render(request, "changes/change_new.html", {"page": page})
    return _finish(request, page, form, documents)


def _action(action: str) -> Callable[[HttpRequest, Workspace, list[str]], HttpResponse]:
    def opener(request: HttpRequest, workspace: Workspace, workspaces: list[str]) -> HttpResponse:
        target = _ref(request.GET.get("ref", ""))
        form = ActionForm(
            _data(request), workspaces=[workspace.slug], action=action, target=target, initial={"ws": workspace.slug}
        )
        heading = f"{action.capitalize()} {target.kind} {target.name} {target.version or ''}".strip()
        page = NewChangePage(heading, form, workspace, workspaces, crumb=action.capitalize())
        page.sending = sending_of(workspace, actor_of(request), action)
        if request.method == "GET":
            return render(request, "changes/change_new.html", {"page": page})
        return _finish(request, page, form, form.documents)

    return opener


_OPENERS: Final[dict[str, Callable[[HttpRequest, Workspace, list[str]], HttpResponse]]] = {
    "new_version": _from_documents,
    "schedule": _schedule,
    "run": _run,
    **{action: _action(action) for action in ("archive", "restore", "enable", "disable", "delete", "cancel")},
}


def _data(request: HttpRequest) -> MultiValueDict[str, str] | None:
    return request.POST if request.method == "POST" else None


def _ref(text: str) -> Ref:
    """Return the reference an address names. Raises BadRequest (400) with what is wrong with it."""
    try:
        return Ref.parse(text).without_workspace()
    except InvalidRef as error:
        raise BadRequest(f"“{text[:100]}” names nothing: {error.reason}.") from error


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
        DocumentFormSet(prefix="doc", initial=_stored_documents(change)),
        crumb=f"#{change.number}",
        back=reverse("change-detail", args=[number]),
        hidden=[("revision", str(change.revision_number))],
        editing=change,
    )
    if request.method == "GET":
        return render(request, "changes/change_new.html", {"page": page})
    if not _take_documents(request, page):
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
        pairs = bundling.confined(documents_of(_valid(page.documents)))
        if request.POST.get("do") == "check":
            _examine(page, pairs)
            return render(request, "changes/change_new.html", {"page": page})
        given = form.cleaned_data
        workflow.edit(change, actor=actor, title=given["title"], description=given["description"])
        workflow.revise(change, pairs, actor=actor)
    except ChangeError as error:
        page.refusal = str(error)
        return render(request, "changes/change_new.html", {"page": page}, status=422)
    return redirect("change-detail", number=change.pk)
