from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from mlopsportal.audit import triggers
from mlopsportal.audit.actions import SYSTEM, Action, Actor, sentence_of
from mlopsportal.audit.errors import AppendOnly
from mlopsportal.audit.log import verify_event
from mlopsportal.audit.models import Event, EventDetail, EventPosition, Log
from mlopsportal.specs.digest import canonical, leaf_hash
from mlopsportal.specs.ref import Ref
from tests.audit.events import ALICE, make_event

pytestmark = pytest.mark.django_db


def told_by(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(bytes(event.leaf))
    return told


def test_it_works() -> None:
    event = make_event(change=17, before={"a": 1}, after={"a": 2}, note="why", facts={"revision": 2})
    kept = Event.objects.get(pk=event.pk)
    told = told_by(kept)
    assert (told["v"], told["event"], told["workspace"], told["target"], told["change"]) == (
        1, "change.opened", "demo", "component:train:3", 17
    )  # fmt: skip
    assert told["actor"] == {"kind": "session", "ref": "a11ce"}
    assert told["facts"] == {"revision": 2}
    assert (kept.kind, kept.actor_ref) == ("component", "a11ce")
    assert (kept.detail.before, kept.detail.after, kept.detail.note) == ({"a": 1}, {"a": 2}, "why")
    assert not EventPosition.objects.exists()


def test_the_leaf_is_canonical_ascii_without_personal_data() -> None:
    event = make_event(note="gr\u00fc\u00dfe", after={"who": "bob"})
    content = bytes(event.leaf)
    assert canonical(json.loads(content)) == content
    assert content.isascii()
    for personal in (b"alice", b"192.0.2.7", b"bob", b"gr"):
        assert personal not in content


def test_two_events_of_one_person_share_a_pseudonym_and_nothing_else_does() -> None:
    other_account = Actor("token", 8, "a11ce-2", "alice2", ALICE.person)
    people = [told_by(make_event(actor=actor))["person"] for actor in (ALICE, other_account, SYSTEM)]
    assert people[0] == people[1] != people[2]


def test_the_same_value_has_another_commitment_in_each_event() -> None:
    first, second = (told_by(make_event(note="yes"))["commit"]["note"] for _ in range(2))
    assert first != second


def test_an_event_goes_when_its_change_is_rolled_back() -> None:
    def change_that_fails() -> None:
        with transaction.atomic():
            make_event()
            raise TimeoutError

    with pytest.raises(TimeoutError):
        change_that_fails()
    assert not Event.objects.exists()


def test_a_ref_loses_its_workspace_and_a_hostile_name_becomes_ascii() -> None:
    event = make_event(target=Ref("component", "tr\u00e4in\u202e", "3", "demo"))
    assert event.target == "component:tr%C3%A4in%E2%80%AE:3"
    assert make_event(target="user:<script>").target == "user:<script>"
    assert make_event(target="x" * 2000).target.startswith("x" * 500)


def test_unstorable_characters_are_replaced() -> None:
    event = make_event(note="a\x00b\ud800", before={"k\x00": "\udfff"})
    event.refresh_from_db()
    assert event.detail.note == "a\ufffdb\ufffd"
    assert event.detail.before == {"k\ufffd": "\ufffd"}
    assert verify_event(event).is_sound


def test_a_secret_in_note_or_values_is_marked() -> None:
    event = make_event(note="Bearer abcdefghijklmnopqrst", after={"password": "hunter2"})
    assert "abcdefgh" not in event.detail.note
    assert event.detail.after == {"password": "[redacted]"}


def test_all_events_of_a_log_bear_its_origin() -> None:
    assert {told_by(make_event())["log"] for _ in range(2)} == {str(Log.current().origin)}


def test_a_sound_event_verifies_and_its_hash_is_that_of_a_leaf() -> None:
    event = Event.objects.get(pk=make_event(before={"f": 0.1}, after=[1.0, 1e21, 10**30], note="x").pk)
    found = verify_event(event)
    assert found.is_sound
    assert not found.erased
    assert found.leaf_hash == leaf_hash(bytes(event.leaf))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", None), ("action", "change.applied"), ("actor_ref", "mallory"), ("workspace", "other"), ("kind", "data"),
        ("target", "component:evil:1"), ("change", 99), ("leaf", b"{}"), ("leaf", b"\xff"), ("leaf", b"[]"),
    ],
)  # fmt: skip
def test_a_changed_column_is_noticed(column: str, value: Any) -> None:
    event = Event.objects.get(pk=make_event(change=17).pk)
    setattr(event, column, event.at + timedelta(microseconds=1) if column == "at" else value)
    assert not verify_event(event).is_sound


@pytest.mark.parametrize("column", ["actor_name", "ip", "note", "before", "after"])
def test_a_changed_detail_is_noticed(column: str) -> None:
    event = Event.objects.get(pk=make_event(before=1, after=2, note="x").pk)
    setattr(event.detail, column, "forged")
    assert any(mismatch.startswith(column) for mismatch in verify_event(event).mismatches)


def test_an_erased_event_still_verifies() -> None:
    event = make_event(note="x")
    EventDetail.objects.get(event=event).delete()
    found = verify_event(Event.objects.get(pk=event.pk))
    assert found.erased
    assert found.is_sound


def test_the_model_refuses_to_change_or_delete() -> None:
    event = make_event()
    for forbidden in (
        event.save, event.delete, Event.objects.all().delete, lambda: Event.objects.update(action="x"),
        lambda: Event.objects.bulk_update([event], ["action"]),
    ):  # fmt: skip
        with pytest.raises(AppendOnly):
            forbidden()


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_a_sentence(action: Action) -> None:
    said = sentence_of(action, actor="alice", target="component:train:3", change=17, workspace="demo")
    assert "{" not in said
    assert said[0].isupper() or said.startswith(("alice", "component"))


def test_an_action_of_another_version_is_shown_as_it_stands() -> None:
    assert sentence_of("x.y", actor="alice", target="t", change=None, workspace="") == "alice: x.y t"


def test_the_triggers_are_in_place() -> None:
    assert triggers.missing() == []
