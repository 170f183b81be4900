"""What the checker says of the values that somebody typed, by the field each was typed in; reads rows, writes none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from mlopsportal.changes import bundling
from mlopsportal.specs.interface import type_fits
from mlopsportal.specs.problems import Problem
from mlopsportal.specs.ref import parse_azure_reference
from mlopsportal.upgrading.candidates import Candidate, Move
from mlopsportal.upgrading.choosing import Choice, field_name
from registry.fitting import Misfit
from registry.mirror import WorkspaceMirror
from registry.models import Workspace

_DATASTORE = re.compile(r"azureml://datastores/([^/]+)/")


def value_faults(workspace: Workspace, choice: Choice) -> dict[str, str]:
    """Return what is wrong with values that can be read, by the name of the field: data that is not there, a binding to
    an input that the pipeline lacks. Nothing when no value was given. Raises TooMany, as the documents' `pairs` do.
    """
    given = [item for item in choice.upgrade.moves if choice.values.get(str(item.ref))]
    if not given:
        return {}
    pairs = choice.upgrade.pairs(choice.taken, choice.values)
    mirror, compute = WorkspaceMirror(workspace), workspace.default_compute or None
    judged = bundling.examine(pairs, mirror=mirror, default_compute=compute, now=timezone.now())
    problems = {item.document.path: (item.document.value, item.problems) for item in judged}
    told = {name: words for item in given for name, words in _faults(item, *problems.get(item.path, ({}, ())))}
    return _unfitting(mirror, choice, given) | told


def _faults(item: Move, document: Any, problems: tuple[Problem, ...]) -> Iterator[tuple[str, str]]:
    for misfit in item.asked:
        path = _path_of(item, misfit, document)
        wrong = [found for found in problems if found.is_error and (found.path + ".").startswith(path + ".")]
        if wrong:
            words = f"{wrong[0].message} {wrong[0].fix}".strip().removesuffix(".")
            yield field_name(item, misfit), f"needs another value: {words}"


def _unfitting(mirror: WorkspaceMirror, choice: Choice, given: Sequence[Move]) -> dict[str, str]:
    """Return what names data of another type than the input takes, or a datastore that is not there."""
    found = {}
    for item in given:
        for misfit in item.asked:
            value = choice.values[str(item.ref)].get((misfit.node, misfit.port))
            words = _unfit(mirror, value) if isinstance(value, Mapping) else ""
            if words:
                found[field_name(item, misfit)] = f"needs another value: {words}"
    return found


def _unfit(mirror: WorkspaceMirror, value: Mapping[str, Any]) -> str:
    path, wanted = str(value.get("path")), str(value.get("type"))
    datastore = _DATASTORE.match(path)
    if datastore is not None and datastore[1] not in mirror.datastores():
        return f"There is no datastore called {datastore[1]} in this workspace"
    kind = "model" if wanted.endswith("_model") else "data"
    reference = parse_azure_reference(path, kind)
    is_own = reference is not None and not reference.registry and reference.ref is not None
    version = mirror.version(reference.ref) if is_own and reference is not None and reference.ref is not None else None
    if version is not None and not type_fits(version.type or "unknown", wanted):
        return f"{version.ref.name} {version.ref.version} is of type {version.type}, not {wanted}"
    return ""


def _path_of(item: Move, misfit: Misfit, document: Mapping[str, Any]) -> str:
    """Return where the value of an input stands in the document, through components that are written out in it."""
    if not isinstance(item, Candidate) or not misfit.node:
        return f"create_job.inputs.{misfit.port}"
    path, level, (*outer, name) = "", document, misfit.node.split(".")
    for step in outer:
        node = (level.get("jobs") or {}).get(step) or {}
        inside = node.get("component")
        path += f"jobs.{step}." + ("component." if isinstance(inside, Mapping) else "")
        level = inside if isinstance(inside, Mapping) else node
    return f"{path}jobs.{name}.inputs.{misfit.port}"
