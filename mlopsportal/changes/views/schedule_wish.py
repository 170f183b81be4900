"""The form of one schedule, new or there already, as a change; its pipeline decides which inputs it asks for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from mlopsportal.changes.forms import WishForm
from mlopsportal.changes.views.wishing import NewChangePage, Pairs, finish, named
from mlopsportal.specs.interface import Interface
from mlopsportal.ui.port_fields import fields_of, values_of
from registry.models import AssetKind, Version, Workspace
from registry.pipelines import data_references, pipeline_parameters
from registry.raw import raw_of
from scheduling import documents as schedule_documents
from scheduling.forms import ScheduleForm, pipeline_text
from scheduling.models import Schedule


def schedule_wish(request: HttpRequest, workspace: Workspace, workspaces: list[str]) -> HttpResponse:
    existing = _existing(request, workspace)
    raw = raw_of(existing) if existing else {}
    if existing and not schedule_documents.is_form_editable(raw):
        query = urlencode({"ws": workspace.slug, "ref": str(existing.ref)})
        return redirect(f"{reverse('change-new')}?{query}")
    wish = _ScheduleWish(request, workspace, workspaces, existing, raw)
    heading = f"Edit schedule {existing.name}" if existing else "New schedule"
    page = NewChangePage(heading, wish.form, workspace, workspaces, preview=True, hidden=wish.hidden)
    if request.method == "GET" or not wish.is_ready:
        return render(request, "changes/change_new.html", {"page": page})
    return finish(request, page, wish.form, wish.documents)


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
        initial = _initial(request, workspace, existing, raw)
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


def _initial(
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


def _existing(request: HttpRequest, workspace: Workspace) -> Schedule | None:
    text = request.GET.get("ref", "")
    if not text:
        return None
    rows = Schedule.objects.present().select_related("part")
    return get_object_or_404(rows, workspace=workspace, name=named(text).name)
