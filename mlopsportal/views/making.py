"""The page that tells how a model was made; thin over `mlopsportal.making`."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from mlopsportal.making import Making, makeable, making_of
from registry.models import Workspace
from registry.pipelines import Again, run_again
from registry.reading import ref_in
from registry.views.access import visible_workspace


@dataclass(frozen=True)
class MakingPage:
    """What `making.html` shows."""

    workspace: Workspace
    making: Making

    @property
    def again(self) -> Again | None:
        """The link that runs the same pipeline version again, None where none is known."""
        return run_again(self.making.run) if self.making.run else None


@login_required
@require_safe
def making_page(request: HttpRequest, slug: str) -> HttpResponse:
    """How the model or data version `?ref=` was made, and who approved what it was made of."""
    workspace = visible_workspace(request, slug)
    ref = ref_in(workspace, request.GET.get("ref", ""))
    version = get_object_or_404(makeable(workspace, ref))
    return render(request, "making.html", {"page": MakingPage(workspace, making_of(version))})
