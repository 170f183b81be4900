"""Figures of runs: when its steps ran, and what they measured; knows rows and plotly's JSON, no page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlopsportal.ui.badges import badge_of
from mlopsportal.ui.plotly_theme import BAD, GOOD, INFO, QUIET, WARN, figure_json
from registry.models import Step

_TONES = {"good": GOOD, "bad": BAD, "warn": WARN, "info": INFO, "plain": QUIET}
_ROW = 26
MOST_SERIES = 24


def timeline(steps: Sequence[Step], now_ms: float) -> dict[str, Any] | None:
    """Return a bar for each step that began, to its end or to `now_ms` (Unix time); None without any."""
    begun = [step for step in steps if step.started_at]
    if not begun:
        return None
    starts = [step.started_at.timestamp() * 1000 for step in begun if step.started_at]
    ends = [step.ended_at.timestamp() * 1000 if step.ended_at else now_ms for step in begun]
    bar = {
        "type": "bar",
        "orientation": "h",
        "y": [step.path for step in begun],
        "base": starts,
        "x": [max(end - start, 0) for start, end in zip(starts, ends, strict=True)],
        "marker": {"color": [_TONES[badge_of(step.status, "run").tone] for step in begun]},
        "hovertext": [f"{step.path}: {step.status}" for step in begun],
        "hoverinfo": "text",
    }
    layout: dict[str, Any] = {
        "height": 80 + _ROW * len(begun),
        "xaxis": {"type": "date", "automargin": True},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "hovermode": "closest",
        "showlegend": False,
    }
    return figure_json([bar], **layout)


def metric_curves(steps: Sequence[Step]) -> dict[str, Any] | None:
    """Return a line for each metric that has more than one value; None when none has."""
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"{step.path}: {name}",
            "x": [point[0] for point in points],
            "y": [point[1] for point in points],
        }
        for step in steps
        for name, points in sorted(step.metrics.items())
        if len(points) > 1
    ]
    if not lines:
        return None
    return figure_json(lines[:MOST_SERIES], xaxis={"title": {"text": "step"}}, yaxis={"automargin": True})
