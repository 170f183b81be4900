"""Which workspace a page is about: one the reader may see, or none at all."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from mlopsportal.accounts.models import User
from registry.models import Workspace


def visible_workspace(request: HttpRequest, slug: str) -> Workspace:
    """Return the workspace, 404 for one the reader may not see: that it exists is nobody else's business."""
    return get_object_or_404(Workspace.objects.for_user(reader(request)), slug=slug)


def reader(request: HttpRequest) -> User:
    """Return who is signed in: `login_required` stands before every page."""
    return cast(User, request.user)
