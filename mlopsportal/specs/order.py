"""Which documents of a change need which others first; knows nothing of what a workspace holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import Any

from mlopsportal.specs.documents import Document, Kind
from mlopsportal.specs.paths import local_path
from mlopsportal.specs.ref import InvalidRef, Ref, parse_azure_reference


class DocumentCycle(ValueError):
    """Documents that need each other; `paths` goes once around."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(" → ".join(paths))
        self.paths = tuple(paths)


_KIND_OF_KEY = {"component": "component", "environment": "environment", "path": "data", "trial": "component"}


def dependencies_of(document: Document) -> set[Ref]:
    """Return every object of the workspace that a document refers to by a fixed name.

    Labels (`@latest`) and references into registries are not among them; files are found by `files_of`.
    """
    found = set(_azure_refs(document.value)) | set(_scheduled_refs(document.value))
    target = document.value.get("target") if document.kind is Kind.ACTION else None
    if isinstance(target, str):
        with suppress(InvalidRef):  # the checker says so
            found.add(Ref.parse(target).without_workspace())
    return found


def files_of(document: Document) -> set[str]:
    """Return the paths, seen from the bundle's root, of the files that a document takes in as documents."""
    paths = (local_path(document.path, text) for text in _file_texts(document.value))
    return {path for path in paths if path is not None}


def _azure_refs(value: Any, key: str = "") -> Iterator[Ref]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _azure_refs(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _azure_refs(item, key)
    elif isinstance(value, str) and key in _KIND_OF_KEY:
        reference = parse_azure_reference(value, _KIND_OF_KEY[key])
        if reference is not None and reference.ref is not None:
            yield reference.ref


def _scheduled_refs(value: Any) -> Iterator[Ref]:
    """Yield the pipeline version that a schedule runs, in each form in which it can be named."""
    for key in ("create_job", "job") if isinstance(value, Mapping) else ():
        for text in _create_job_texts(value.get(key)):
            reference = parse_azure_reference(text, "component")
            if reference is not None and reference.ref is not None:
                yield reference.ref


def _file_texts(value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return
    for key in ("create_job", "job"):
        yield from _create_job_texts(value.get(key))
    if isinstance(value.get("component"), str):  # a job that is nothing but one component
        yield value["component"]
    jobs = value.get("jobs")
    for node in jobs.values() if isinstance(jobs, Mapping) else ():
        if isinstance(node, Mapping):
            yield from (node[key] for key in ("component", "trial") if isinstance(node.get(key), str))


def _create_job_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (value[key] for key in ("job", "path") if isinstance(value.get(key), str))


def in_dependency_order(documents: Iterable[Document]) -> list[Document]:
    """Return the documents so that each comes after those it needs; equals keep the given order.

    Raises DocumentCycle.
    """
    given = list(documents)
    by_path = {document.path: index for index, document in enumerate(given)}
    makers = _makers(given)
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for index, document in enumerate(given):
        needed = {by_path[path] for path in files_of(document) if path in by_path}
        for ref in dependencies_of(document):
            needed |= makers.get(ref, set()) | makers.get(ref.at(None), set())
        sorter.add(index, *sorted(needed - {index}))
    return [given[index] for index in _sorted(sorter, given)]


def _makers(documents: Sequence[Document]) -> dict[Ref, set[int]]:
    """Map what a document makes to where it stands; actions make nothing."""
    makers: dict[Ref, set[int]] = {}
    for index, document in enumerate(documents):
        if document.kind is not Kind.ACTION and document.ref is not None:
            makers.setdefault(document.ref, set()).add(index)
    return makers


def _sorted(sorter: TopologicalSorter[int], documents: Sequence[Document]) -> list[int]:
    try:
        sorter.prepare()
    except CycleError as error:
        raise DocumentCycle([documents[index].path for index in error.args[1]]) from error
    order: list[int] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return order
