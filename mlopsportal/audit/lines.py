"""An event as people and programs read it: its sentence, its names, its JSON; knows no page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from mlopsportal.audit.actions import sentence_of
from mlopsportal.audit.filters import names_of
from mlopsportal.audit.leaf import instant
from mlopsportal.audit.models import Event, EventDetail
from mlopsportal.specs.ref import InvalidRef, Ref

ERASED_ACTOR = "an erased account"


class EventJSON(TypedDict):
    """One event in REST and in the JSON export. `leaf` is the exact text of the leaf, to be hashed as UTF-8."""

    id: int
    action: str
    at: str
    actor: dict[str, str]
    sentence: str
    workspace: str
    target: str
    change: int | None
    facts: dict[str, Any]
    note: str
    before: Any  # any JSON value
    after: Any
    erased: bool
    leaf: str


@dataclass(frozen=True)
class Line:
    """One event of a list: the row, its sentence, and the words of its target."""

    event: Event
    sentence: str
    target_words: str
    actor_name: str

    @property
    def has_page(self) -> bool:
        """True when the target is a thing of Azure ML or a change, which may have a page."""
        try:
            Ref.parse(self.event.target)
        except InvalidRef:
            return False
        return True


def lines_of(events: Iterable[Event]) -> list[Line]:
    """Return the lines of events read with their details; one query for all the names in them."""
    rows = list(events)
    names = names_of([event.target for event in rows])
    return [_line(event, names) for event in rows]


def _line(event: Event, names: dict[str, str]) -> Line:
    detail = detail_of(event)
    actor = detail.actor_name if detail else ERASED_ACTOR
    target = _target_words(event.target, names)
    facts = told_by(event).get("facts") or {}
    sentence = sentence_of(
        event.action, actor=actor, target=target, change=event.change, workspace=event.workspace, facts=facts
    )
    return Line(event, sentence, target, actor)


def _target_words(target: str, names: dict[str, str]) -> str:
    if target in names:
        return f"account {names[target]}"
    if target.startswith("user:"):
        return "an erased account"
    if target.startswith("token:"):
        return "an API token"
    return target


def detail_of(event: Event) -> EventDetail | None:
    """Return the erasable detail; None when it is erased."""
    return getattr(event, "detail", None)


def told_by(event: Event) -> dict[str, Any]:
    """Return the leaf as an object; empty when the bytes are not one."""
    try:
        told = json.loads(bytes(event.leaf))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def event_json(line: Line) -> EventJSON:
    event, detail, told = line.event, detail_of(line.event), told_by(line.event)
    actor = told.get("actor") or {}
    return {
        "id": event.pk,
        "action": event.action,
        "at": instant(event.at),
        "actor": {"kind": str(actor.get("kind", "")), "ref": event.actor_ref, "name": line.actor_name},
        "sentence": line.sentence,
        "workspace": event.workspace,
        "target": event.target,
        "change": event.change,
        "facts": told.get("facts") or {},
        "note": detail.note if detail else "",
        "before": detail.before if detail else None,
        "after": detail.after if detail else None,
        "erased": detail is None,
        "leaf": bytes(event.leaf).decode("utf-8", errors="replace"),
    }
