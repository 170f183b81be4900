"""Two runs that came out differently: what is said first, and what is said of a step that is not there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from registry.models import Run, RunStatus, Step, Workspace
from tests.registry.building import make_user

pytestmark = pytest.mark.django_db
WHERE = "Execution failed: no rows were left."


def a_run(workspace: Workspace, name: str, *steps: tuple[str, str], minutes: int, **columns: Any) -> Run:
    """Mirror a run that was given what a run of the demo was, with steps that ended so, each its own error."""
    row = Run.objects.filter(pipeline_name="churn_training", steps_final=True).order_by("-started_at")[0]
    began = timezone.now().replace(microsecond=0) - timedelta(hours=5)
    row.pk, row.job_name, row.metrics = None, name, {}
    row.started_at, row.ended_at = began, began + timedelta(minutes=minutes)
    row.steps_synced_at = timezone.now()
    for column, value in columns.items():
        setattr(row, column, value)
    row.save()
    for index, (path, status) in enumerate(steps):
        Step.objects.create(
            run=row,
            run_id_azure=f"{name}-{path}",
            path=path,
            status=status,
            started_at=began + timedelta(minutes=index),
            error=WHERE if status == "Failed" else "",
        )
    return row


DONE = [(name, "Completed") for name in ("prepare", "features", "split", "train", "calibrate", "explain", "evaluate")]


@pytest.fixture
def pair(mirrored: Workspace) -> tuple[Run, Run]:
    steps = (("prepare", "Completed"), ("features", "Failed"))
    metrics = {"auc": 0.8, "f1": 0.7, "loss": 0.1}
    return (
        a_run(mirrored, "broken", *steps, minutes=8, status=RunStatus.FAILED, metrics={"rows": 3.0, "auc": 0.8}),
        a_run(mirrored, "whole", *DONE, minutes=20, status=RunStatus.COMPLETED, metrics=metrics | {"auc": 0.9}),
    )


def compared(mirrored: Workspace, left: Run, right: Run, view: str = "summary") -> Any:
    client = Client()
    client.force_login(make_user("viewer", mirrored))
    sides = {"left": f"demo/{left.ref}", "right": f"demo/{right.ref}", "view": view}
    return client.get(reverse("compare"), sides)


def test_how_each_run_ended_is_said_before_anything_else(mirrored: Workspace, pair: tuple[Run, Run]) -> None:
    page = compared(mirrored, *pair)
    head = page.context["page"].headline
    assert head.word == "The left failed, the right completed"
    assert head.follows == (
        "The left failed at step features: Execution failed: no rows were left; the right completed. "
        "Same definition; 1 metric differs; the right took 12 min 00 s longer."
    )
    assert [line.words for line in page.context["page"].result.lines] == [
        "The left failed at step features: Execution failed: no rows were left; the right completed.",
        "5 steps did not start on the left: calibrate, evaluate, explain, split, train.",
        "1 metric differs: auc 0.8 → 0.9.",
        "1 metric is of the left alone: rows.",
        "2 metrics are of the right alone: f1, loss.",
        "The right took 12 min 00 s longer: 20 min 00 s instead of 8 min 00 s.",
    ]
    assert "No difference" not in page.content.decode()


def test_a_step_that_never_began_did_not_start(mirrored: Workspace, pair: tuple[Run, Run]) -> None:
    shown = compared(mirrored, *pair, view="runs").content.decode()
    assert shown.count("did not start") == 5
    assert "no such step" not in shown


def test_steps_that_were_not_read_are_not_said_to_be_missing(mirrored: Workspace) -> None:
    unread = a_run(mirrored, "unread", minutes=8, status=RunStatus.FAILED, steps_synced_at=None, error="It broke.")
    whole = a_run(mirrored, "whole", *DONE, minutes=8, status=RunStatus.COMPLETED)
    page = compared(mirrored, unread, whole, view="runs")
    assert page.content.decode().count("not read yet") == len(DONE)
    assert page.context["page"].headline.follows.startswith("The left failed: It broke; the right completed.")


def test_a_step_of_another_definition_is_no_step_of_this_run(mirrored: Workspace) -> None:
    left = a_run(mirrored, "one", *DONE, minutes=8, status=RunStatus.COMPLETED)
    right = a_run(mirrored, "two", *DONE, ("publish", "Completed"), minutes=8, status=RunStatus.COMPLETED)
    shown = compared(mirrored, left, right, view="runs").content.decode()
    assert shown.count("no such step") == 1


def test_two_runs_that_came_out_the_same_have_no_difference(mirrored: Workspace) -> None:
    left, right = (a_run(mirrored, name, *DONE, minutes=8, status=RunStatus.COMPLETED) for name in ("one", "two"))
    page = compared(mirrored, left, right)
    assert page.context["page"].headline.word == "No difference"
    assert "Nothing differs" in page.content.decode()


def test_what_a_run_was_given_is_told_by_name(mirrored: Workspace) -> None:
    """Both runs of the demo executed the same version; they were given another value and another version of data."""
    runs = Run.objects.filter(pipeline_name="churn_training", pipeline__version="6")
    left = runs.filter(job_name__startswith="churn-training-weekly-").order_by("started_at")[0]
    right = runs.exclude(schedule_name="churn-training-weekly").order_by("-started_at")[0]
    lines = [line.words for line in compared(mirrored, left, right).context["page"].result.lines]
    given = [words for words in lines if words.startswith("The run's input")]
    assert any(words.startswith("The run's input learning_rate was added: 0.05") for words in given), lines
    assert not any("run.inputs" in words or "run's inputs." in words for words in lines)
