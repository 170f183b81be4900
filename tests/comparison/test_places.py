"""Which keys a line of YAML is below."""

from __future__ import annotations

import pytest

from mlopsportal.comparison.places import keys_above, places_of
from mlopsportal.specs.textdiff import text_diff

TEXT = """\
name: churn
jobs:
  train:
    component: azureml:train:1
    inputs:
      # rate: what it once was
      rate: 0.1
  'odd name':
    command: >-
      echo a: b
tags:
  - team: x
    note: y
"""


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        (1, []),
        (3, ["jobs"]),
        (4, ["jobs", "train"]),
        (7, ["jobs", "train", "inputs"]),
        (9, ["jobs", "odd name"]),
        (10, ["jobs", "odd name", "command"]),
        (11, []),
        (13, ["tags", "team"]),
    ],
)
def test_a_line_is_below_the_keys_that_are_less_indented(line: int, keys: list[str]) -> None:
    assert keys_above(TEXT.splitlines(), line) == keys


def test_a_piece_is_where_its_first_changed_line_is() -> None:
    newer = TEXT.replace("rate: 0.1", "rate: 0.2")
    assert places_of(text_diff(TEXT, newer), TEXT, newer) == ["jobs / train / inputs"]


def test_a_piece_that_only_lost_lines_is_where_they_were() -> None:
    newer = TEXT.replace("      rate: 0.1\n", "")
    assert places_of(text_diff(TEXT, newer), TEXT, newer) == ["jobs / train / inputs"]


def test_a_text_that_is_no_yaml_has_places_all_the_same() -> None:
    assert places_of(text_diff("a\n  b\n", "a\n  c\n"), "a\n  b\n", "a\n  c\n") == [""]
