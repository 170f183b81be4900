"""What stands in a YAML text beside its keys and values: comments, and whatever no reader reads; judges nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

import yaml

from mlopsportal.specs.parse import EventLoader

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.MULTILINE)


def comments_in(text: str) -> list[tuple[int, str]]:
    """Return where everything begins that looks like a comment, and what it is; some may stand inside a value."""
    return [(found.start(), found.group()) for found in _COMMENT.finditer(text)] if "#" in text else []


def outside_of_values(text: str) -> Callable[[int], bool]:
    """Return a test whether a place in a text belongs to no key and no value. What cannot be read is outside."""
    starts: list[int] = []
    ends: list[int] = []
    try:
        for event in yaml.parse(text, Loader=EventLoader):
            if isinstance(event, yaml.ScalarEvent) and event.start_mark is not None and event.end_mark is not None:
                starts.append(event.start_mark.index)
                ends.append(event.end_mark.index)
    except (yaml.MarkedYAMLError, yaml.reader.ReaderError):
        pass  # the parser says so; what was read until there counts

    def is_outside(place: int) -> bool:
        before = bisect_right(starts, place) - 1
        return before < 0 or place >= ends[before]

    return is_outside
