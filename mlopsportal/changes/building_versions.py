"""From the document of a component or a pipeline to the steps that make its version; writes no row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlopsportal import azureml
from mlopsportal.changes.composing import Pipeline
from mlopsportal.changes.drafts import Draft, Groundwork, Unplannable, is_planned, same_content, version_draft
from mlopsportal.changes.live import Json, properties_of
from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.interface import Comparison, compare_components, interface_of
from mlopsportal.specs.lift import lift, run_defaults_of, with_file_references
from mlopsportal.specs.problems import Repair
from mlopsportal.specs.ref import Ref, ref_of_arm_id


def component_drafts(ground: Groundwork, document: Document) -> Iterator[Draft]:
    ref = document.ref
    if ref is None:
        raise Unplannable("name-missing", "The document names nothing.", "Add `name:`.")
    value, notes = with_file_references(document.value, document, ground.refs)
    value, ref, lifted = _versioned(ground, document, ref, value)
    ground.refs[document.path] = ref
    notes += lifted
    ground.notes[document.path] = notes
    if document.kind.is_pipeline:
        defaults = run_defaults_of(value.get("properties"))
        ground.pipelines[ref] = Pipeline(ref, defaults, interface_of(value), is_new=ground.live.read(ref) is None)
    kind = "pipeline" if document.kind.is_pipeline else "component"
    requests = ground.live.connection.compile([azureml.CompileInput(ref, kind, value)])
    comparison = _compared(ground, ref, value)
    for request in requests:
        made = ref_of_arm_id(request.arm_id) or ref
        draft = version_draft(ground, document, made, request)
        if draft is None or is_planned(ground, draft):
            continue
        if made == ref:
            shown = tuple(dict(note.as_json()) for note in notes)
            draft = replace(draft, value=value, notes=shown, comparison=comparison)
        yield draft


def _versioned(ground: Groundwork, document: Document, ref: Ref, value: Json) -> tuple[Json, Ref, list[Repair]]:
    """Return the value as a component with its version fixed, the version's name, and the notes of a lift.

    A version that the document leaves open is the one an earlier plan chose, else the newest when that is
    the same already, else the next free whole number.
    """
    version = ref.version or (ground.kept[document.path].version if document.path in ground.kept else None)
    if version is None:
        version = _next_version(ground, document, ref, value)
    ref = ref.at(version)
    if document.kind is not Kind.PIPELINE_JOB:
        return {**value, "version": version}, ref, []
    made = lift(value, path=document.path, version=version, interfaces=ground.interfaces, parsed=document.parsed)
    return made.component, ref, made.notes


def _next_version(ground: Groundwork, document: Document, ref: Ref, value: Json) -> str:
    versions = ground.live.versions("component", ref.name)
    if versions:
        newest = ref.at(versions[0])
        candidate = value
        if document.kind is Kind.PIPELINE_JOB:
            candidate = lift(
                value, path=document.path, version=versions[0], interfaces=ground.interfaces, parsed=document.parsed
            ).component
        kind = "pipeline" if document.kind.is_pipeline else "component"
        *_, last = ground.live.connection.compile([azureml.CompileInput(newest, kind, candidate)])
        raw = ground.live.read(newest)
        if raw is not None and same_content(raw, last.body or {}):
            return versions[0]
    numbers = [int(version) for version in versions if version.isascii() and version.isdigit()]
    return str(max(numbers, default=0) + 1)


def _compared(ground: Groundwork, ref: Ref, value: Mapping[str, Any]) -> Comparison | None:
    """Compare with the newest other version; None when there is none."""
    for version in ground.live.versions("component", ref.name):
        raw = ground.live.read(ref.at(version)) if version != ref.version else None
        spec = properties_of(raw).get("componentSpec") if raw is not None else None
        if isinstance(spec, Mapping):
            return compare_components(spec, value)
    return None
