from __future__ import annotations

from mlopsportal.specs.diff import Change
from mlopsportal.specs.textdiff import text_diff
from tests.ui.rendering import Elements, render


def test_a_diff_marks_words_and_says_added_and_removed() -> None:
    markup = render("{% diff hunks label='t.yml' %}", hunks=text_diff("a: 1\nb: 2\n", "a: 1\nb: 3\nc: 4\n"))
    assert 'aria-label="Differences in t.yml"' in markup
    assert '<span class="sr">removed</span>' in markup
    assert "<del>2</del>" in markup
    assert "<ins>3</ins>" in markup
    assert markup.count('class="cell none"') == 1


def test_equal_texts_say_so() -> None:
    assert "No difference in the text." in render("{% diff hunks %}", hunks=[])


def test_changed_fields_are_a_table() -> None:
    changes = [Change("a", "added", None, "x"), Change("b", "removed", 1, None), Change("l[0]", "moved", 1, 0)]
    text = Elements(render("{% fields_diff changes %}", changes=changes)).text
    assert "+Added" in text
    assert "−Removed" in text
    assert "place 2place 1" in text


def test_fields_can_stand_below_the_step_they_are_of() -> None:
    changes = [
        Change("jobs.a.component", "changed", "x", "y", ("jobs", "a", "component")),
        Change("jobs.a.inputs.rate", "changed", 1, 2, ("jobs", "a", "inputs", "rate")),
        Change("jobs.b", "added", None, {"type": "command", "inputs": {"rate": 1}}, ("jobs", "b")),
        Change("description", "changed", "old", "new", ("description",)),
    ]
    markup = render("{% fields_diff changes grouped=True %}", changes=changes)
    assert markup.count('scope="rowgroup"') == 3
    assert '<tr id="field-jobs.a">' in markup
    assert '<a href="#field-jobs.a" data-change>a</a>' in markup
    assert "<code>inputs.<wbr>rate</code>" in markup
    assert '<code class="lines">type: command\ninputs:\n  rate: 1</code>' in markup


def test_a_value_of_many_lines_is_opened_by_whoever_wants_to_see_it() -> None:
    change = Change("a", "added", None, {f"k{number}": number for number in range(20)}, ("a",))
    assert "<summary>20 lines</summary>" in render("{% fields_diff changes %}", changes=[change])


def test_pieces_of_a_text_say_where_they_are_and_have_addresses() -> None:
    hunks = text_diff("jobs:\n  a: 1\n", "jobs:\n  a: 2\n")
    markup = render("{% diff hunks places=places %}", hunks=hunks, places=["jobs <b>"])
    assert '<div class="hunk" id="text-1"><a href="#text-1" data-change>Lines 1–2, now 1–2</a>' in markup
    assert "jobs &lt;b&gt;" in markup
