"""The plotly template of the portal's charts: the colours of the light theme, with the CSS property behind each.

plotly.py takes real colours only, so that a figure is whole by itself; `chart.js` puts the colour of the reader's
theme in the place of each, by the list in the figure's `layout.meta`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLORWAY: Final = ["#0b5cad", "#b45309", "#176c35", "#8b3fa8", "#b3261e", "#0f766e", "#57616d"]
GOOD, WARN, BAD, INFO, QUIET = "#176c35", "#865700", "#b3261e", "#0b5cad", "#57616d"
INK, LINE, EDGE, RAISE = "#1a1f26", "#d9dee4", "#7d8894", "#f6f8fa"
PROPERTIES: Final = {
    **{color: f"--chart-{number}" for number, color in enumerate(COLORWAY, start=1)},
    GOOD: "--good",
    WARN: "--warn",
    BAD: "--bad",
    INFO: "--info",
    QUIET: "--quiet",
    INK: "--ink",
    LINE: "--line",
    EDGE: "--edge",
    RAISE: "--raise",
}
"""The custom property of `portal.css` whose light value each colour is."""
HEIGHT: Final = 300

_AXIS: Final[dict[str, Any]] = {
    "gridcolor": LINE,
    "linecolor": LINE,
    "zerolinecolor": EDGE,
    "tickfont": {"color": QUIET, "size": 12},
    "title": {"font": {"color": QUIET, "size": 12}},
    "automargin": True,
}
LAYOUT: Final[dict[str, Any]] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": INK, "family": "system-ui, sans-serif", "size": 13},
    "colorway": COLORWAY,
    "height": HEIGHT,
    "margin": {"l": 48, "r": 16, "t": 16, "b": 40},
    "xaxis": _AXIS,
    "yaxis": _AXIS,
    "legend": {"orientation": "h", "y": 1.12, "x": 0, "font": {"color": INK}},
    "hoverlabel": {"bgcolor": RAISE, "bordercolor": EDGE, "font": {"color": INK}},
    "hovermode": "x unified",
}
TEMPLATE: Final[dict[str, Any]] = {"layout": LAYOUT}


def figure_json(figure: Figure) -> dict[str, Any]:
    """Return a figure made with `TEMPLATE` as `json_script` and `chart.js` want it: `{data, layout}`."""
    figure.update_layout(meta={"properties": PROPERTIES})
    made: dict[str, Any] = figure.to_plotly_json()
    return made
