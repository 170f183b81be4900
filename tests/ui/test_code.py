from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.ui.code import MAX_LINES
from tests.ui.rendering import Elements, render


def problem(line: int | None, message: str = "No.", severity: Severity = Severity.ERROR) -> Problem:
    return Problem("some-code", "inputs.x", line, 1, severity, message, "Do this.")


def test_code_numbers_lines_and_puts_problems_under_theirs() -> None:
    markup = render("{% code text problems=problems anchor='t' %}", text="a: 1\nb: 2\n", problems=[problem(2)])
    assert '<li id="t-L1"><code>a: 1</code></li>' in markup
    assert '<li id="t-L2" class="error"><code>b: 2</code><span class="problem error">' in markup
    assert 'href="/help/checks/some-code/"' in markup
    assert "t-L3" not in markup


@pytest.mark.parametrize("line", [None, 0, 99, -1])
def test_a_problem_without_a_line_comes_before_the_text(line: int | None) -> None:
    markup = render("{% code text problems=problems %}", text="a: 1", problems=[problem(line)])
    assert markup.index("some-code") < markup.index("<ol>")


def test_a_very_long_text_is_cut_and_says_so() -> None:
    markup = render(
        "{% code text problems=problems %}", text="x\n" * (MAX_LINES + 1), problems=[problem(MAX_LINES + 1)]
    )
    assert markup.count("<li id=") == MAX_LINES
    assert f"{MAX_LINES} of {MAX_LINES + 1} lines are shown" in markup


def test_hidden_characters_are_written_out() -> None:
    markup = render("{{ text|visible }}", text="a\u202eb\u200bc\u00a0d\te")
    assert Elements(markup).text == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+00A0⟩d\te"
    assert 'title="RIGHT-TO-LEFT OVERRIDE"' in markup


@given(st.text(st.characters(exclude_characters="⟨⟩")))
def test_what_is_shown_holds_no_hidden_character_and_loses_none(text: str) -> None:
    from mlopsportal.ui.visible import is_hidden, plain_visible, segments

    shown = plain_visible(text)
    assert not any(is_hidden(character) for character in shown)
    assert "".join(piece for _, piece in segments(text)) == text


def test_what_stands_in_backticks_is_code() -> None:
    assert render("{{ text|ticked }}", text="`a<b` became `c`, it is said") == (
        "<code>a&lt;b</code> became <code>c</code>, it is said"
    )
    assert render("{{ text|ticked }}", text="one ` alone") == "one ` alone"
