"""What somebody typed for a side, completed to a full reference; reads text alone, and looks nothing up."""

from __future__ import annotations

from dataclasses import replace

from mlopsportal.specs.ref import InvalidRef, Ref


def completed(left: str, right: str, workspace: str) -> tuple[str, str]:
    """Return both texts in full: where one names no workspace, it is that of the other, else `workspace`.

    `pipeline:` is read as `component:`. What is no reference stays as it was typed.
    """
    refs = [_read(text) for text in (left, right)]
    named = [ref.workspace if ref else None for ref in refs]
    return (
        _written(left, refs[0], named[1] or workspace),
        _written(right, refs[1], named[0] or workspace),
    )


def _read(text: str) -> Ref | None:
    head, colon, rest = text.partition(":")
    place, slash, kind = head.rpartition("/")
    try:
        return Ref.parse(f"{place}{slash}{'component' if kind == 'pipeline' else kind}{colon}{rest}")
    except InvalidRef:
        return None


def _written(text: str, ref: Ref | None, workspace: str) -> str:
    if ref is None:
        return text
    if ref.kind == "change" or ref.workspace or not workspace:
        return str(ref)
    return str(replace(ref, workspace=workspace))
