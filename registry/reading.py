"""Reads the parameters that several pages and REST views of the registry share; refuses what cannot be read."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import QueryDict

from mlopsportal.specs.ref import InvalidRef, Ref
from registry.lineage import DEEPEST, DEPTH, KINDS, Wish
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
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= DEEPEST:
        raise BadRequest(f"depth must be a whole number from 1 to {DEEPEST}")
    return int(text)


def wish_of(query: QueryDict) -> Wish:
    """Read what of a lineage is asked for: `depth`, `direction`, `kind` (several), `steps`. Raises BadRequest."""
    direction = query.get("direction", "")
    if direction not in ("", "up", "down"):
        raise BadRequest("direction must be up or down, or be left out")
    kinds = frozenset(kind for text in query.getlist("kind") for kind in text.split(",") if kind)
    unknown = sorted(kinds - set(KINDS))
    if unknown:
        raise BadRequest(f"kind must be one of {', '.join(KINDS)}")
    return Wish(
        depth=depth_of(query.get("depth", "")),
        up=direction != "down",
        down=direction != "up",
        kinds=kinds or frozenset(KINDS),
        steps=query.get("steps", "") in ("1", "true"),
    )
