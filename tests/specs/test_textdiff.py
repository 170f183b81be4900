from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.textdiff import text_diff, visible, word_marks

lines = st.lists(st.sampled_from(["a: 1", "b: 2", "c: x y", "c: x z", ""]), max_size=12).map("\n".join)


@given(lines, lines)
def test_each_side_of_the_hunks_is_lines_of_its_text(a: str, b: str) -> None:
    left, right = a.splitlines(), b.splitlines()
    for hunk in text_diff(a, b):
        for row in hunk.rows:
            if row.left_number:
                assert "".join(span.text for span in row.left) == left[row.left_number - 1]
            if row.right_number:
                assert "".join(span.text for span in row.right) == right[row.right_number - 1]


@given(lines)
def test_equal_texts_have_no_hunks(text: str) -> None:
    assert text_diff(text, text) == []


def test_a_changed_line_marks_the_changed_words() -> None:
    (hunk,) = text_diff("a: 1\nb: two words\n", "a: 1\nb: two other words\n")
    row = hunk.rows[-1]
    assert row.kind == "changed"
    assert [span.text for span in row.right if span.marked] == ["other "]
    assert (hunk.left_start, hunk.right_start) == (1, 1)


def test_far_changes_make_two_hunks() -> None:
    middle = "\n".join(f"line {number}" for number in range(30))
    assert len(text_diff(f"a\n{middle}\nb", f"A\n{middle}\nB")) == 2


def test_hidden_characters_are_shown() -> None:
    assert visible("a\u202eb\u200bc\x1bd") == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+001B⟩d"
    assert visible("Größe 5 → ü 数\t") == "Größe 5 → ü 数\t"
    left, right = word_marks("name: train", "name: tr\u200bain")
    assert "⟨U+200B⟩" in "".join(span.text for span in right)
    assert any(span.marked for span in left)


def test_very_long_lines_are_marked_as_a_whole() -> None:
    left, right = word_marks("x " * 1000, "y " * 1000)
    assert [len(left), len(right)] == [1, 1]
