"""Figures of runs: when its steps ran, and what they measured; knows rows and plotly, no page.

plotly is imported where a figure is made: most pages have none, and it takes a while to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from mlopsportal.ui.badges import badge_of
from mlopsportal.ui.plotly_theme import BAD, GOOD, INFO, QUIET, TEMPLATE, WARN, figure_json
from registry.models import Step

_TONES = {"good": GOOD, "bad": BAD, "warn": WARN, "info": INFO, "plain": QUIET}
_ROW = 26
_AROUND = 64
"""Pixels that the axis below the rows and the margins take."""
MOST_SERIES = 24


def timeline(steps: Sequence[Step], now_ms: float) -> dict[str, Any] | None:
    """Return a bar for each step that began, to its end or to `now_ms` (Unix time); None without any."""
    import plotly.graph_objects as go

    begun = [step for step in steps if step.started_at]
    if not begun:
        return None
    starts = [step.started_at.timestamp() * 1000 for step in begun if step.started_at]
    ends = [step.ended_at.timestamp() * 1000 if step.ended_at else now_ms for step in begun]
    bar = go.Bar(
        orientation="h",
        y=[step.path for step in begun],
        base=starts,
        x=[max(end - start, 0) for start, end in zip(starts, ends, strict=True)],
        marker={"color": [_TONES[badge_of(step.status, "run").tone] for step in begun]},
        hovertext=[f"{step.path}: {step.status}" for step in begun],
        hoverinfo="text",
    )
    layout = go.Layout(
        template=TEMPLATE,
        height=_AROUND + _ROW * len(begun),
        xaxis={"type": "date", "range": [_instant(min(starts)), _instant(max(ends))]},
        yaxis={"range": [len(begun) - 0.5, -0.5]},
        hovermode="closest",
        showlegend=False,
    )
    return figure_json(go.Figure(bar, layout))


def _instant(unix_ms: float) -> str:
    """Return a time as plotly's date axes have it."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def metric_curves(steps: Sequence[Step]) -> dict[str, Any] | None:
    """Return a line for each metric that has more than one value; None when none has."""
    import plotly.graph_objects as go

    lines = [
        go.Scatter(
            mode="lines",
            name=f"{step.path}: {name}",
            x=[point[0] for point in points],
            y=[point[1] for point in points],
        )
        for step in steps
        for name, points in sorted(step.metrics.items())
        if len(points) > 1
    ]
    if not lines:
        return None
    layout = go.Layout(template=TEMPLATE, xaxis={"title": {"text": "step"}})
    return figure_json(go.Figure(lines[:MOST_SERIES], layout))
