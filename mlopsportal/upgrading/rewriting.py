"""A document with its references moved to other versions; plain values in and out, asks no table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.ref import Ref, parse_azure_reference

_KINDS = {
    "component": ("component",),
    "trial": ("component",),
    "job": ("component",),
    "create_job": ("component",),
    "environment": ("environment",),
    "path": ("data", "model"),
}
"""Which key of a document may name an asset of which kinds."""

Values = Mapping[tuple[str, str], Any]
"""What inputs are to be given, by node and port."""


def rewritten(
    document: Mapping[str, Any], moves: Mapping[Ref, Ref], *, version: str | None = None, values: Values | None = None
) -> dict[str, Any]:
    """Return the document with every fixed reference in `moves` led to its new version.

    `version` becomes the document's own where given; `values` are put among the inputs of the nodes. References by
    label, into registries and by path stay as they are; the document given is not changed.
    """
    result: dict[str, Any] = _moved(document, "", moves)
    if version is not None:
        result["version"] = version
    for (node, port), value in (values or {}).items():
        target = _node_at(result, node) if node else result.get("create_job")
        if isinstance(target, dict):
            target["inputs"] = {**(target.get("inputs") or {}), port: value}
    return result


def _node_at(document: dict[str, Any], path: str) -> Any:
    """Return the node at a path, through components that stand in full; the document is a copy already."""
    level: Any = document
    *outer, name = path.split(".")
    for step in outer:
        level = (level.get("jobs") or {}).get(step) or {}
        level = level.get("component", level)
        if not isinstance(level, dict):
            return None
    return (level.get("jobs") or {}).get(name)


def inlined(
    document: Mapping[str, Any], moves: Mapping[Ref, Ref], unnamed: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the document with those components without a name written out that name one of the versions to be moved.

    `unnamed` holds them by the text with which a node names them. Such a component cannot be changed, only written
    anew with the version that uses it. Pipelines without a name stay: no YAML can write one in its place.
    """
    result, jobs = dict(document), document.get("jobs")
    for name, node in jobs.items() if isinstance(jobs, Mapping) else ():
        part = unnamed.get(str(node.get("component"))) if isinstance(node, Mapping) else None
        if part is not None and "jobs" not in part and names_any(part, moves):
            result["jobs"] = {**result["jobs"], name: {**node, "component": dict(part)}}
    return result


def unnamed_pipelines(
    document: Mapping[str, Any], moves: Mapping[Ref, Ref], unnamed: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return the steps that run a pipeline without a name in which one of the versions to be moved is named."""
    jobs = document.get("jobs")
    nodes = jobs.items() if isinstance(jobs, Mapping) else ()
    parts = {name: unnamed.get(str(node.get("component"))) for name, node in nodes if isinstance(node, Mapping)}
    return [
        name
        for name, part in parts.items()
        if part is not None
        and "jobs" in part
        and (names_any(part, moves) or names_any(inlined(part, moves, unnamed), moves))
    ]


def names_any(document: Any, refs: Mapping[Ref, Ref]) -> bool:
    """Does the document name one of the versions to be moved?"""
    return bool(_moved(document, "", refs) != document)


def _moved(value: Any, key: str, moves: Mapping[Ref, Ref]) -> Any:
    if isinstance(value, Mapping):
        return {name: _moved(item, str(name), moves) for name, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, key, moves) for item in value]
    return _reference(value, key, moves) if isinstance(value, str) and key in _KINDS else value


def _reference(text: str, key: str, moves: Mapping[Ref, Ref]) -> str:
    for kind in _KINDS[key]:
        reference = parse_azure_reference(text, kind)
        target = moves.get(reference.ref) if reference is not None and reference.ref is not None else None
        if target is not None and not (reference and reference.registry):
            return f"azureml:{target.name}:{target.version}"
    return text
