from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.codes import CODES
from mlopsportal.specs.parse import MAX_BYTES, MAX_DEPTH, Parsed, parse
from mlopsportal.specs.problems import Severity

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)

HOSTILE = {
    "yaml-empty": ["", "# nothing\n", "---\n", "~", "\ufeff"],
    "yaml-not-mapping": ["- a", "text", "1"],
    "yaml-several-documents": ["a: 1\n---\nb: 2", "---\n---\n"],
    "yaml-duplicate-key": ["a: 1\na: 2", "a: {b: 1, b: 2}", '"a": 1\na: 2', "1: a\n'1': b"],
    "yaml-tag": ["a: !!python/object/apply:os.system ['x']", "a: !!str 1", "!!map {a: 1}", "a: ! b", "a: !x [1]"],
    "yaml-merge-key": ["a: &a {b: 1}\nc:\n  <<: *a", "<<: {a: 1}"],
    "yaml-alias": ["a: &a [*a]", "a: *nothing", "a: &a {b: *a}"],
    "yaml-too-many-values": [BOMB, "a: [" + "1," * 60_000 + "]"],
    "yaml-too-deep": [
        "[" * 100_000,
        "{a: " * 1000,
        "- " * 1000,
        "a:\n" + "".join(" " * i + "-\n" for i in range(1, 90)),
    ],
    "yaml-too-large": ["a: " + "x" * MAX_BYTES, "a: " + "é" * (MAX_BYTES // 2), "a: " + "x" * 70_000],
    "yaml-bad-number": ["a: " + "9" * 5000, "a: 9007199254740993", "a: .nan", "a: -.inf", "a: 0x_", "a: 1.0e+999"],
    "yaml-bad-key": ["? [a]\n: b", "{{x}}", "~: a", "? {a: b}\n: c", '"a\u200bb": 1', '"a\\0": 1', "[a]: b"],
    "yaml-not-text": ["a: \x00", "a: \ud800", "a: \x07", "\ufffe"],
    "yaml-syntax": [
        "a: 'x",
        "a: b: c",
        "a:\n  - b\n c: d",
        "%YAML:1.0\n---\na: 1",
        "a: [",
        "\ta: 1",
        '"\\ud800"',
        ": a",
    ],
    "text-control-character": ['a: "\\0"', 'a: "\\x1b[31m"', 'a: "\\x7f"'],
}


def codes(parsed: Parsed) -> list[str]:
    return [problem.code for problem in parsed.problems]


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in HOSTILE.items() for text in texts])
def test_hostile_texts_give_a_problem_with_a_place(code: str, text: str) -> None:
    started = time.monotonic()
    parsed = parse(text)
    assert time.monotonic() - started < 2
    found = next(problem for problem in parsed.problems if problem.code == code)
    assert found.severity is Severity.ERROR
    assert found.message
    assert found.fix
    assert found.line is not None
    assert found.line >= 1


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: caf\xe9", b"\x80", b"a: \xed\xa0\x80"])
def test_bytes_that_are_not_utf8_give_their_place(content: bytes) -> None:
    (problem,) = parse(content).problems
    assert problem.code == "yaml-not-text"
    assert problem.line == 1


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_text_raises_and_every_code_has_its_help(text: str | bytes) -> None:
    parsed = parse(text)
    assert parsed.value is not None or any(problem.is_error for problem in parsed.problems)
    assert set(codes(parsed)) <= set(CODES)


@given(
    st.lists(st.sampled_from(["a: ", "- ", "{", "}", "[", "]", "&x ", "*x ", "!t ", "\n", "  ", "? ", "'", '"', "|\n"]))
)
def test_no_heap_of_signs_raises(pieces: list[str]) -> None:
    assert set(codes(parse("".join(pieces)))) <= set(CODES)


def test_words_are_read_as_azure_reads_them_and_versions_as_written() -> None:
    value = parse(
        "a: yes\nb: 010\nc: 1:30\nd: 2026-01-01\ne: 1_000\nf: 1e3\nversion: 1.10\ng: 'yes'\nh: ~\ni: 1.5"
    ).value
    assert value == {
        "a": True,
        "b": 8,
        "c": "1:30",
        "d": "2026-01-01",
        "e": 1000,
        "f": "1e3",
        "version": "1.10",
        "g": "yes",
        "h": None,
        "i": 1.5,
    }


def test_ambiguous_words_are_pointed_out() -> None:
    parsed = parse("a: no\nb: 1:30\nc: 007\nd: 'no'")
    assert codes(parsed) == ["yaml-boolean-word", "yaml-base-60", "yaml-odd-integer"]
    assert not any(problem.is_error for problem in parsed.problems)


def test_an_input_called_version_stays_a_number() -> None:
    assert parse("inputs: {version: 1}\nenv: {version: 2}").value == {"inputs": {"version": 1}, "env": {"version": "2"}}


def test_a_small_alias_is_written_out_and_pointed_out() -> None:
    parsed = parse("a: &a {x: [1]}\nb: *a\n")
    assert parsed.value == {"a": {"x": [1]}, "b": {"x": [1]}}
    assert parsed.value["a"] is not parsed.value["b"]
    assert codes(parsed) == ["yaml-alias-used"]


def test_an_alias_cannot_build_up_depth() -> None:
    levels = "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, MAX_DEPTH + 5))
    assert "yaml-too-deep" in codes(parse(f"a0: &a0 [1]\n{levels}"))


def test_every_key_has_its_place() -> None:
    parsed = parse("name: x\njobs:\n  train:\n    inputs:\n      x: 1\nlist:\n- b: 2\n")
    assert parsed.where("") == (1, 1)
    assert parsed.where("jobs.train.inputs.x") == (5, 7)
    assert parsed.where("list[0].b") == (7, 3)
    assert parsed.where("jobs.nope") is None
    assert parsed.nearest("jobs.train.outputs.y") == (3, 3)
    assert parse("a: 1.10").source("a") == "1.10"


def test_text_that_turns_direction_is_pointed_out() -> None:
    (problem,) = parse("a: 1\nb: x\u202ey").problems
    assert (problem.code, problem.line, problem.column) == ("text-invisible-character", 2, 5)


def test_an_error_is_never_lost_behind_much_advice() -> None:
    parsed = parse("".join(f"a{i}: no\n" for i in range(300)) + "z: !!x 1\n")
    assert "yaml-tag" in codes(parsed)
