"""Who uses a version: the page of its impact, schedules and other workspaces included."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mlopsportal.specs.ref import Ref
from registry.models import Workspace
from registry.sections import section_of
from registry.views.access import reader
from registry.views.assets import VersionPage, version_frame, visible_version
from scheduling.impact import Affected, affected_by


@dataclass(frozen=True)
class ImpactPage:
    """What `impact.html` shows beside the frame of a version page."""

    affected: Affected
    newest: str
    address: Ref

    @property
    def can_move(self) -> bool:
        """Is there a newer version that users could be moved to?"""
        own, found = self.affected.within.ref.version, self.affected
        return bool(self.newest) and self.newest != own and bool(found.within.consumers or found.schedules)


@login_required
@require_safe
def impact_page(request: HttpRequest, slug: str, section: str, name: str, version: str) -> HttpResponse:
    """The impact of one version."""
    workspace, shown, row = visible_version(request, slug, section, name, version)
    if not shown.holds(row.asset):
        return redirect("impact", slug, section_of(row.asset).slug, name, version)
    frame: VersionPage = version_frame(request, workspace, shown, row, tab="impact")
    visible = Workspace.objects.for_user(reader(request))
    affected = affected_by(workspace, row.ref, visible=visible, now=timezone.now())
    page = ImpactPage(affected, frame.others[0] if frame.others else "", row.ref.in_workspace(workspace.slug))
    return render(request, "impact.html", {"page": frame, "impact": page})
