"""Writing an event, and checking that one still says what it said; knows no other app and no page."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.timezone import now

from mlopsportal.audit import leaf
from mlopsportal.audit.actions import Action, Actor
from mlopsportal.audit.errors import OutsideTransaction
from mlopsportal.audit.models import Event, EventDetail, Log
from mlopsportal.specs.digest import leaf_hash
from mlopsportal.specs.ref import InvalidRef, Ref

REQUEST_CHARACTERS = 64
TARGET_CHARACTERS = 600


def record(
    action: Action,
    *,
    actor: Actor,
    workspace: str = "",
    target: Ref | str,
    change: int | None = None,
    before: Any = None,
    after: Any = None,
    note: str = "",
    facts: Mapping[str, leaf.Fact] | None = None,
) -> Event:
    """Write one event in the transaction of the change it tells about, and return it.

    `workspace` is a slug, "" for what belongs to the whole site. `target` is a Ref or its text, or a name
    of our own such as "user:<ref>". `before` and `after` are JSON values, `note` is free text: both can be
    erased later, so personal data belongs there; `facts` stay for good, machine words only.
    Raises OutsideTransaction, InvalidFact.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(action)
    at, salt = now(), secrets.token_bytes(32)
    detail: dict[str, Any] = {
        "actor_name": leaf.plain_note(actor.name)[:200],
        "ip": leaf.word(actor.ip, 64),
        "note": leaf.plain_note(note),
        "before": leaf.plain_payload(before),
        "after": leaf.plain_payload(after),
    }
    written = {"workspace": leaf.word(workspace, 64), "target": target_text(target), "change": change}
    commitments = {field: leaf.commitment(salt, field, detail[field]) for field in leaf.COMMITTED}
    content = _leaf_of(action, at, actor, facts=leaf.checked_facts(facts or {}), commit=commitments, **written)
    event = Event(leaf=content, at=at, action=str(action), actor_ref=leaf.word(actor.ref, 64), **written)
    event.kind = kind_of(event.target)
    event.save(force_insert=True)
    EventDetail.objects.create(event=event, salt=salt, **detail)
    return event


def _leaf_of(action: Action, at: datetime, actor: Actor, **written: Any) -> bytes:
    """Return the leaf of an event: what is `written`, and who did it without a name."""
    log = Log.current()
    return leaf.leaf_bytes(
        log=str(log.origin),
        event=str(action),
        at=at,
        actor={"kind": actor.kind, "ref": leaf.word(actor.ref, 64)},
        person=leaf.pseudonym(bytes(log.person_key), actor.person),
        request=leaf.word(actor.request_id, REQUEST_CHARACTERS),
        **written,
    )


def target_text(target: Ref | str) -> str:
    """Return the target as leaf and column hold it: without its workspace, which has a place of its own."""
    text = str(target)
    with suppress(InvalidRef):  # raised by a name of our own, such as "user:<ref>", "workspace:<slug>" or ""
        text = str(Ref.parse(text).without_workspace())
    return leaf.word(text, TARGET_CHARACTERS)


def kind_of(target: str) -> str:
    """Return what stands before the colon of a target: "component" of "component:train:3"."""
    return target.partition(":")[0][:32]


@dataclass(frozen=True)
class Verification:
    """What a look at one event found: its leaf's hash, every mismatch in words, and whether its details are erased."""

    leaf_hash: str
    mismatches: tuple[str, ...]
    erased: bool

    @property
    def is_sound(self) -> bool:
        return not self.mismatches


def verify_event(event: Event) -> Verification:
    """Recompute the event's commitments and compare its columns with its leaf.

    Says that row and leaf agree, not that neither was rewritten: that takes an exported checkpoint.
    """
    content = bytes(event.leaf)
    detail: EventDetail | None = getattr(event, "detail", None)
    return Verification(leaf_hash(content), tuple(_mismatches(event, content, detail)), erased=detail is None)


def _mismatches(event: Event, content: bytes, detail: EventDetail | None) -> list[str]:
    try:
        told = json.loads(content)
        columns = {name: told[name] for name in ("event", "at", "workspace", "target", "change")}
        columns["actor_ref"] = told["actor"]["ref"]
        commit = {field: told["commit"][field] for field in leaf.COMMITTED}
    except (ValueError, KeyError, TypeError):
        return ["the leaf is not the leaf of an event"]
    row = {
        "event": event.action,
        "at": leaf.instant(event.at),
        "workspace": event.workspace,
        "target": event.target,
        "change": event.change,
        "actor_ref": event.actor_ref,
    }
    wrong = [
        f"{name}: the row says {row[name]!r}, the leaf {columns[name]!r}" for name in row if row[name] != columns[name]
    ]
    if event.kind != kind_of(event.target):
        wrong.append(f"kind: the row says {event.kind!r}, its target {event.target!r}")
    if detail is not None:
        closed = [field for field in leaf.COMMITTED if not _opens(commit, detail, field)]
        wrong += [f"{field}: it is not what the leaf committed to" for field in closed]
    return wrong


def _opens(commit: Mapping[str, str], detail: EventDetail, field: str) -> bool:
    return commit[field] == leaf.commitment(bytes(detail.salt), field, getattr(detail, field))
