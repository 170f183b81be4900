from __future__ import annotations

import pytest
from django.db.models import TextChoices

from mlopsportal.ui.badges import GROUPS, badge_of
from tests.ui.rendering import render


@pytest.mark.parametrize("state", [state for states in GROUPS.values() for state in states])
def test_every_known_state_has_a_word_a_sign_and_a_tone(state: str) -> None:
    known = badge_of(state)
    assert known.word
    assert known.sign
    assert known.tone in {"good", "warn", "bad", "info", "plain"}


def test_every_state_of_every_model_is_known() -> None:
    from mlopsportal.changes.states import PlanState, State, StepAction, StepState, Verdict
    from registry.models import RunStatus

    groups: dict[type[TextChoices], str] = {
        State: "change",
        StepState: "step",
        StepAction: "difference",
        Verdict: "verdict",
        RunStatus: "run",
    }
    unknown = [
        value for states, group in groups.items() for value in states.values if badge_of(value, group).sign == "·"
    ]
    assert unknown == []
    assert all(badge_of(state, "sync").sign != "·" for state in PlanState)


def test_azures_spelling_of_a_state_is_understood() -> None:
    assert "Cancel requested" in render("{% badge 'CancelRequested' %}")


def test_an_unknown_state_is_shown_with_its_own_word() -> None:
    assert "Half baked" in render("{% badge 'half_baked' %}")
    assert 'class="pill plain"' in render("{% badge 'half_baked' %}")


def test_a_badge_says_its_detail() -> None:
    assert "In review · 1 of 2 approvals" in render("{% badge 'in_review' detail='1 of 2 approvals' %}")
