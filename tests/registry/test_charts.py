"""The charts of runs are figures plotly itself has checked, in colours that the page can change to its theme."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from mlopsportal.ui.plotly_theme import PROPERTIES
from registry.charts import metric_curves, timeline
from registry.models import Step

BEGAN = datetime(2026, 3, 1, 6, tzinfo=UTC)
HEX = re.compile(r"#[0-9a-f]{6}\Z")


def step(path: str, *, after: int = 0, took: int | None = 5, status: str = "Completed", **more: Any) -> Step:
    """A step that began `after` minutes after the run and took so many (None: goes on)."""
    began = BEGAN + timedelta(minutes=after)
    ended = None if took is None else began + timedelta(minutes=took)
    return Step(path=path, status=status, started_at=began, ended_at=ended, **more)


def colours(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for child in value.values():
            yield from colours(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            yield from colours(child)
    elif isinstance(value, str) and HEX.match(value):
        yield value


def test_a_bar_for_each_step_that_began_from_its_beginning_to_its_end() -> None:
    figure = timeline([step("prep"), step("train", after=5, took=20), Step(path="later", status="NotStarted")], 0)
    assert figure is not None
    (bar,) = figure["data"]
    assert bar["y"] == ["prep", "train"]
    assert bar["base"] == [BEGAN.timestamp() * 1000, (BEGAN + timedelta(minutes=5)).timestamp() * 1000]
    assert bar["x"] == [5 * 60_000, 20 * 60_000]
    assert figure["layout"]["xaxis"]["range"] == ["2026-03-01 06:00:00.000000", "2026-03-01 06:25:00.000000"]


def test_a_step_that_goes_on_reaches_to_now() -> None:
    now = (BEGAN + timedelta(minutes=7)).timestamp() * 1000
    figure = timeline([step("prep", took=None, status="Running")], now)
    assert figure is not None
    assert figure["data"][0]["x"] == [7 * 60_000]


def test_rows_fill_the_chart_however_many_there_are() -> None:
    one, ten = timeline([step("a")], 0), timeline([step(f"s{number}") for number in range(10)], 0)
    assert one is not None
    assert ten is not None
    assert ten["layout"]["height"] - one["layout"]["height"] == 9 * 26
    assert ten["layout"]["yaxis"]["range"] == [9.5, -0.5]


def test_a_line_for_each_metric_with_more_than_one_value() -> None:
    figure = metric_curves([step("train", metrics={"loss": [[0, 0.9], [1, 0.5]], "auc": [[0, 0.8]]})])
    assert figure is not None
    assert [(line["name"], line["y"]) for line in figure["data"]] == [("train: loss", [0.9, 0.5])]
    assert metric_curves([step("train", metrics={"auc": [[0, 0.8]]})]) is None
    assert timeline([], 0) is None


def test_each_colour_has_a_property_whose_light_value_it_is() -> None:
    figures = [timeline([step("a"), step("b", status="Failed")], 0)]
    figures.append(metric_curves([step("t", metrics={"loss": [[0, 1], [1, 2]]})]))
    assert set(colours(figures)) <= set(PROPERTIES)
    css = (settings.BASE_DIR / "static/css/portal.css").read_text()
    light = dict(re.findall(r"(--[a-z0-9-]+): light-dark\((#[0-9a-f]{6}),", css))
    assert {name: light.get(name) for name in PROPERTIES.values()} == {name: c for c, name in PROPERTIES.items()}


def test_a_figure_is_json_as_it_stands() -> None:
    figure = timeline([step("a")], 0)
    assert json.loads(json.dumps(figure)) == figure
