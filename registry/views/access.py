"""Which workspace a page is about: one the reader may see, or none at all."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from mlopsportal.accounts.models import User
from registry.models import Workspace


def visible_workspace(request: HttpRequest, slug: str) -> Workspace:
    """Return the workspace, 404 for one the reader may not see: that it exists is nobody else's business."""
    user = request.user
    assert isinstance(user, User), "login_required stands on every page"
    return get_object_or_404(Workspace.objects.for_user(user), slug=slug)
