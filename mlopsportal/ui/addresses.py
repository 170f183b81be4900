"""The page address of everything a `Ref` can name; knows the address scheme, asks no table."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from django.urls import get_script_prefix

from mlopsportal.specs.ref import InvalidRef, Ref

_ASSET_PAGES = {"component": "components", "data": "data", "model": "models", "environment": "environments"}
RUN_INPUT = "input."
"""How the parameters of the run form begin that fill in an input of the pipeline."""
_LONGEST = 3500  # servers refuse a request line of more than 4094 bytes
_DOTS = frozenset({".", ".."})  # a browser folds these path segments away, quoted or not


def as_ref(value: Ref | str) -> Ref | None:
    """Return the ref itself, or the one a text names; None when the text names none."""
    if isinstance(value, Ref):
        return value
    try:
        return Ref.parse(str(value))
    except InvalidRef:
        return None


def slug_of(workspace: object) -> str:
    """Return the slug of a workspace row or the text itself; "" for None."""
    return str(getattr(workspace, "slug", workspace) or "")


def ref_address(ref: Ref, workspace: object = None, *, pipeline: bool = False) -> str:
    """Return the path of the page about `ref`, "" when there is no such page.

    The ref's own workspace wins over `workspace`. A pipeline is a component to Azure ML, so only the
    caller knows; `pipeline=True` leads to its pipeline page.
    """
    if ref.name in _DOTS or ref.version in _DOTS:
        return ""
    if ref.kind == "change":
        return _path("changes", ref.name.partition("@")[0])
    slug = ref.workspace or slug_of(workspace)
    if not slug:
        return ""
    if ref.kind in _ASSET_PAGES:
        section = "pipelines" if pipeline and ref.kind == "component" else _ASSET_PAGES[ref.kind]
        version = ("versions", ref.version) if ref.version else ()
        return _path("w", slug, section, ref.name, *version)
    if ref.kind == "run":
        return _path("w", slug, "runs", ref.name)
    if ref.kind == "schedule":
        return _path("w", slug, "schedules", ref.name)
    return ""


def section_address(section: str, workspace: object) -> str:
    """Return the path of a list page (`pipelines`, `runs`, …) of a workspace; "" is the workspace's own page."""
    return _path("w", slug_of(workspace), *([section] if section else []))


def check_address(code: str) -> str:
    """Return the path of the help about a check code."""
    return _path("help", "checks", code)


def site_address(page: str) -> str:
    return _path(page)


def compare_address(left: Ref | str, right: Ref | str) -> str:
    return f"{site_address('compare')}?{urlencode({'left': str(left), 'right': str(right)})}"


def lineage_address(ref: Ref | str, workspace: object) -> str:
    return f"{_path('w', slug_of(workspace), 'lineage')}?{urlencode({'ref': str(ref)})}"


def run_form_address(pipeline: Ref, workspace: object, values: Mapping[str, str]) -> str:
    """Return the address of the form that runs a pipeline version, with `values` by field filled in.

    Inputs are named `input.<name>`. Without the values where they are more than an address can hold.
    """
    place = {"action": "run", "ref": str(pipeline.without_workspace()), "ws": slug_of(workspace)}
    full, bare = (f"{_path('changes', 'new')}?{urlencode(query)}" for query in ({**place, **values}, place))
    return full if len(full) <= _LONGEST else bare


def _path(*parts: str) -> str:
    return get_script_prefix() + "".join(f"{quote(part, safe='@')}/" for part in parts)
