"""What a schedule or trigger runs, said from what a step keeps of it."""

from __future__ import annotations

from typing import Any

import pytest

from mlopsportal.changes.scheduled import pipeline_run_by, run_words, still_names
from mlopsportal.specs.ref import Ref


def schedule(component: str) -> dict[str, Any]:
    jobs = {"main": {"type": "pipeline", "component": component}}
    return {"action": {"actionType": "CreateJob", "jobDefinition": {"jobs": jobs}}}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (schedule("component:train:6"), schedule("component:train:7"), "runs train 6 → 7"),
        (schedule("component:train:6"), schedule("component:score:2"), "runs train 6 → score 2"),
        (schedule("component:train:6"), schedule("component:train:6"), "runs train 6, as before"),
        (None, schedule("component:train:7"), "runs train 7"),
        ({"pipeline_ref": "component:train:6"}, {"pipeline_ref": "component:train:7"}, "runs train 6 → 7"),
        (schedule("component:train:6"), None, ""),
        (None, {"action": {"jobDefinition": {"jobs": {"a": {"component": "component:train:1"}}}}}, ""),
        (None, {"pipeline_ref": "no reference at all"}, ""),
    ],
)
def test_the_version_before_and_after_is_named(before: Any, after: Any, words: str) -> None:
    assert run_words(before, after) == words


def test_a_name_is_found_however_deep_and_only_whole() -> None:
    assert still_names({"jobs": [schedule("component:train:1")]}, Ref("component", "train", "1"))
    assert not still_names(schedule("component:train:11"), Ref("component", "train", "1"))
    assert pipeline_run_by(schedule("component:train:1")) == Ref("component", "train", "1")
