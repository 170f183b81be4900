"""What a reviewer was told beside the steps of a plan stays with the change once it is over."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils.html import escape

from mlopsportal.changes.models import Plan
from mlopsportal.changes.plans import digest_of
from mlopsportal.changes.states import State
from mlopsportal.changes.told import Told, told_of
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.addresses import compare_address
from registry.models import Use
from scheduling.models import Schedule
from tests.changes.building import Team, approved, drained, opened, plan_of, queued
from tests.changes.test_impact import BROKEN, page_of, shown, words_of
from tests.upgrading.building import stocked

pytestmark = pytest.mark.django_db


def told(plan: Plan) -> Told:
    found = told_of(plan)
    assert found is not None
    return found


def test_an_applied_change_says_what_its_reviewer_read_whatever_became_of_the_users(team: Team) -> None:
    stocked(team)
    change = opened(team, [BROKEN])
    before = shown(team, change)
    line = "1 pipeline and 1 schedule stay with train 1: training, weekly; 1 pipeline would break if moved: training"
    fires = "; next fire 2030-01-07 02:00:00 UTC"
    assert f"{line}{fires} (in " in before
    done = drained(queued(team, approved(team, change)))
    assert done.state == State.APPLIED
    Schedule.objects.all().delete()
    Use.objects.all().delete()
    page = page_of(team, reverse("change-detail", args=[done.pk]))
    assert f"{line}{fires}." in words_of(page)
    assert "Scores and users are shown as they were when the plan was made, 20" in words_of(page)
    compared = compare_address(Ref.parse("demo/component:train:1"), Ref.parse("demo/component:train:2"))
    assert f'<a href="{escape(compared)}">What differs from version 1</a>' in page


def test_a_plan_made_before_anything_was_kept_says_so_and_still_leads_to_the_differences(team: Team) -> None:
    stocked(team)
    done = drained(queued(team, approved(team, opened(team, [BROKEN]))))
    Plan.objects.filter(pk=plan_of(done).pk).update(told={})
    page = shown(team, done)
    assert "Scores and users were not yet kept when this plan was made" in page
    assert "stay with train 1" not in page
    assert "Score" not in page.replace("Scores and users", "")
    assert "What differs from version 1" in page


def test_what_is_told_is_no_part_of_what_is_approved(team: Team) -> None:
    stocked(team)
    plan = plan_of(opened(team, [BROKEN]))
    assert [line.words.partition(";")[0] for line in told(plan).lines[0]] == [
        "1 pipeline and 1 schedule stay with train 1: training, weekly",
        "everybody who uses train 1, in older versions and through others too: 2 pipeline versions and 1 schedule",
    ]
    assert {str(ref) for ref in told(plan).follows.values()} == {"component:train:1"}
    plan.told = {}
    assert digest_of(team.workspace, plan.steps.all()) == plan.digest


def test_an_applied_change_is_shown_without_a_question_for_each_step(
    team: Team, django_assert_max_num_queries: Any
) -> None:
    stocked(team)
    counts = []
    for names in (("a",), ("b", "c", "d")):
        documents = [(f"{name}.yml", BROKEN[1].replace("name: train", f"name: {name}")) for name in names]
        done = drained(queued(team, approved(team, opened(team, documents))))
        assert done.state == State.APPLIED
        with django_assert_max_num_queries(60) as asked:
            shown(team, done)
        counts.append(len(asked))
    assert counts[0] == counts[1]
