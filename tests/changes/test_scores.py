"""The plan of a change says what its new versions score, and what the versions before them do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mlopsportal.changes import workflow
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.scores import scores_of_steps
from mlopsportal.changes.states import State
from registry.models import PracticeLevel
from tests.changes.building import Team, applied, component_text, fresh, opened, plan_of

pytestmark = pytest.mark.django_db

BARE = ("prepare.yml", component_text())
BETTER = component_text(version="2") + "description: Cleans the sales.\ntags: {owner: churn, commit: 4f1c2aa}\n"


def shown(team: Team, change: ChangeRequest) -> str:
    client = Client()
    client.force_login(team["reviewer"])
    return client.get(reverse("change-detail", args=[change.pk])).content.decode()


def test_a_first_version_has_its_score(team: Team) -> None:
    change = opened(team, [BARE])
    (scored,) = scores_of_steps(team.workspace, list(plan_of(change).steps.all())).values()
    assert [item.code for item in scored.now.missing] == [
        "described",
        "described-ports",
        "owned",
        "under-version-control",
    ]
    assert (scored.before, scored.lost, scored.is_lower) == (None, [], False)
    assert f"Score {scored.now.percent} of 100." in shown(team, change)


def test_a_next_version_is_measured_against_the_one_before_it(team: Team) -> None:
    assert applied(team, [BARE]).state == State.APPLIED
    change = opened(team, [("prepare.yml", BETTER)])
    assert "Score 71 → 92 of 100." in shown(team, change)
    assert applied(team, [("prepare.yml", BETTER)]).state == State.APPLIED
    worse = opened(team, [("prepare.yml", component_text(version="3") + "description: Cleans.\n")])
    page = shown(team, worse)
    assert "Score 92 → 78 of 100; no longer followed:" in page
    assert '<a href="/help/checks/owned/">' in page


def test_an_applied_change_still_says_what_was_before_it(team: Team) -> None:
    assert applied(team, [BARE]).state == State.APPLIED
    done = applied(team, [("prepare.yml", BETTER)])
    assert applied(team, [("prepare.yml", component_text(version="3"))]).state == State.APPLIED
    assert "Score 71 → 92 of 100." in shown(team, done)


def test_an_applied_change_has_the_score_that_its_reviewer_saw(team: Team) -> None:
    """Levels that are set later count for open changes, and for no change that is over."""
    assert applied(team, [BARE]).state == State.APPLIED
    done, waiting = (
        applied(team, [("prepare.yml", BETTER)]),
        opened(team, [("prepare.yml", component_text(version="3"))]),
    )
    assert "Score 92 → 71 of 100" in shown(team, waiting)
    PracticeLevel.objects.create(workspace=team.workspace, code="described-ports", level="off")
    assert "Score 71 → 92 of 100." in shown(team, done)
    assert "Score 92 → 71 of 100" not in shown(team, waiting)
    withdrawn = workflow.withdraw(fresh(waiting), actor=team.actor("author"), reason="Not now.")
    assert "Score 92 → 71 of 100" in shown(team, fresh(withdrawn))


def test_the_levels_of_the_workspace_count(team: Team) -> None:
    PracticeLevel.objects.create(workspace=team.workspace, code="described-ports", level="off")
    PracticeLevel.objects.create(workspace=team.workspace, code="owned", level="soft")
    change = opened(team, [BARE])
    (scored,) = scores_of_steps(team.workspace, list(plan_of(change).steps.all())).values()
    assert (scored.now.missing[0].code, scored.now.missing[0].points) == ("owned", 2)


def test_the_scores_of_many_steps_take_no_more_queries(team: Team, django_assert_num_queries: Any) -> None:
    assert applied(team, [BARE]).state == State.APPLIED
    documents = [(f"{name}.yml", component_text(name, "2")) for name in ("prepare", "clean", "split")]
    for some in (documents[:1], documents):
        steps = list(plan_of(opened(team, some)).steps.all())
        with django_assert_num_queries(3):
            assert len(scores_of_steps(team.workspace, steps)) == len(some)


def test_what_makes_no_version_has_no_score(team: Team) -> None:
    change = opened(team, [("archive.yml", 'action: archive\ntarget: "component:model_training:1"\n')])
    assert scores_of_steps(team.workspace, list(plan_of(change).steps.all())) == {}
    assert "Score" not in shown(team, change)
