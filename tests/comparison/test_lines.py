"""What changed in words: the most important first, alike changes in one line, a new name as what it is."""

from __future__ import annotations

import time
from typing import Any

from mlopsportal.comparison.lines import Line, heaviest_first, lines_of
from mlopsportal.comparison.overlay import renamed, with_new_names
from mlopsportal.specs.diff import diff
from mlopsportal.specs.interface import Comparison, Reason, Verdict, compare_components, verdict_of
from tests.comparison.test_overlay import QUICK_SECONDS, node

Definition = dict[str, Any]


def lines(old: Definition, new: Definition, *reasons: Reason) -> list[Line]:
    names = renamed(old, new)
    left = with_new_names(old, names)
    judged: Comparison = verdict_of([*compare_components(old, new).reasons, *reasons])
    return lines_of(left, new, diff(left, new), judged, {new_name: name for name, new_name in names.items()})


def words(old: Definition, new: Definition, *reasons: Reason) -> list[str]:
    return [line.words for line in lines(old, new, *reasons)]


def pipeline(**jobs: Any) -> Definition:
    return {"type": "pipeline", "jobs": jobs}


def test_the_reasons_of_the_verdict_come_before_steps_and_those_before_texts() -> None:
    old = pipeline(prep=node("prep")) | {"description": "old"}
    new = pipeline(prep=node("prep"), train=node("train", data="prep")) | {
        "description": "new",
        "inputs": {"rate": {"type": "number"}},
    }
    found = lines(old, new)
    assert [line.words for line in found] == [
        "The input rate is new: number, required.",
        "The step train was added, running train:1.",
        "The description is another one.",
    ]
    assert [line.verdict for line in found] == [Verdict.BREAKING, None, None]


def test_a_new_name_of_a_step_is_one_line_and_not_three() -> None:
    old = pipeline(prep=node("prep"), train=node("train", data="prep"))
    new = pipeline(clean=node("prep"), train=node("train", data="clean"))
    assert words(old, new) == ["The step prep is now called clean and runs the same."]


def test_three_steps_that_change_alike_are_told_in_one_line() -> None:
    old = pipeline(**{name: node("train") for name in "abc"}, other=node("prep"))
    new = pipeline(**{name: node("train") | {"component": "component:train:2"} for name in "abc"}, other=node("prep"))
    [line] = lines(old, new)
    assert line.words == "3 steps now run train 2 instead of 1: a, b, c."
    assert line.bump == ("component:train:1", "component:train:2")


def test_two_steps_that_change_alike_are_told_one_by_one() -> None:
    old = pipeline(a=node("x"), b=node("x"))
    new = pipeline(a=node("x") | {"compute": "big"}, b=node("x") | {"compute": "big"})
    assert words(old, new) == ["The step a: `compute` was added: big.", "The step b: `compute` was added: big."]


def test_many_added_steps_are_named_up_to_a_limit() -> None:
    new = pipeline(first=node("prep"), **{f"score_{number:02d}": node("score") for number in range(12)})
    [line] = words(pipeline(first=node("prep")), new)
    assert line.startswith("12 steps were added, running score:1: score_00, score_01")
    assert line.endswith("score_07 and 4 more.")


def test_a_reason_about_a_step_says_which_one() -> None:
    old = pipeline(prep=node("prep"))
    wrong = Reason("step-edge-type", "jobs.prep.inputs.x", "It is a folder; `x` takes a file.", Verdict.BREAKING)
    assert words(old, old, wrong) == ["The step prep: It is a folder; `x` takes a file."]


def test_what_did_not_fit_before_is_told_last_and_as_that() -> None:
    old = pipeline(prep=node("prep"))
    new = old | {"description": "new"}
    still = Reason("still-edge-type", "jobs.prep.inputs.x", "It is a folder; `x` takes a file.", Verdict.PATCH)
    assert words(old, new, still) == [
        "The description is another one.",
        "As before: The step prep: It is a folder; `x` takes a file.",
    ]


