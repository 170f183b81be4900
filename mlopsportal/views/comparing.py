"""The page that compares any two things; thin over `mlopsportal.comparison`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mlopsportal.comparison import Compared, NotComparable, compared
from mlopsportal.ui.drawing import Drawing

VIEWS = (("summary", "Summary"), ("graph", "Graph"), ("fields", "Fields"), ("text", "Text"), ("runs", "Runs"))


@dataclass(frozen=True)
class ComparePage:
    """What `compare.html` shows; `result` is None while a side is missing or wrong, then `error` says which.

    `fold`: unchanged regions of the graph are one node each. `unified`: the text in one column.
    """

    left: str
    right: str
    view: str
    unchanged: str
    unified: bool
    result: Compared | None = None
    error: str = ""
    drawing: Drawing | None = None

    @property
    def views(self) -> Sequence[tuple[str, str]]:
        """The tabs that this comparison has."""
        found = self.result
        absent = {"graph"} if found is None or not found.has_graph else set()
        absent |= {"runs"} if found is None or found.runs is None else set()
        return [(key, word) for key, word in VIEWS if key not in absent]

    @property
    def template(self) -> str:
        return f"compare/_{self.view}.html"

    @property
    def fold(self) -> bool:
        if self.unchanged in ("folded", "shown"):
            return self.unchanged == "folded"
        return self.result is not None and self.result.is_large


@login_required
@require_GET
def compare_page(request: HttpRequest) -> HttpResponse:
    left, right = _sides(request)
    given = request.GET
    page = ComparePage(
        left, right, given.get("view", ""), given.get("unchanged", ""), unified=given.get("layout") == "unified"
    )
    status = 200
    if left and right:
        try:
            page = replace(page, result=compared(left, right, request.user))
        except NotComparable as error:
            page, status = replace(page, error=str(error)), 404
    page = replace(page, view=page.view if page.view in dict(page.views) else page.views[0][0])
    if page.view == "graph" and page.result is not None:
        page = replace(page, drawing=page.result.drawing(fold=page.fold, unfolded_url=_unfolded(request)))
    return render(request, "compare.html", {"page": page}, status=status)


def _sides(request: HttpRequest) -> tuple[str, str]:
    """Return both refs: `left` and `right`, or the first two that were ticked in a list (`ref`), newest there first."""
    ticked = request.GET.getlist("ref")[:2]
    if len(ticked) == 2:
        return ticked[1].strip()[:1000], ticked[0].strip()[:1000]
    left, right = (request.GET.get(side, "").strip()[:1000] for side in ("left", "right"))
    return left or (ticked[0].strip()[:1000] if ticked else ""), right


def _unfolded(request: HttpRequest) -> str:
    query = request.GET.copy()
    query["unchanged"] = "shown"
    return f"?{query.urlencode()}"
