"""The page that tells how a model was made; thin over `mlopsportal.making`."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from mlopsportal.making import Making, makeable, making_of
from mlopsportal.ui.addresses import run_form_address
from registry.models import Workspace
from registry.pipelines import values_given
from registry.reading import ref_in
from registry.views.access import visible_workspace


@dataclass(frozen=True)
class MakingPage:
    """What `making.html` shows."""

    workspace: Workspace
    making: Making

    @property
    def again(self) -> str:
        """The address of the form that runs the same pipeline version with the same values, "" where none is known."""
        run = self.making.run
        return run_form_address(run.pipeline.ref, self.workspace, values_given(run)) if run and run.pipeline else ""


@login_required
@require_safe
def making_page(request: HttpRequest, slug: str) -> HttpResponse:
    """How the model or data version `?ref=` was made, and who approved what it was made of."""
    workspace = visible_workspace(request, slug)
    ref = ref_in(workspace, request.GET.get("ref", ""))
    version = get_object_or_404(makeable(workspace, ref))
    return render(request, "making.html", {"page": MakingPage(workspace, making_of(version))})
