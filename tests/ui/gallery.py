"""A page that shows every piece of the shared look once, filled with plain values; only tests and eyes see it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import plotly.graph_objects as go
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
from django.urls import include, path
from django.utils import timezone

from mlopsportal.specs.diff import diff
from mlopsportal.specs.graph import Edge, Graph, Node
from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.specs.textdiff import text_diff
from mlopsportal.ui.badges import GROUPS
from mlopsportal.ui.context import THEMES
from mlopsportal.ui.drawing import Drawing, drawing_of
from mlopsportal.ui.forms import GroupedForm, YamlField
from mlopsportal.ui.paging import KeysetPage
from mlopsportal.ui.plotly_theme import TEMPLATE, figure_json

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
NEW = (
    OLD.replace("version: 3", "version: 4")
    .replace("0.238", "0.015")
    .replace("sklearn:11", "sklearn:12")
    .replace("command: python", "resources:\n  instance_count: 2\ncommand: python -u")
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
    ids = [names[i % 8] if i < 8 else f"{names[i % 8]}_{i}" for i in range(count)]
    links = [(max(0, (i - 1) // 2), i) for i in range(1, count)] + [(0, count - 1), (2, count - 2)]
    nodes = tuple(Node(ids[i], "command", f"component:{names[i % 8]}:{i + 1}") for i in range(count))
    return Graph(nodes, tuple(Edge(ids[a], "out", ids[b], "data") for a, b in links))


def problems() -> list[Problem]:
    path = "inputs.learning_rate"
    return [
        Problem("component-input-type", path, 8, 5, Severity.ERROR, "No type “numbr”.", "Write number."),
        Problem("description-missing", path, 7, 3, Severity.ADVICE, "It has no description.", "Add one."),
        Problem("yaml-too-large", "", None, None, Severity.ADVICE, f"The whole document: {HOSTILE}", "Split it."),
    ]


def navigation(request: HttpRequest) -> SimpleNamespace:
    """The top bar as a signed-in reviewer of one workspace has it."""
    workspace = SimpleNamespace(slug="churn-prod", synced_at=timezone.now() - timedelta(minutes=2), cloud="azure")
    workspace.subscription_id, workspace.resource_group, workspace.name = "s", "g", "w"
    theme = request.COOKIES.get("theme", "")
    return SimpleNamespace(
        signed_in=True,
        name="reviewer",
        workspace=workspace,
        workspaces=[workspace],
        section="changes",
        shortcuts=True,
        theme=theme if theme in THEMES else "",
        path_slug="",
    )


def drawings(workspace: object) -> dict[str, Drawing]:
    drawn = graph()
    words = ["Completed", "Completed", "Completed", "Running", "Failed", "NotStarted", "Canceled", "Queued"]
    states = dict(zip([node.id for node in drawn.nodes], words, strict=False))
    kinds = {"split": "changed", "compare": "removed", "register": "added"}
    return {
        "drawing": drawing_of(drawn, workspace=workspace, states=states),
        "compared": drawing_of(drawn, states=kinds, group="difference", label="Compared"),
    }


def context(request: HttpRequest) -> dict[str, Any]:
    nav = navigation(request)
    before = {"a": {"x": 1}, "l": [{"name": "p"}, {"name": "q"}]}
    after = {"a": {"x": HOSTILE}, "b": [1], "l": [{"name": "q"}, {"name": "p"}]}
    series = {"accuracy": [0.61, 0.7, 0.74, 0.79], "loss": [0.9, 0.6, 0.45, 0.4]}
    return {
        **drawings(nav.workspace),
        "nav": nav,
        "workspace": nav.workspace,
        "now": timezone.now(),
        "groups": GROUPS,
        "hunks": text_diff(OLD, NEW),
        "changes": diff(before, after),
        "old": OLD,
        "hostile": HOSTILE,
        "problems": problems(),
        "value": {"properties": {"isArchived": False, "tags": {"team": HOSTILE}, "inputs": [1, 2.5, None]}},
        "page": KeysetPage([1, 2], "bmV4dA", "cHJldg"),
        "form": ScheduleForm({"name": "", "frequency": "week", "hours": "77", "document": OLD}),
        "figure": figure_json(
            go.Figure(
                [go.Scatter(x=[1, 2, 3, 4], y=values, name=name) for name, values in series.items()],
                go.Layout(template=TEMPLATE),
            )
        ),
        "digest": "9b1e" + "0" * 56 + "c07a",
    }


def gallery(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string((Path(__file__).parent / "gallery.html").read_text())
    return HttpResponse(template.render(context(request), request))


def piece(request: HttpRequest) -> HttpResponse:
    """What a polled region becomes when the work is over: no trigger, so polling ends."""
    source = '{% load ui %}<div id="live">Plan made {% ago now %} {% copy "9b1e" %}</div>'
    return HttpResponse(engines["django"].from_string(source).render(context(request), request))


def refused(request: HttpRequest) -> HttpResponse:
    """A refusal as a piece of a page."""
    return render(request, "ui/_error.html", {"title": "Changed since you opened it.", "next": "Reload."}, status=409)


def broken(request: HttpRequest) -> HttpResponse:
    """A fault of the server: a whole page, which must not end up in a piece."""
    return render(request, "500.html", status=500)


urlpatterns = [
    path("gallery/broken/", broken),
    path("gallery/", gallery),
    path("gallery/piece/", piece),
    path("gallery/refused/", refused),
    path("", include("mlopsportal.urls")),
]
