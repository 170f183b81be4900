"""A page that shows every piece of the shared look once, filled with plain values; only tests and eyes see it.

`python -m tests.ui.gallery FOLDER` writes screenshots of it: light and dark, 1440 and 390 pixels wide.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path
from django.utils import timezone

from mlopsportal.specs.diff import diff
from mlopsportal.specs.graph import Edge, Graph, Node
from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.specs.textdiff import text_diff
from mlopsportal.ui.badges import GROUPS
from mlopsportal.ui.context import THEMES
from mlopsportal.ui.drawing import drawing_of
from mlopsportal.ui.forms import GroupedForm, YamlField
from mlopsportal.ui.paging import KeysetPage
from mlopsportal.ui.plotly_theme import figure_json

OLD = """\
type: command
name: train
version: 3
inputs:
  training_data:
    type: uri_folder
  learning_rate:
    type: number
    default: 0.238
environment: azureml:sklearn:11
command: python train.py --data ${{inputs.training_data}}
"""
NEW = OLD.replace("version: 3", "version: 4").replace("0.238", "0.015").replace("sklearn:11", "sklearn:12").replace(
    "command: python", "resources:\n  instance_count: 2\ncommand: python -u"
)
HOSTILE = "\u202egnp.exe <script>alert(1)</script> \u200bzero"


class ScheduleForm(GroupedForm):
    fieldsets = (("When", ("frequency", "hours", "days")),)

    name = forms.CharField(help_text="Letters, digits and underscores.")
    frequency = forms.ChoiceField(choices=[("day", "Day"), ("week", "Week")])
    hours = forms.IntegerField(min_value=0, max_value=23)
    days = forms.MultipleChoiceField(
        choices=[("mon", "Monday"), ("tue", "Tuesday")], widget=forms.CheckboxSelectMultiple, required=False
    )
    document = YamlField(required=False, help_text="The schedule as YAML.", initial=OLD)


def graph(count: int = 9) -> Graph:
    names = ["prep_data", "split", "featurise", "train_lightgbm", "train_xgboost", "evaluate", "compare", "register"]
    nodes = [Node(names[i % 8] + ("" if i < 8 else f"_{i}"), "command", f"component:{names[i % 8]}:{i}") for i in range(count)]
    links = [(max(0, (i - 1) // 2), i) for i in range(1, count)] + [(0, count - 1), (2, count - 2)]
    return Graph(tuple(nodes), tuple(Edge(nodes[a].id, "out", nodes[b].id, "data") for a, b in links))


def problems() -> list[Problem]:
    return [
        Problem("component-input-type", "inputs.learning_rate", 8, 5, Severity.ERROR, "No type “numbr”.", "Write number."),
        Problem("description-missing", "inputs.learning_rate", 7, 3, Severity.ADVICE, "It has no description.", "Add one."),
        Problem("yaml-too-large", "", None, None, Severity.ADVICE, f"About the whole document: {HOSTILE}", "Split it."),
    ]


def context(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    workspace = SimpleNamespace(slug="churn-prod", synced_at=now - timedelta(minutes=2), cloud="azure")
    workspace.subscription_id, workspace.resource_group, workspace.name = "s", "g", "w"
    theme = request.COOKIES.get("theme", "")
    run_states = ["Completed", "Completed", "Completed", "Running", "Failed", "NotStarted", "Canceled", "Queued"]
    drawn = graph()
    return {
        "nav": SimpleNamespace(
            signed_in=True, name="reviewer", workspace=workspace, workspaces=[workspace], section="changes", shortcuts=True,
            theme=theme if theme in THEMES else "", path_slug="",
        ),
        "workspace": workspace,
        "now": now,
        "groups": GROUPS,
        "hunks": text_diff(OLD, NEW),
        "changes": diff({"a": {"x": 1}, "l": [{"name": "p"}, {"name": "q"}]}, {"a": {"x": HOSTILE}, "b": [1], "l": [{"name": "q"}, {"name": "p"}]}),
        "old": OLD,
        "hostile": HOSTILE,
        "problems": problems(),
        "drawing": drawing_of(drawn, workspace=workspace, states=dict(zip([n.id for n in drawn.nodes], run_states, strict=False))),
        "compared": drawing_of(drawn, states={"split": "changed", "compare": "removed", "register": "added"}, group="difference", label="Compared"),
        "value": {"properties": {"isArchived": False, "tags": {"team": HOSTILE}, "inputs": [1, 2.5, None]}},
        "page": KeysetPage([1, 2], "bmV4dA", "cHJldg"),
        "form": ScheduleForm({"name": "", "frequency": "week", "hours": "77", "document": OLD}),
        "figure": figure_json(
            [{"type": "scatter", "x": [1, 2, 3, 4], "y": [0.61, 0.7, 0.74, 0.79], "name": "accuracy"},
             {"type": "scatter", "x": [1, 2, 3, 4], "y": [0.9, 0.6, 0.45, 0.4], "name": "loss"}]
        ),
        "digest": "9b1e" + "0" * 56 + "c07a",
    }  # fmt: skip


def gallery(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string((Path(__file__).parent / "gallery.html").read_text())
    return HttpResponse(template.render(context(request), request))


urlpatterns = [path("gallery/", gallery), path("", include("mlopsportal.ui.urls"))]


def look(folder: Path, base: str) -> None:
    """Write the screenshots of the gallery served at `base`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        for theme in THEMES:
            for width in (1440, 390):
                page = browser.new_page(viewport={"width": width, "height": 900})
                page.on("console", lambda message: sys.stderr.write(f"{message.text}\n"))
                page.context.add_cookies([{"name": "theme", "value": theme, "url": base}])
                page.goto(f"{base}/gallery/")
                page.wait_for_load_state("networkidle")
                page.screenshot(path=folder / f"gallery-{theme}-{width}.png", full_page=True)
                page.close()
        browser.close()
