"""The page that compares any two things; thin over `mlopsportal.comparison`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mlopsportal.comparison import (
    Choice,
    Compared,
    Headline,
    NotComparable,
    Side,
    choices_of,
    completed,
    headline_of,
    newest_in,
    side_of,
)
from mlopsportal.ui.addresses import as_ref, compare_address
from mlopsportal.ui.context import Navigation
from mlopsportal.ui.drawing import Drawing
from mlopsportal.ui.parameters import strangers_in
from registry.models import Workspace

VIEWS = (("summary", "Summary"), ("graph", "Graph"), ("fields", "Fields"), ("text", "Text"), ("runs", "Runs"))
MOST_OPENED = 50
MOST_TICKED = 50
_READ = ("left", "right", "ref", "view", "unchanged", "layout", "lines", "open")


@dataclass(frozen=True)
class Ticked:
    """One of what was ticked in a list; `side` is "left" or "right" where it is compared now."""

    address: str
    side: str

    @property
    def words(self) -> str:
        """Its name and version, the text itself where it is no reference."""
        ref = as_ref(self.address)
        return (
            " ".join(part for part in (ref.name, (ref.version or "").removeprefix("@")[:60]) if part)
            if ref
            else self.address
        )


@dataclass(frozen=True)
class ComparePage:
    """What `compare.html` shows; `result` is None while a side is missing or wrong, then `error` says which.

    `opened`: steps whose unchanged regions are shown whole though the others are folded. `unified`: the text in one
    column; `whole`: all of it. `wrong` is the side that `error` is about. `picked` are the refs that were ticked in a
    list, the newest first: two are compared at once, of more the person chooses.
    """

    left: str
    right: str
    view: str
    unchanged: str
    unified: bool
    whole: bool = False
    opened: Sequence[str] = ()
    picked: Sequence[str] = ()
    strangers: Sequence[str] = ()
    result: Compared | None = None
    headline: Headline | None = None
    only: Side | None = None
    newest: Sequence[Choice] = ()
    error: str = ""
    wrong: str = ""
    drawing: Drawing | None = None

    @property
    def views(self) -> Sequence[tuple[str, str, int | None]]:
        """The tabs that this comparison has, with how many changes each shows where that can be counted."""
        found = self.result
        absent = {"graph"} if found is None or not found.has_graph else set()
        absent |= {"runs"} if found is None or found.runs is None else set()
        counts = {"summary": len(found.lines), "fields": len(found.changes)} if found else {}
        return [(key, word, counts.get(key)) for key, word in VIEWS if key not in absent]

    @property
    def ticked(self) -> Sequence[Ticked]:
        """What was ticked where that is more than one comparison takes; nothing else asks for a choice."""
        if len(self.picked) <= 2:
            return ()
        sides = {self.right: "right", self.left: "left"}
        return [Ticked(address, sides.get(address, "")) for address in self.picked]

    @property
    def oldest(self) -> str:
        """The last that was ticked, where lists begin with the newest."""
        return self.picked[-1]

    @property
    def template(self) -> str:
        return f"compare/_{self.view}.html"

    @property
    def fold(self) -> bool:
        if self.unchanged in ("folded", "shown"):
            return self.unchanged == "folded"
        return self.result is not None and self.result.is_large

    @property
    def title(self) -> str:
        """What is compared, for the tab of the browser and the heading: "train 3 → 4"."""
        if self.result is None:
            return ""
        left, right = self.result.left.words, self.result.right.words
        same = self.result.left.ref.kind == self.result.right.ref.kind and left[0] == right[0]
        return f"{left[0]} {left[1]} → {right[1] if same else ' '.join(right)}"

    @property
    def left_words(self) -> str:
        return " ".join(self.result.left.words) if self.result else ""

    @cached_property
    def left_choices(self) -> Sequence[Choice]:
        return choices_of(self.result.left) if self.result else ()

    @cached_property
    def right_choices(self) -> Sequence[Choice]:
        """What the right side could be instead; the same names as on the left are not asked for twice."""
        if self.result is None:
            return ()
        left, right = self.result.left, self.result.right
        if left.ref.at(None) == right.ref.at(None) and left.workspace == right.workspace:
            return [replace(choice, is_chosen=right.is_at(choice.address)) for choice in self.left_choices]
        return choices_of(right)

    @cached_property
    def only_choices(self) -> Sequence[Choice]:
        """What the one side that is named could be compared with."""
        return [choice for choice in choices_of(self.only) if not choice.is_chosen] if self.only else ()

    @property
    def only_links(self) -> Sequence[tuple[str, Choice]]:
        """The address of each of these comparisons, the older on the left."""
        if self.only is None:
            return ()
        own = next((choice.at for choice in choices_of(self.only) if choice.is_chosen), None)
        # what is there now is newer than each state it has had, and what is not among the newest is older than they
        is_newest = own is None and self.only.words[1] == "now"
        links = []
        for choice in self.only_choices:
            pair = [self.only.address, choice.address]
            links.append((compare_address(*(pair[::-1] if is_newest or (own and choice.at < own) else pair)), choice))
        return links


@login_required
@require_GET
def compare_page(request: HttpRequest) -> HttpResponse:
    page, status = _found(_asked(request), request)
    place = _place(request)
    page = replace(page, newest=newest_in(place) if place else ())
    page = replace(page, view=page.view if page.view in {key for key, _, _ in page.views} else page.views[0][0])
    if page.view == "graph" and page.result is not None:
        drawing = page.result.drawing(
            fold=page.fold, opened=page.opened, unfolded_url=lambda step: _with_opened(request, step)
        )
        page = replace(page, drawing=drawing)
    return render(request, "compare.html", {"page": page}, status=status)


def _place(request: HttpRequest) -> Workspace | None:
    """Return the workspace that the top bar shows, None for whoever sees none."""
    shown = Navigation(request).workspace
    return Workspace.objects.for_user(request.user).filter(slug=shown.slug).first() if shown else None


def _asked(request: HttpRequest) -> ComparePage:
    given = request.GET
    shown = Navigation(request).workspace
    left, right = completed(*_sides(request), shown.slug if shown else "")
    return ComparePage(
        left,
        right,
        given.get("view", ""),
        given.get("unchanged", ""),
        unified=given.get("layout") == "unified",
        whole=given.get("lines") == "all",
        opened=given.getlist("open")[:MOST_OPENED],
        picked=_picked(request),
        strangers=strangers_in(given, _READ),
    )


def _found(page: ComparePage, request: HttpRequest) -> tuple[ComparePage, int]:
    """Return the page with what it asks for, and its status: 400 for no reference, 404 for what is not there."""
    try:
        if page.left and page.right:
            sides = side_of("left", page.left, request.user), side_of("right", page.right, request.user)
            result = Compared(*sides)
            return replace(page, result=result, headline=headline_of(result, request.user)), 200
        if page.left or page.right:
            named = "left" if page.left else "right"
            return replace(page, only=side_of(named, page.left or page.right, request.user)), 200
    except NotComparable as error:
        return replace(page, error=str(error), wrong=error.side), 400 if error.is_malformed else 404
    return page, 200


def _sides(request: HttpRequest) -> tuple[str, str]:
    """Return both refs: `left` and `right`, else the two that were ticked in a list (`ref`), newest there first.

    Of more than two that were ticked none is preferred: the person says which.
    """
    left, right = (request.GET.get(side, "").strip()[:1000] for side in ("left", "right"))
    picked = _picked(request)
    if left or right or len(picked) > 2:
        return left, right
    return (picked[-1], picked[0] if len(picked) == 2 else "") if picked else ("", "")


def _picked(request: HttpRequest) -> list[str]:
    texts = (text.strip()[:1000] for text in request.GET.getlist("ref"))
    return list(dict.fromkeys(text for text in texts if text))[:MOST_TICKED]


def _with_opened(request: HttpRequest, step: str) -> str:
    query = request.GET.copy()
    query.appendlist("open", step)
    return f"?{query.urlencode()}"
