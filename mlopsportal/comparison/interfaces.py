"""What the steps of a pipeline take and give, as its mirror or its change knows it; as many queries for any steps."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from django.db.models import Q

from mlopsportal.changes.models import Document, Plan, Step
from mlopsportal.comparison.sides import Side
from mlopsportal.specs import documents as reading
from mlopsportal.specs import normalize
from mlopsportal.specs.edges import levels_of, steps_of
from mlopsportal.specs.following import interface_beside
from mlopsportal.specs.interface import Interface, interface_of
from mlopsportal.specs.paths import local_path
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.addresses import as_ref
from registry.models import AssetKind, Version, Workspace
from registry.raw import body_of


def interfaces_of(side: Side) -> dict[str, Interface]:
    """Return the interface of what each step runs by its text, "component:train:3"; those that are known.

    Steps of pipelines written inline count as well. "component:train@latest" is what is newest now. What a draft
    runs may be made by another document of its change, which then is what counts.
    """
    texts = {normalize.component_text(node) for _, level in levels_of(side.definition) for _, node in steps_of(level)}
    refs = {text: ref for text in texts if (ref := as_ref(text.partition("@")[0])) and ref.kind == AssetKind.COMPONENT}
    rows = _rows(side.workspace, refs.values())
    found = {text: row for text, ref in refs.items() if (row := rows.get((ref.name, ref.version or "")))}
    known = {text: interface_of(body_of(row.definition)) for text, row in found.items() if row.definition}
    return known if side.document is None else known | _drafted(side.document, texts)


def _rows(workspace: Workspace, refs: Iterable[Ref]) -> dict[tuple[str, str], Version]:
    """Return versions by name and version; the newest of a name by its name and ""."""
    exact = {(ref.name, ref.version) for ref in refs if ref.version}
    floating = {ref.name for ref in refs if not ref.version}
    if not exact and not floating:
        return {}
    names, versions = {name for name, _ in exact}, {version for _, version in exact}
    wanted = Q(name__in=names, version__in=versions) | Q(name__in=floating)
    rows = Version.objects.filter(wanted, workspace=workspace, kind=AssetKind.COMPONENT, missing_since=None)
    found: dict[tuple[str, str], Version] = {}
    for row in rows.defer("remainder").select_related("definition").order_by("-created_at", "-id"):
        found[row.name, row.version] = row
        if row.name in floating:
            found.setdefault((row.name, ""), row)
    return found


# What is not there yet


def _drafted(document: Document, texts: Iterable[str]) -> dict[str, Interface]:
    """Return what other documents of the revision make, as the newest plan has it, else as it is written.

    `texts` name it by reference, without a version where the plan is to find one, or by path.
    """
    if not texts:
        return {}
    paths = {text: local_path(document.path, text) for text in texts}
    wanted = {path for path in paths.values() if path} | {text.partition("@")[0] for text in texts}
    made = _written(document, wanted) | _planned(document)
    asked = {text: path if path in made else text.partition("@")[0] for text, path in paths.items()}
    return {text: made[key] for text, key in asked.items() if key in made}


def _planned(document: Document) -> dict[str, Interface]:
    """Return by reference what the newest plan makes, that which pipeline jobs are lifted to as well."""
    newest = Plan.objects.filter(revision=document.revision_id).order_by("-pk").values("pk")[:1]
    steps = Step.objects.filter(plan__in=newest, ref__startswith=f"{AssetKind.COMPONENT}:").exclude(after=None)
    rows = steps.values_list("ref", "after")
    found = {ref: _interface_of(after) for ref, after in rows if after and "componentSpec" in after}
    return {key: interface for ref, interface in found.items() for key in _keys(ref)}


def _interface_of(properties: Mapping[str, object]) -> Interface:
    return interface_of(normalize.definition_of_version({"properties": properties}))


def _written(document: Document, wanted: Container[str]) -> dict[str, Interface]:
    """Return by path and by reference what those other documents that are wanted are when a step runs them."""
    rows = Document.objects.filter(revision=document.revision_id).exclude(pk=document.pk)
    found: dict[str, Interface] = {}
    for row in rows:
        keys = [key for key in (row.path, *_keys(row.ref)) if key in wanted]
        interface = interface_beside(reading.read(row.path, row.content)) if keys else None
        if interface is not None:
            found |= dict.fromkeys(keys, interface)
    return found


def _keys(text: str) -> list[str]:
    """Return the texts by which a version can be meant: with its version and without."""
    ref = as_ref(text) if text else None
    return [] if ref is None else list(dict.fromkeys((str(ref), str(Ref(ref.kind, ref.name)))))
