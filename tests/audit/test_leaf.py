from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.audit import leaf
from mlopsportal.audit.errors import InvalidFact
from mlopsportal.specs.digest import canonical

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.text())
def test_a_word_is_printable_ascii_of_bounded_length(text: str) -> None:
    word = leaf.word(text, 40)
    assert word.isascii()
    assert word.isprintable()
    assert len(word) <= 40


def test_a_plain_word_stays_and_two_long_ones_stay_apart() -> None:
    assert leaf.word("component:train/x_y:3@a~b", 200) == "component:train/x_y:3@a~b"
    assert leaf.word("a" * 99 + "b", 40) != leaf.word("a" * 99 + "c", 40)


@given(JSON)
def test_a_payload_comes_back_from_json_unchanged(value: Any) -> None:
    plain = leaf.plain_payload(value)
    assert canonical(json.loads(json.dumps(plain))) == canonical(plain)
    assert leaf.plain_payload(plain) == plain


def test_a_payload_holds_no_number_that_a_database_would_round() -> None:
    assert leaf.plain_payload([2**60, 1e300, float("nan"), 0.5]) == [str(2**60), "1e+300", "nan", 0.5]


def test_a_large_payload_is_replaced_by_its_size_and_digest() -> None:
    plain = leaf.plain_payload({"text": "x" * leaf.PAYLOAD_BYTES})
    assert plain["cut"] is True
    assert plain["size_bytes"] > leaf.PAYLOAD_BYTES
    assert len(plain["sha256"]) == 64


def test_a_long_note_is_cut_with_a_mark() -> None:
    note = leaf.plain_note("x" * (leaf.NOTE_CHARACTERS + 1))
    assert note.endswith(f"… [cut: {leaf.NOTE_CHARACTERS + 1} characters]")


def test_facts_are_machine_words() -> None:
    facts = leaf.checked_facts(
        {"state": "approved", "revision": 2, "counts": True, "none": None, "name": "ä", "big": 2**70}
    )
    assert facts == {
        "state": "approved", "revision": 2, "counts": True, "none": None, "name": "%C3%A4", "big": str(2**70)
    }  # fmt: skip


@pytest.mark.parametrize("facts", [{"Name": 1}, {"a b": 1}, {"x": 1.5}, {"x": ["y"]}, {f"n{i}": i for i in range(41)}])
def test_other_facts_are_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(InvalidFact):
        leaf.checked_facts(facts)


def test_a_secret_in_a_fact_is_marked() -> None:
    assert "aaaaaaaaaaaa" not in str(leaf.checked_facts({"url": "https://x/?sig=aaaaaaaaaaaa"}))


def test_an_instant_is_utc_with_six_digits() -> None:
    moment = datetime(2026, 11, 23, 15, 2, 11, tzinfo=timezone(timedelta(hours=1)))
    assert leaf.instant(moment) == "2026-11-23T14:02:11.000000Z"
    assert leaf.instant(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)) == "2026-01-02T03:04:05.000006Z"


def test_a_commitment_depends_on_salt_field_and_value() -> None:
    salt = b"s" * 32
    made = {leaf.commitment(s, f, v) for s in (salt, b"t" * 32) for f in ("note", "ip") for v in ("x", "y")}
    assert len(made) == 8
    assert leaf.commitment(salt, "note", "x") == leaf.commitment(salt, "note", "x")