def test_the_first_inputs_are_told_one_by_one_with_what_they_are() -> None:
    old = pipeline(prep=node("prep"))
    new = old | {"inputs": {"a": {"type": "number", "default": "1"}, "b": {"type": "string", "optional": "true"}}}
    assert words(old, new) == ["The input a is new: number, with default 1.", "The input b is new: string, optional."]


def test_a_trigger_that_changed_in_two_fields_is_one_line() -> None:
    trigger = {
        "triggerType": "recurrence",
        "frequency": "day",
        "interval": 1,
        "schedule": {"hours": [2], "minutes": [0]},
    }
    later = trigger | {"interval": 2, "schedule": {"hours": [3], "minutes": [0]}}
    [line] = lines_of(
        {"trigger": trigger}, {"trigger": later}, diff({"trigger": trigger}, {"trigger": later}), verdict_of([]), {}
    )
    assert line.words.startswith("It fires every 2 days at 03:00")


def test_what_a_schedule_runs_comes_first_and_leads_to_what_changed_in_it() -> None:
    old = {"inputs": {}, "job": {"component": "component:train:2"}, "trigger": {"frequency": "day"}}
    new = {"inputs": {"a": "1"}, "job": {"component": "component:train:3"}, "trigger": {"frequency": "week"}}
    first, *_ = lines_of(old, new, diff(old, new), verdict_of([]), {})
    assert first.words == "It runs train 3 instead of train 2."
    assert first.bump == ("component:train:2", "component:train:3")


def test_a_whole_section_of_what_a_run_was_given_is_told_value_by_value() -> None:
    old = {"jobs": {}, "run": {"inputs": {"rate": "0.1", "data": {"type": "uri_folder", "uri": "data:raw:1"}}}}
    assert words(old, {"jobs": {}, "run": {}}) == [
        "The run's input rate was removed; it was 0.1.",
        "The run's input data was removed; it was data:raw:1.",
    ]
    newer = {"jobs": {}, "run": {"inputs": {"rate": "0.2", "data": {"type": "uri_folder", "uri": "data:raw:2"}}}}
    assert words(old, newer) == [
        "The run's input data is data:raw:2 instead of data:raw:1.",
        "The run's input rate is 0.2 instead of 0.1.",
    ]


def test_each_line_says_what_it_is_about() -> None:
    old = pipeline(prep=node("prep")) | {"description": "old"}
    new = pipeline(prep=node("prep"), train=node("train")) | {
        "description": "new",
        "inputs": {"rate": {"type": "number"}},
        "outputs": {"model": {"type": "custom_model"}},
    }
    assert [line.about for line in lines(old, new)] == ["Inputs", "Outputs", "Steps", "Settings"]


def test_five_thousand_steps_that_no_longer_fit_are_told_without_looking_at_all_for_each() -> None:
    def pipeline(rate: str) -> Definition:
        return {"jobs": {f"s{n}": {"component": f"component:c{n}:1", "inputs": {"rate": f"{rate}{n}"}} for n in many}}

    many = range(5000)
    old, new = pipeline("0."), pipeline("1.")
    faults = [Reason("step-value-type", f"jobs.s{n}.inputs.rate", f"{n} is wrong.", Verdict.BREAKING) for n in many]
    faults += [Reason("still-edge-type", f"jobs.s{n}.inputs.data", f"{n} was wrong.", Verdict.PATCH) for n in many]
    changes = diff(old, new)
    began = time.process_time()
    found = lines_of(old, new, changes, verdict_of(faults), {})
    assert time.process_time() - began < QUICK_SECONDS
    assert len(found) == 10_000
    assert found[-1].words.startswith("As before: ")


def test_of_steps_that_run_another_version_those_that_break_come_first() -> None:
    def bumped(name: str, weight: str) -> Line:
        return Line(name, bump=(f"component:{name}:1", f"component:{name}:2"), links=[("/", "what changed", weight)])

    weights = ["patch", "minor", "", "breaking", "unknown"]
    found = [Line("before"), *(bumped(weight or "nobody", weight) for weight in weights), Line("after")]
    assert [line.words for line in heaviest_first(found)] == [
        "before",
        "breaking",
        "unknown",
        "nobody",
        "minor",
        "patch",
        "after",
    ]
