"""The forms of an action on what is there, as a change: a run of a pipeline, archiving, pausing, and so on."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from mlopsportal.accounts.actors import actor_of
from mlopsportal.changes.forms import ActionForm, RunForm
from mlopsportal.changes.views.prefilling import prefilled
from mlopsportal.changes.views.sending import sending_of
from mlopsportal.changes.views.wishing import NewChangePage, Pairs, finish, named, posted
from mlopsportal.ui.port_fields import fields_of, values_of
from registry.models import Version, Workspace
from registry.pipelines import data_references, pipeline_parameters


def run_wish(request: HttpRequest, workspace: Workspace, workspaces: list[str]) -> HttpResponse:
    target = named(request.GET.get("ref", ""))
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
    ports = fields_of(parameters.interface, parameters.defaults, known=data_references(workspace))
    filled = prefilled(request.GET, parameters.interface)
    form = RunForm(posted(request) or filled.data(initial, ports), workspaces=[workspace.slug], initial=initial)
    form.fields.update(ports)

    def documents() -> Pairs:
        inputs = values_of(form.cleaned_data, parameters.interface, parameters.defaults)
        changed = {name: value for name, value in inputs.items() if parameters.defaults.get(name) != value}
        return form.documents(target, changed, defaults=initial)

    page = NewChangePage(f"Run {target.name} {target.version}", form, workspace, workspaces, crumb="Run")
    page.strangers = filled.strangers
    form.is_valid()  # what is wrong with other fields does not hide what these values mean
    pairs = documents() if form.is_bound else []
    page.sending = sending_of(workspace, actor_of(request), "run", pairs, parameters.open_inputs)
    page.address = request.get_full_path()
    if request.POST.get("do") == "words":
        return render(request, "changes/_sending.html", {"page": page})
    if request.method == "GET":
        is_wrong = filled.told(form)
        return render(request, "changes/change_new.html", {"page": page}, status=400 if is_wrong else 200)
    return finish(request, page, form, documents)


def action_wish(action: str) -> Callable[[HttpRequest, Workspace, list[str]], HttpResponse]:
    def opener(request: HttpRequest, workspace: Workspace, workspaces: list[str]) -> HttpResponse:
        target = named(request.GET.get("ref", ""))
        form = ActionForm(
            posted(request), workspaces=[workspace.slug], action=action, target=target, initial={"ws": workspace.slug}
        )
        heading = f"{action.capitalize()} {target.kind} {target.name} {target.version or ''}".strip()
        page = NewChangePage(heading, form, workspace, workspaces, crumb=action.capitalize())
        page.sending = sending_of(workspace, actor_of(request), action)
        if request.method == "GET":
            return render(request, "changes/change_new.html", {"page": page})
        return finish(request, page, form, form.documents)

    return opener
