"""The plotly template of the portal's charts; colours are names of CSS custom properties, never values.

`chart.js` replaces each `var(--…)` by the colour of the reader's theme when it draws. The template is a plain
mapping, so that making a figure needs no import of plotly here.
"""

from __future__ import annotations

from typing import Any

COLORWAY = [f"var(--chart-{number})" for number in range(1, 8)]
GOOD, WARN, BAD, INFO, QUIET = "var(--good)", "var(--warn)", "var(--bad)", "var(--info)", "var(--quiet)"
HEIGHT = 300

_AXIS: dict[str, Any] = {
    "gridcolor": "var(--line)",
    "linecolor": "var(--line)",
    "zerolinecolor": "var(--edge)",
    "tickfont": {"color": "var(--quiet)", "size": 12},
    "title": {"font": {"color": "var(--quiet)", "size": 12}},
    "automargin": True,
}
LAYOUT: dict[str, Any] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": "var(--ink)", "family": "system-ui, sans-serif", "size": 13},
    "colorway": COLORWAY,
    "height": HEIGHT,
    "margin": {"l": 48, "r": 16, "t": 16, "b": 40},
    "xaxis": _AXIS,
    "yaxis": _AXIS,
    "legend": {"orientation": "h", "y": 1.12, "x": 0, "font": {"color": "var(--ink)"}},
    "hoverlabel": {"bgcolor": "var(--raise)", "bordercolor": "var(--edge)", "font": {"color": "var(--ink)"}},
    "hovermode": "x unified",
}


def figure_json(data: list[dict[str, Any]], **layout: Any) -> dict[str, Any]:
    """Return a figure as `json_script` and `chart.js` want it: `{data, layout}` with the portal's template."""
    return {"data": data, "layout": {**layout, "template": {"layout": LAYOUT}}}
