"""Reads the parameters that several pages and REST views of the registry share; refuses what cannot be read."""

from __future__ import annotations

from django.core.exceptions import BadRequest

from mlopsportal.specs.ref import InvalidRef, Ref
from registry.lineage import DEEPEST, DEPTH
from registry.models import Workspace


def ref_in(workspace: Workspace, text: str) -> Ref:
    """Read a ref of this workspace. Raises BadRequest."""
    try:
        ref = Ref.parse(text.strip())
    except InvalidRef as error:
        raise BadRequest(str(error)) from error
    if ref.workspace not in (None, workspace.slug):
        raise BadRequest(f"{text} is not in workspace {workspace.slug}")
    if "\x00" in text or "%00" in text:
        raise BadRequest("a reference holds no NUL")
    return ref.without_workspace()


def depth_of(text: str) -> int:
    """Read how far to go. Raises BadRequest."""
    if not text:
        return DEPTH
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:3]) <= DEEPEST:
        raise BadRequest(f"depth must be a whole number from 1 to {DEEPEST}")
    return int(text)
