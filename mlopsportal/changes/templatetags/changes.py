"""The template tags that let pages of other rooms show what changes concern their objects."""

from __future__ import annotations

from typing import Any

from django import template

from mlopsportal.changes import approvals
from mlopsportal.changes.models import ChangeRequest, Document
from registry.models import Workspace

register = template.Library()
_MOST = 10


@register.inclusion_tag("changes/_open_changes.html")
def open_changes(ref: object, workspace: Workspace) -> dict[str, Any]:
    """Show the open changes with a document about `ref` (a Ref or its text, versions of it included)."""
    text = str(ref)
    current = Document.objects.filter(revision__change__workspace=workspace)
    about = current.filter(ref=text) | current.filter(ref__startswith=f"{text}:")
    changes = ChangeRequest.objects.filter(workspace=workspace, pk__in=about.values("revision__change")).open()
    return {"changes": changes.order_by("-id")[:_MOST]}


@register.inclusion_tag("changes/_made_by.html")
def made_by(ref: object, workspace: Workspace, name: str) -> dict[str, Any]:
    """Say who made an object: the change with its people where it came through the portal, else the `name` that
    Azure ML has, which for everything the portal sent is the portal's own."""
    return {"making": approvals.making_of(workspace, str(ref)), "name": name}
